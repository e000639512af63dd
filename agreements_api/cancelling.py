"""Ends what is given up on PostgreSQL, by psycopg."""

import asyncio
from contextlib import suppress
from typing import Any

from psycopg import AsyncConnection, Error
from psycopg.pq import TransactionStatus

_AGAIN_SECONDS = 0.02
"""Until a cancellation is sent again; twice as many each time, for a server that is slow to follow it."""


class Cancelling(AsyncConnection[Any]):
    """Repeats a cancellation until the statement has ended.

    When the task that waits for a statement is cancelled, psycopg has PostgreSQL cancel it, once, and waits
    for five seconds. PostgreSQL passes over what comes before the statement: a cancellation may overtake it,
    or come while BEGIN runs, which psycopg sends first. The statement would run on to its end.

    Whoever was cancelled has to close the connection, as SQLAlchemy does: one more may be on its way.
    """

    _repeating: asyncio.Task[None] | None = None

    async def cancel_safe(self, *, timeout: float = 30.0) -> None:  # noqa: ASYNC109 -- psycopg's signature
        """Cancel what runs; psycopg calls it when a wait is cancelled, before it waits on."""
        try:
            await super().cancel_safe(timeout=timeout)
        finally:
            self._repeating = asyncio.create_task(self._repeat())

    async def _repeat(self) -> None:
        seconds = _AGAIN_SECONDS
        await asyncio.sleep(seconds)
        while self.pgconn.transaction_status == TransactionStatus.ACTIVE:
            with suppress(Error):
                await super().cancel_safe()
            seconds *= 2
            await asyncio.sleep(seconds)
