"""What every simulator stands on: a clock that can be moved, a journal, and the faults it was asked for."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import formatdate

from simulator.faults import FaultRule
from simulator.journal import Journal


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(kw_only=True)
class Stage:
    wall_clock: Callable[[], datetime] = utc_now
    clock_offset: timedelta = timedelta()
    journal: Journal = field(default_factory=Journal)
    faults: list[FaultRule] = field(default_factory=list[FaultRule])
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    _dated: tuple[int, bytes] = (-1, b"")

    def now(self) -> datetime:
        """Instant in UTC on the simulator's own clock, which can be moved forward."""
        return self.wall_clock() + self.clock_offset

    def http_date(self) -> bytes:
        """Give the present second as the Date header spells it."""
        second = int(self.now().timestamp())
        if second != self._dated[0]:
            self._dated = second, formatdate(second, usegmt=True).encode()
        return self._dated[1]

    def reset(self) -> None:
        """Return to the state of the first start."""
        self.clock_offset = timedelta()
        self.journal.clear()
        self.faults.clear()
