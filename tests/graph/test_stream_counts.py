"""How many items @stream sends first is the client's to say, and its mistake if there cannot be so many."""

import json

import pytest
from support.library.engines import Library
from support.library.seed import fill
from support.library.streams import Streams

from graph import Response

BELOW_ZERO = "{ authors(first: 2) { edges @stream(initialCount: -1) { cursor } } }"


@pytest.fixture
async def streams(library: Library) -> Streams:
    await fill(library, 4)
    return Streams(library)


async def test_a_count_below_zero_is_told_to_who_takes_parts(streams: Streams) -> None:
    found = await streams.engine.run_in_parts(streams.operation(BELOW_ZERO), streams.context())

    assert isinstance(found, Response)
    [error] = json.loads(found.body)["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_it_is_told_to_who_takes_the_answer_at_once(streams: Streams) -> None:
    [error] = (await streams.at_once(BELOW_ZERO))["errors"]

    assert error["extensions"]["code"] == "BAD_USER_INPUT"
