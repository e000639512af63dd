"""Time as provider clients see it, so that hours of waiting can pass in an instant of a test."""

import asyncio
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time and lets it pass."""

    def now(self) -> datetime:
        """Give the instant, in UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait until so much of this clock's time has passed."""
        ...


class SystemClock:
    """The time of this machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
