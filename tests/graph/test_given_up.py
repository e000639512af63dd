"""Work with a deadline: one timer serves all of it, and each is given up when it is due."""

import asyncio
import time

import pytest
from support.patience import AT_ONCE_SECONDS

from graph.deadlines import Deadlines

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
