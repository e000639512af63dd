"""The garbage collector looks seldom, but not so seldom that what it finds is much."""

import gc
from collections.abc import Iterator
from typing import Any

import pytest
from support.api import an_api
from support.patience import until

from agreements_api.collector import look_less_often

LOOKS = 2
MOST_AT_ONCE = 20_000
"""Objects; it looks after 10,000 new ones, less those that have gone by themselves."""


@pytest.fixture
def found() -> Iterator[list[int]]:
    """How many objects each collection found to be garbage, in a process as the program begins it."""
    found: list[int] = []

    def tell(phase: str, info: dict[str, Any]) -> None:
        if phase == "stop":
            found.append(info["collected"])

    given = gc.get_threshold()
    look_less_often()
    gc.callbacks.append(tell)
    yield found
    gc.callbacks.remove(tell)
    gc.set_threshold(*given)


async def test_what_the_job_engine_leaves_is_collected_before_it_is_much(
    database_url: str, found: list[int]
) -> None:
    seldom = gc.get_threshold()
    async with an_api(database_url, run_jobs=True):
        gc.collect()
        found.clear()
        await until(lambda: len(found) >= LOOKS)

    assert max(found) <= MOST_AT_ONCE, found
    assert gc.get_threshold() == seldom  # without the engine nothing is left
