"""Waiting for durable work: told at once when this process does it, found out soon when another does."""

import asyncio
from collections import defaultdict
from collections.abc import Generator
from contextlib import contextmanager
from uuid import UUID


class JobSignals:
    """Wakes the tasks of this process that wait for a job."""

    def __init__(self) -> None:
        self._waiting: defaultdict[UUID, list[asyncio.Event]] = defaultdict(list)

    @contextmanager
    def expect(self, job_id: UUID, event: asyncio.Event | None = None) -> Generator[asyncio.Event]:
        """Announce a wait for the job; do so before the job is committed, or its end may be missed.

        Args:
            job_id: Which.
            event: What is set at its end; None for an event of this wait's own.
        """
        event = event or asyncio.Event()
        self._waiting[job_id].append(event)
        try:
            yield event
        finally:
            self._waiting[job_id].remove(event)
            if not self._waiting[job_id]:
                del self._waiting[job_id]

    def ended(self, job_id: UUID) -> None:
        """Wake whoever waits for the job; call it after the commit that ended it."""
        for event in self._waiting.get(job_id, ()):
            event.set()
