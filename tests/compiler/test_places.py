"""Places to read at: nobody gets one twice, nobody is passed over, and none is lost."""

import asyncio

import pytest

from graph.compiler.places import Places, StandsStill


async def test_the_last_one_that_was_used_is_used_next() -> None:
    places = Places([1, 2, 3])
    assert [await places.take() for _ in range(3)] == [3, 2, 1]
    places.give(3)
    places.give(1)

    assert await places.take() == 1


async def test_who_waits_gets_one_in_turn() -> None:
    places, got = Places(["a"]), list[int]()
    await places.take()

    async def wait(number: int) -> None:
        place = await places.take()
        got.append(number)
        places.give(place)

    async with asyncio.TaskGroup() as group:
        for number in range(3):
            group.create_task(wait(number))
        await asyncio.sleep(0)
        places.give("a")

    assert got == [0, 1, 2]
    assert places.take_all() == ["a"]


async def test_who_waits_in_a_line_that_stands_still_is_turned_away_and_passed_over() -> None:
    places = Places(["a"])
    await places.take()
    for _ in range(2):
        with pytest.raises(StandsStill):
            await places.take()
    places.give("a")

    assert await places.take() == "a"


@pytest.mark.parametrize("given_first", [False, True])
async def test_who_is_cancelled_takes_none_along(given_first: bool) -> None:  # noqa: FBT001  # a parameter of the test
    places = Places(["a"])
    await places.take()
    waiting = asyncio.create_task(places.take())
    await asyncio.sleep(0)
    if given_first:
        places.give("a")
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    if not given_first:
        places.give("a")

    assert places.take_all() == ["a"]
