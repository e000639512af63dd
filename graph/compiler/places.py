"""Things of which there are few, such as connections, in the hands of one at a time."""

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import Generic, TypeVar

T = TypeVar("T")


class Places(Generic[T]):
    """Hands them out, the last one used first; whoever has to wait gets one in turn."""

    def __init__(self, things: Iterable[T]) -> None:
        self._free = list(things)
        self._waiting: deque[asyncio.Future[T]] = deque()

    async def take(self, seconds: float) -> T:
        """Take one, to be given back.

        Raises:
            TimeoutError: There was none for that long.
        """
        if self._free:
            return self._free.pop()
        turn: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout(seconds):
                return await turn
        except BaseException:
            if turn.done() and not turn.cancelled():
                self.give(turn.result())  # it came too late
            raise

    def give(self, thing: T) -> None:
        """Give one back, or another one in its place."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():  # given up meanwhile
                turn.set_result(thing)
                return
        self._free.append(thing)

    def take_all(self) -> list[T]:
        """Take those that are free."""
        free, self._free = self._free, []
        return free
