"""A clock that the simulator and a client share, so that minutes of waiting pass in an instant."""

import asyncio
from datetime import UTC, datetime, timedelta

from support.simulator import Simulator


class VirtualClock:
    """Real time, and whatever was slept; `slept` is the sum of the sleeping that moved it."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._ahead = timedelta()
        self._moving = asyncio.Lock()

    @property
    def slept(self) -> timedelta:
        return self._ahead

    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    async def sleep(self, seconds: float) -> None:
        """Move both clocks on to the end of the sleep, unless another sleeper has moved them there."""
        until = self._ahead + timedelta(seconds=seconds)
        async with self._moving:
            step = until - self._ahead
            if step > timedelta():
                # Ours first: what is answered meanwhile then counts as answered late, not early.
                self._ahead += step
                await self._simulator.advance(step.total_seconds())
