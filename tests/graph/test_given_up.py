"""Work with a deadline: one timer serves all of it, and each is given up when it is due."""

import asyncio
import time
from collections.abc import Callable

import pytest
from support.patience import AT_ONCE_SECONDS

from graph.deadlines import ClientGone, Deadlines

SECONDS = 0.1


async def endless(deadlines: Deadlines) -> float:
    """How long it took until it was given up."""
    began = time.monotonic()
    with pytest.raises(TimeoutError), deadlines.one():
        await asyncio.Event().wait()
    return time.monotonic() - began


async def test_each_has_its_own_time_however_many_there_are() -> None:
    deadlines, tasks = Deadlines(SECONDS), list[asyncio.Task[float]]()
    for _ in range(10):
        tasks.append(asyncio.create_task(endless(deadlines)))
        await asyncio.sleep(SECONDS / 5)

    for took in await asyncio.gather(*tasks):
        assert SECONDS * 0.9 <= took < AT_ONCE_SECONDS


async def test_what_ends_in_time_is_left_alone() -> None:
    deadlines = Deadlines(SECONDS)
    with deadlines.one():
        await asyncio.sleep(0)
    await asyncio.sleep(SECONDS * 1.5)

    assert await endless(deadlines) >= SECONDS * 0.9


async def test_a_cancellation_by_somebody_else_stays_one() -> None:
    task = asyncio.create_task(endless(Deadlines(60)))
    await asyncio.sleep(0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


async def test_whoever_is_given_up_may_be_cancelled_as_well() -> None:
    deadlines = Deadlines(SECONDS)

    async def stubborn() -> None:
        with deadlines.one():
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.Event().wait()

    task = asyncio.create_task(stubborn())
    await asyncio.sleep(SECONDS * 1.5)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


def test_the_next_event_loop_begins_anew() -> None:
    deadlines = Deadlines(SECONDS)

    async def left_behind() -> None:
        deadlines.one().__enter__()  # and never left

    asyncio.run(left_behind())
    assert asyncio.run(endless(deadlines)) < AT_ONCE_SECONDS


class Client:
    """Tells when it leaves."""

    def __init__(self, *, has_left: bool = False) -> None:
        self.has_left = has_left
        self.leave: Callable[[], object] | None = None

    def leaving(self, leave: Callable[[], object] | None) -> bool:
        self.leave = leave
        return self.has_left


async def waited_for(client: Client, deadlines: Deadlines, *, stubborn: bool) -> None:
    """Work whose client leaves in a moment."""
    with deadlines.one(client.leaving):
        asyncio.get_running_loop().call_soon(client.leave or pytest.fail)
        try:
            await asyncio.Event().wait()
        finally:
            if stubborn:
                await asyncio.Event().wait()


async def test_work_ends_with_the_client_that_waits_for_it() -> None:
    client = Client()
    with pytest.raises(ClientGone):
        await waited_for(client, Deadlines(60), stubborn=False)
    task = asyncio.current_task()

    assert client.leave is None
    assert task is not None
    assert task.cancelling() == 0


async def test_nothing_begins_for_a_client_that_has_left() -> None:
    client = Client(has_left=True)
    deadlines = Deadlines(SECONDS)
    begun: list[int] = []
    with pytest.raises(ClientGone), deadlines.one(client.leaving):
        begun.append(1)
    task = asyncio.current_task()

    assert begun == []
    assert client.leave is None  # it is told of nothing twice
    assert task is not None
    assert task.cancelling() == 0
    assert await endless(deadlines) < AT_ONCE_SECONDS  # what begins later has its deadline


async def test_work_that_outlives_its_client_has_a_deadline_all_the_same() -> None:
    began = time.monotonic()
    with pytest.raises(ClientGone):
        await waited_for(Client(), Deadlines(SECONDS), stubborn=True)
    task = asyncio.current_task()

    assert SECONDS * 0.9 <= time.monotonic() - began < AT_ONCE_SECONDS
    assert task is not None
    assert task.cancelling() == 0
