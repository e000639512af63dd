"""Work that is given up: because it takes too long, or because nobody waits for it any more."""

import asyncio
from typing import ClassVar, Self


class GivenUp:
    """A context whose task is cancelled when it is told to give up; that raises `error`, not a cancellation.

    Cancellations by others pass through, and so does whatever the work itself raises.
    """

    __slots__ = ("_before", "_task", "_told")
    error: ClassVar[type[Exception]]

    def __enter__(self) -> Self:
        self._told = False
        self._task = task = asyncio.current_task()
        self._before = task.cancelling() if task else 0
        return self

    def give_up(self) -> None:
        """Cancel the work; harmless when repeated, or when it has ended."""
        if self._task is not None and not self._told:
            self._told = True
            self._task.cancel()

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, _where: object
    ) -> None:
        task, self._task = self._task, None
        if not self._told:
            return
        if task is not None:
            by_nobody_else = task.uncancel() <= self._before
            if by_nobody_else and kind is asyncio.CancelledError:
                raise self.error from raised


class Deadlines:
    """Gives up work that takes longer than so many seconds.

    One timer for all of it: what has begun first is due first. asyncio makes one for each, and takes nearly
    all of them back unused.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._loop: asyncio.AbstractEventLoop | None = None
        self._under_way: dict[_Deadline, float] = {}
        """When each is due, the first in front; all of one event loop."""

    def one(self) -> "_Deadline":
        """A context for work that begins now; it raises TimeoutError."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._under_way = loop, {}
            loop.call_later(self._seconds, self._look)
        work = _Deadline()
        work.under_way = under_way = self._under_way
        under_way[work] = loop.time() + self._seconds
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
            work.give_up()


class _Deadline(GivenUp):
    __slots__ = ("under_way",)
    error = TimeoutError
    under_way: "dict[_Deadline, float]"

    def __exit__(self, kind: type[BaseException] | None, raised: BaseException | None, where: object) -> None:
        self.under_way.pop(self, None)
        GivenUp.__exit__(self, kind, raised, where)  # by super() it would take as long as all the rest
