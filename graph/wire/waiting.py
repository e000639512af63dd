"""Waits that cost next to nothing where there is nothing to wait for: no timer, and never a task."""

import asyncio
import types
from collections.abc import Awaitable, Coroutine, Generator
from functools import partial
from typing import Any, TypeVar

from starlette.types import Receive

T = TypeVar("T")


class ClientGone(Exception):
    """Nobody waits for the answer any more."""


@types.coroutine
def in_time(work: Awaitable[T], seconds: float) -> Generator[Any, Any, T]:
    """Await the work; the time begins when it has to wait for the first time.

    Raises:
        TimeoutError: It took longer; it was cancelled.
    """
    steps = work.__await__()
    try:
        waits_for = next(steps)
    except StopIteration as ended:
        return ended.value
    return (yield from _timed(steps, waits_for, seconds).__await__())


async def _timed(steps: Generator[Any, Any, T], waits_for: object, seconds: float) -> T:
    async with asyncio.timeout(seconds):
        return await _resumed(steps, waits_for)


@types.coroutine
def _resumed(steps: Generator[Any, Any, T], waits_for: object) -> Generator[Any, Any, T]:
    """Go on with what has begun already, and waits for this."""
    while True:
        try:
            given = yield waits_for
        except BaseException as error:  # noqa: BLE001  # the work's to see, a cancellation, too
            go_on = partial(steps.throw, error)
        else:
            go_on = partial(steps.send, given)
        try:
            waits_for = go_on()
        except StopIteration as ended:
            return ended.value


async def client_leaves(receive: Receive) -> None:
    """Return when the client has left; the body must have been read."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def unless_gone(receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """Do the work, unless the client leaves: then it is cancelled at once. The body must have been read.

    Raises:
        ClientGone: The client left.
    """
    watch = _Watch(receive)
    watch.begin()
    if watch.left:
        work.close()
        raise ClientGone
    try:
        return await work
    except asyncio.CancelledError:
        if watch.alone():
            raise ClientGone from None
        raise
    finally:
        watch.end()


class _Watch:
    """Cancels the task that makes it when the client leaves, until it is ended.

    It goes on with `receive` by itself, as an event loop does with a task: to begin and end a second task
    takes as long as a short query.
    """

    __slots__ = ("_before", "_ended", "_leaving", "_task", "left")

    def __init__(self, receive: Receive) -> None:
        self.left = self._ended = False
        self._leaving = client_leaves(receive)
        self._task: asyncio.Task[Any] | None = None

    def begin(self) -> None:
        """Begin; the client may have `left` already."""
        self._go_on()
        self._task = task = asyncio.current_task()
        self._before = task.cancelling() if task else 0

    def alone(self) -> bool:
        """Whether the client has left, and nobody else has cancelled the task."""
        return self.left and self._task is not None and self._task.cancelling() == self._before + 1

    def end(self) -> None:
        self._ended = True
        self._leaving.close()
        if self.left and self._task is not None:
            self._task.uncancel()

    def _go_on(self, _waited: object = None) -> None:
        if self._ended:
            return
        try:
            waits_for: Any = self._leaving.send(None)
        except Exception:  # noqa: BLE001  # StopIteration, or a connection that is broken
            self.left = True
            if self._task is not None:
                self._task.cancel()
            return
        if waits_for is None:
            asyncio.get_running_loop().call_soon(self._go_on)
        else:
            waits_for._asyncio_future_blocking = False  # noqa: SLF001  # what a task says to the future it is given
            waits_for.add_done_callback(self._go_on)
