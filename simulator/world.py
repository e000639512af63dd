"""Everything one running simulator has: its memory, its clock and how it is set to behave."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from simulator.faults import FaultRule
from simulator.journal import Journal
from simulator.settings import Behaviour
from simulator.store import Store


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass
class World:
    store: Store
    initial_behaviour: Behaviour
    wall_clock: Callable[[], datetime] = utc_now
    behaviour: Behaviour = field(init=False)
    clock_offset: timedelta = timedelta()
    journal: Journal = field(default_factory=Journal)
    faults: list[FaultRule] = field(default_factory=list[FaultRule])
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    calls_by_minute: dict[tuple[str, int], int] = field(default_factory=dict[tuple[str, int], int])

    def __post_init__(self) -> None:
        self.behaviour = self.initial_behaviour

    def now(self) -> datetime:
        """Instant in UTC on the simulator's own clock, which can be moved forward."""
        return self.wall_clock() + self.clock_offset

    def reset(self) -> None:
        """Return to the state of the first start."""
        self.store.clear()
        self.behaviour = self.initial_behaviour
        self.clock_offset = timedelta()
        self.journal.clear()
        self.faults.clear()
        self.calls_by_minute.clear()
