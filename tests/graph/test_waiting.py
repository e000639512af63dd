"""Waits that need no timer and no task while nothing waits, and end as they must when something does."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine

import pytest
from starlette.types import Message, Scope

from graph.deadlines import ClientGone
from graph.wire.waiting import LEAVING, in_time, unless_gone

GONE: Message = {"type": "http.disconnect"}
NOTHING: Message = {"type": "http.request", "body": b"", "more_body": False}


class Client:
    """Stays until it is told to leave."""

    def __init__(self, *first: Message) -> None:
        self.first = list(first)
        self.leaves = asyncio.Event()
        self.called: Callable[[], object] | None = None

    async def receive(self) -> Message:
        if self.first:
            return self.first.pop(0)
        await self.leaves.wait()
        return GONE

    def tell(self, called: Callable[[], object] | None) -> bool:
        self.called = called
        return self.leaves.is_set()

    def leave(self) -> None:
        self.leaves.set()
        if self.called is not None:
            self.called()


async def at_once() -> str:
    return "done"


async def in_steps() -> str:
    await asyncio.sleep(0)
    await asyncio.sleep(0.01)
    return "done"


@pytest.mark.parametrize("work", [at_once, in_steps])
async def test_work_gives_its_result_in_time(work: Callable[[], Awaitable[str]]) -> None:
    assert await in_time(work(), 5) == "done"


async def test_work_that_takes_too_long_is_cancelled() -> None:
    ended: list[str] = []

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cancelled")

    with pytest.raises(TimeoutError):
        await in_time(endless(), 0.01)

    assert ended == ["cancelled"]


@pytest.mark.parametrize("waits", [False, True])
async def test_what_fails_in_time_fails_as_it_is(waits: bool) -> None:  # noqa: FBT001  # a parameter of the test
    async def failing() -> None:
        if waits:
            await asyncio.sleep(0)
        raise LookupError("none")

    with pytest.raises(LookupError, match="none"):
        await in_time(failing(), 5)


async def test_a_wait_is_cancelled_from_outside() -> None:
    task = asyncio.create_task(in_time_of(asyncio.Event().wait()))
    await asyncio.sleep(0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


async def in_time_of(work: Awaitable[object]) -> object:
    return await in_time(work, 5)


@pytest.fixture(params=["told by the server", "asked for"])
def scope(request: pytest.FixtureRequest, client: Client) -> Scope:
    return {"extensions": {LEAVING: client.tell}} if request.param == "told by the server" else {}


@pytest.fixture
def client() -> Client:
    return Client(NOTHING)


@pytest.mark.parametrize("work", [at_once, in_steps])
async def test_work_is_done_while_the_client_stays(
    client: Client, scope: Scope, work: Callable[[], Coroutine[None, None, str]]
) -> None:
    assert await unless_gone(scope, client.receive, work()) == "done"
    client.leave()
    await asyncio.sleep(0.01)  # nobody is cancelled any more


async def test_work_does_not_begin_for_a_client_that_is_known_to_have_left(client: Client) -> None:
    begun: list[int] = []

    async def work() -> None:
        begun.append(1)

    client.leave()
    with pytest.raises(ClientGone):
        await unless_gone({"extensions": {LEAVING: client.tell}}, client.receive, work())

    assert begun == []


async def test_work_ends_with_its_client(client: Client, scope: Scope) -> None:
    ended = asyncio.Event()

    async def work() -> None:
        asyncio.get_running_loop().call_soon(client.leave)
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    with pytest.raises(ClientGone):
        await unless_gone(scope, client.receive, work())
    task = asyncio.current_task()

    assert ended.is_set()
    assert task is not None
    assert task.cancelling() == 0


async def test_who_cancels_is_told_so_though_the_client_leaves_too(client: Client, scope: Scope) -> None:
    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            client.leave()
            await asyncio.sleep(0)

    task = asyncio.create_task(unless_gone(scope, client.receive, work()))
    await asyncio.sleep(0.01)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelling() == 1


async def test_a_deadline_inside_is_no_leaving(client: Client, scope: Scope) -> None:
    async def work() -> None:
        async with asyncio.timeout(0.01):
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        await unless_gone(scope, client.receive, work())


async def test_a_connection_that_breaks_is_a_client_that_leaves() -> None:
    breaks = asyncio.Event()

    async def receive() -> Message:
        await breaks.wait()
        raise OSError("broken")

    async def work() -> None:
        breaks.set()
        await asyncio.Event().wait()

    with pytest.raises(ClientGone):
        await unless_gone({}, receive, work())


async def test_work_that_ends_all_the_same_gives_its_result(client: Client, scope: Scope) -> None:
    async def stubborn() -> str:
        asyncio.get_running_loop().call_soon(client.leave)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return "done"
        return "not cancelled"

    assert await unless_gone(scope, client.receive, stubborn()) == "done"
    await asyncio.sleep(0)  # and goes on undisturbed
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_work_that_ends_as_the_client_leaves_gives_its_result() -> None:
    client, ends = Client(), asyncio.Event()

    async def work() -> str:
        await ends.wait()
        return "done"

    asked = asyncio.create_task(unless_gone({}, client.receive, work()))
    await asyncio.sleep(0.01)
    client.leaves.set()
    ends.set()

    assert await asked == "done"
