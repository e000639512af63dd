"""The end of serving: known to all that goes on for long, so that it can end in good order."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager


class Draining:
    """Whether long work is to end. Begun once, never taken back; for one event loop."""

    def __init__(self) -> None:
        self._begun = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()
        self._held = 0

    @property
    def begun(self) -> bool:
        return self._begun.is_set()

    def begin(self) -> None:
        self._begun.set()

    async def wait(self) -> None:
        """Return when it has begun."""
        await self._begun.wait()

    @contextmanager
    def hold(self) -> Generator[None]:
        """Count as long work that has not ended yet."""
        self._held += 1
        self._empty.clear()
        try:
            yield
        finally:
            self._held -= 1
            if not self._held:
                self._empty.set()

    @property
    def held(self) -> int:
        """How much long work has not ended yet."""
        return self._held

    async def emptied(self) -> None:
        """Return when no long work is left."""
        await self._empty.wait()

    async def finish(self, seconds: float) -> bool:
        """Begin, and wait until no long work is left; False if some is left after that time."""
        self.begin()
        try:
            async with asyncio.timeout(seconds):
                await self.emptied()
        except TimeoutError:
            return False
        return True
