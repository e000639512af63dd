"""Waits that need no timer and no task while nothing waits, and end as they must when something does."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable

import pytest
from starlette.types import Message

from graph.wire.waiting import ClientGone, in_time, unless_gone

GONE: Message = {"type": "http.disconnect"}
NOTHING: Message = {"type": "http.request", "body": b"", "more_body": False}


class Client:
    """Stays until it is told to leave."""

    def __init__(self, *first: Message) -> None:
        self.first = list(first)
        self.leaves = asyncio.Event()

    async def receive(self) -> Message:
        if self.first:
            return self.first.pop(0)
        await self.leaves.wait()
        return GONE


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


@pytest.mark.parametrize("work", [at_once, in_steps])
async def test_work_is_done_while_the_client_stays(work: Callable[[], Awaitable[str]]) -> None:
    client = Client(NOTHING)

    assert await unless_gone(client.receive, work()) == "done"  # type: ignore[arg-type]  # coroutines both
    client.leaves.set()
    await asyncio.sleep(0.01)  # nobody is cancelled any more


async def test_work_does_not_begin_for_a_client_that_has_left() -> None:
    begun: list[int] = []

    async def work() -> None:
        begun.append(1)

    with pytest.raises(ClientGone):
        await unless_gone(Client(GONE).receive, work())

    assert begun == []


async def test_work_ends_with_its_client() -> None:
    client, ended = Client(), asyncio.Event()

    async def work() -> None:
        asyncio.get_running_loop().call_soon(client.leaves.set)
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    with pytest.raises(ClientGone):
        await unless_gone(client.receive, work())
    task = asyncio.current_task()

    assert ended.is_set()
    assert task is not None
    assert task.cancelling() == 0


async def test_who_cancels_is_told_so_though_the_client_leaves_too() -> None:
    client = Client()

    async def work() -> None:
        await asyncio.Event().wait()

    task = asyncio.create_task(unless_gone(client.receive, work()))
    await asyncio.sleep(0)
    client.leaves.set()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_deadline_inside_is_no_leaving() -> None:
    async def work() -> None:
        async with asyncio.timeout(0.01):
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        await unless_gone(Client().receive, work())


async def test_a_connection_that_breaks_is_a_client_that_leaves() -> None:
    breaks = asyncio.Event()

    async def receive() -> Message:
        await breaks.wait()
        raise OSError("broken")

    async def work() -> None:
        breaks.set()
        await asyncio.Event().wait()

    with pytest.raises(ClientGone):
        await unless_gone(receive, work())


async def test_work_that_ends_all_the_same_gives_its_result() -> None:
    client = Client()

    async def stubborn() -> str:
        client.leaves.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return "done"
        return "not cancelled"

    assert await unless_gone(client.receive, stubborn()) == "done"
    await asyncio.sleep(0)  # and goes on undisturbed


async def messages() -> AsyncGenerator[Message, None]:
    for _ in range(3):
        await asyncio.sleep(0)  # waits for nothing but its turn
        yield NOTHING
    yield GONE


async def test_a_server_that_gives_way_without_a_future_is_followed() -> None:
    coming = messages()

    with pytest.raises(ClientGone):
        await unless_gone(coming.__anext__, asyncio.Event().wait())
    await coming.aclose()
