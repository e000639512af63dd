"""Work that is given up: because it takes too long, or because nobody waits for it any more."""

import asyncio
from collections.abc import Callable
from typing import Self, TypeAlias

Leaving: TypeAlias = Callable[[Callable[[], object] | None], bool]
"""Tells when a client leaves: it takes what is to be called then, None to take that back, and returns whether
the client has left already."""


class ClientGone(Exception):
    """Nobody waits for the answer any more."""


class GivenUp:
    """A context whose task is cancelled when its work is given up; that raises why, not a cancellation.

    Cancellations by others pass through, and so does whatever the work itself raises.

    Args:
        leaving: Of the client that waits for it: if it leaves, or has left, ClientGone is raised.
        among: Others with deadlines, which it belongs to until its end.
    """

    __slots__ = ("_among", "_before", "_leaving", "_task", "_why")

    def __init__(self, leaving: Leaving | None = None, among: "dict[GivenUp, float] | None" = None) -> None:
        self._leaving, self._among = leaving, among

    def __enter__(self) -> Self:
        self._why: tuple[type[Exception], ...] = ()
        self._task = task = asyncio.current_task()
        self._before = task.cancelling() if task else 0
        if self._leaving is not None and self._leaving(self.give_up):
            self.__exit__(None, None, None)
            raise ClientGone
        return self

    def give_up(self, why: type[Exception] = ClientGone) -> None:
        """Cancel the work; harmless when repeated, or when it has ended."""
        if self._task is not None and why not in self._why:
            self._why += (why,)
            self._task.cancel()

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, _where: object
    ) -> None:
        if self._among is not None:
            self._among.pop(self, None)
        if self._leaving is not None:
            self._leaving(None)
        task, self._task = self._task, None
        if self._why and task is not None:
            left = [task.uncancel() for _ in self._why][-1]
            by_nobody_else = left <= self._before
            if by_nobody_else and kind is asyncio.CancelledError:
                raise self._why[0] from raised


class Deadlines:
    """Gives up work that takes longer than so many seconds.

    One timer for all of it: what has begun first is due first. asyncio makes one for each, and takes nearly
    all of them back unused.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._loop: asyncio.AbstractEventLoop | None = None
        self._under_way: dict[GivenUp, float] = {}
        """When each is due, the first in front; all of one event loop."""

    def one(self, leaving: Leaving | None = None) -> GivenUp:
        """A context for work that begins now; it raises TimeoutError, and ClientGone as `GivenUp` does."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._under_way = loop, {}
            loop.call_later(self._seconds, self._look)
        work = GivenUp(leaving, self._under_way)
        self._under_way[work] = loop.time() + self._seconds
        return work

    def _look(self) -> None:
        """Give up what is due, and look again when the next may be."""
        loop, self._loop = self._loop, None
        while loop is not None and self._under_way:
            work, due = next(iter(self._under_way.items()))
            if due > loop.time():
                self._loop = loop
                loop.call_at(due, self._look)
                return
            del self._under_way[work]
            work.give_up(TimeoutError)
