"""How much is done, and held, at once: what comes on top is turned away before it costs anything."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager

from graph.errors import Code
from graph.refusals import Refused

_RETRY_SECONDS = "1"


class Overloaded(Refused):
    """There is no place for more at the moment; 503."""

    def __init__(self, message: str) -> None:
        super().__init__(
            503, Code.OVERLOADED, f"{message}: try again in a moment.", retry_after=_RETRY_SECONDS
        )


class Admission:
    """Places for what runs at the same time in this process: a context in which one of them is held.

    Entering it raises Overloaded when all of them are taken.

    Args:
        most: Places.
        what: Names those who hold them, for the refusal.
    """

    def __init__(self, most: int = 256, what: str = "operations run") -> None:
        self._free = most
        self._what = what
        self._freed = asyncio.Event()

    # Written out: one made of a generator costs some microseconds, and each operation enters one.

    def __enter__(self) -> None:
        if not self._free:
            raise Overloaded(f"Too many {self._what} at once")
        self._free -= 1

    def __exit__(self, *_raised: object) -> None:
        self._free += 1
        self._freed.set()

    @asynccontextmanager
    async def turn(self) -> AsyncGenerator[None]:
        """Wait for a place, and hold it: for what has begun already, such as the next event of a stream."""
        while not self._free:
            self._freed.clear()
            await self._freed.wait()
        with self:
            yield


class Budget:
    """Bytes that wait for clients to take them, for all clients of this process together.

    Args:
        most_bytes: That wait.
    """

    def __init__(self, most_bytes: int = 256 * 1024 * 1024) -> None:
        self._left = most_bytes

    def take(self, size: int) -> None:
        """Count bytes that wait, whether there is room or not."""
        self._left -= size

    def give(self, size: int) -> None:
        """Count them as sent, or given up."""
        self._left += size

    def fits(self, size: int) -> bool:
        return size <= self._left

    def require(self, size: int = 1) -> None:
        """Raises Overloaded if there is no room for so many bytes."""
        if size > self._left:
            raise Overloaded("Too much waits to be sent")

    @contextmanager
    def hold(self, size: int, *, owed: bool = False) -> Generator[None]:
        """Hold bytes until they are sent.

        Args:
            size: How many.
            owed: Whether they are sent in any case: what a mutation has done is told.

        Raises:
            Overloaded: Too many wait already.
        """
        if not owed:
            self.require(size)
        self.take(size)
        try:
            yield
        finally:
            self.give(size)
