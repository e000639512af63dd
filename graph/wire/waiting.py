"""Waits that cost next to nothing where there is nothing to wait for: no timer, and never a task."""

import asyncio
import types
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, TypeAlias, TypeVar

from starlette.types import Receive, Scope

T = TypeVar("T")


TellOfLeaving: TypeAlias = Callable[[Callable[[], object] | None], bool]
LEAVING = "graph.leaving"
"""A server's extension of ASGI, a function: it takes what is to be called when the client leaves, None to
take that back, and returns whether the client has left already.

A task that asks for the client's messages would take as long as a short query.
"""


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


async def unless_gone(scope: Scope, receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """Do the work, unless the client leaves: then it is cancelled at once. The body must have been read.

    Raises:
        ClientGone: The client left.
    """
    watch = _Watch()
    tell: TellOfLeaving | None = scope.get("extensions", {}).get(LEAVING)
    if tell is None:
        async with _following(receive, watch):
            return await _watched(work, watch)
    if tell(watch.leave):
        work.close()
        raise ClientGone
    try:
        return await _watched(work, watch)
    finally:
        tell(None)


class _Watch:
    """Cancels the task that makes it when it hears that the client has left, until it is ended."""

    __slots__ = ("_before", "_ended", "_task", "left")

    def __init__(self) -> None:
        self.left = self._ended = False
        self._task = task = asyncio.current_task()
        self._before = task.cancelling() if task else 0

    def leave(self) -> None:
        if self._task is not None and not self.left and not self._ended:
            self.left = True
            self._task.cancel()

    def end(self) -> bool:
        """Take its cancellation back; whether there was no other."""
        self._ended = True
        left = self.left and self._task is not None and self._task.uncancel() == self._before
        self.left = False
        return left


async def _watched(work: Coroutine[Any, Any, T], watch: _Watch) -> T:
    try:
        return await work
    except asyncio.CancelledError:
        if watch.end():
            raise ClientGone from None
        raise
    finally:
        watch.end()


@asynccontextmanager
async def _following(receive: Receive, watch: _Watch) -> AsyncGenerator[None]:
    """Ask for the client's messages meanwhile, where the server does not tell by itself."""

    def ended(task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            task.exception()  # a connection that is broken is as good as closed
            watch.leave()

    following = asyncio.create_task(client_leaves(receive))
    following.add_done_callback(ended)
    try:
        yield
    finally:
        following.cancel()
        await asyncio.wait([following])
