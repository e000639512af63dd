"""Waits that cost next to nothing where there is nothing to wait for: no timer, and never a task."""

import asyncio
import types
from collections.abc import AsyncGenerator, Awaitable, Coroutine, Generator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, TypeVar

from starlette.types import Receive, Scope

from graph.deadlines import GivenUp, Leaving

T = TypeVar("T")

LEAVING = "graph.leaving"
"""A server's extension of ASGI: it tells itself when the client leaves, by a function as `Leaving` says.

A task that asks for the client's messages would take as long as a short query.
"""


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
    leaving = leaving_of(scope)
    if leaving is None:
        async with _following(receive):
            return await work
    try:
        with GivenUp(leaving):
            return await work
    finally:
        work.close()  # it may not have begun


def leaving_of(scope: Scope) -> Leaving | None:
    """What tells when the client leaves, if the server does so itself."""
    return scope.get("extensions", {}).get(LEAVING)


@asynccontextmanager
async def _following(receive: Receive) -> AsyncGenerator[None]:
    """Ask for the client's messages meanwhile, where the server does not tell by itself."""
    watch = GivenUp()

    def ended(task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            task.exception()  # a connection that is broken is as good as closed
            watch.give_up()

    following = asyncio.create_task(client_leaves(receive))
    following.add_done_callback(ended)
    try:
        with watch:  # it ends with the work: what is done is not given up
            yield
    finally:
        following.cancel()
        await asyncio.wait([following])
