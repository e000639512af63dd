"""Things of which there are few, such as connections: each in the hands of one at a time."""

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import Generic, TypeVar

T = TypeVar("T")

_LOOK_SECONDS = 0.1
_LOOKS = 5
"""Without a thing given back between them, after which the line stands still.

Counted, and not told from a clock: a process that was kept from running for a while finds everything late.
"""


class StandsStill(Exception):
    """All of them are held by what takes long."""


class Places(Generic[T]):
    """Hands them out, the last one used first; whoever has to wait gets one in turn.

    Who waits is not turned away for having waited long. The way that is left then takes many times the work:
    those who came in a rush would keep all others waiting, and send them the same way, without end.
    """

    def __init__(self, things: Iterable[T]) -> None:
        self._free = list(things)
        self._waiting: deque[asyncio.Future[T]] = deque()
        self._looks = 0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def are_waited_for(self) -> bool:
        """Whether somebody gets what is given back now."""
        return any(not turn.done() for turn in self._waiting)

    async def take(self) -> T:
        """Take one, to be given back.

        Raises:
            StandsStill: None is given back, and none has been for some time.
        """
        if self._free:
            return self._free.pop()
        if self._looks >= _LOOKS:
            raise StandsStill
        self._look_later()
        turn: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self.give(turn.result())  # it came in the same moment
            raise

    def give(self, thing: T) -> None:
        """Give one back, or another one in its place."""
        self._line_moves()
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

    def _line_moves(self) -> None:
        self._looks = 0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            if self._waiting:
                self._look_later()

    def _look_later(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_LOOK_SECONDS, self._look)

    def _look(self) -> None:
        self._timer = None
        self._looks += 1
        if self._looks < _LOOKS:
            if self._waiting:
                self._look_later()
            return
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_exception(StandsStill())
