"""Turns of the event loop: a large operation lets others run while it completes its lists."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Iterable
from time import perf_counter
from typing import TypeVar

T = TypeVar("T")

_SLICE_SECONDS = 0.01
_AT_ONCE = 16
"""How many of those that wait go on in one pass of the loop: most have little left to do."""


class Pace:
    """Of one operation: it works for a while, then waits for its next turn."""

    def __init__(self) -> None:
        self._began = 0.0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def busy(self) -> bool:
        """Whether something waits for its turn."""
        return bool(self._waiting)

    @property
    def used_up(self) -> bool:
        return bool(self._waiting) or perf_counter() - self._began > _SLICE_SECONDS

    async def turn(self) -> None:
        """Wait for it, behind all that waits already."""
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._next)
        turn = loop.create_future()
        self._waiting.append(turn)
        await turn

    async def items(self, items: Iterable[T]) -> AsyncGenerator[T, None]:
        """The items, with pauses."""
        for item in items:
            if self.used_up:
                await self.turn()
            yield item

    def _next(self) -> None:
        self._began = perf_counter()
        for _ in range(min(_AT_ONCE, len(self._waiting))):
            turn = self._waiting.popleft()
            if not turn.done():  # given up meanwhile
                turn.set_result(None)
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._next)
