"""What takes too long, or what nobody waits for any more, ends: its resolvers, and its statement."""

import asyncio
import time
from contextlib import suppress
from statistics import median

import pytest
from support.asleep import statements_asleep
from support.library.engines import Library, an_engine
from support.library.seed import fill
from support.library.slow import GIVEN_UP

import graph

pytestmark = pytest.mark.parametrize("library", [False, True], ids=["core", "plans"], indirect=True)

DEADLINE = 0.05
TIMES = 100
MOMENTS = (0, 0.001, 0.002, 0.003, 0.004, 0.006, 0.008, 0.012, 0.02, 0.1)
"""Seconds after which a caller leaves: before its statement, while that is on its way, and while it runs."""
SLOWLY = "{ books(filter: {searchedSlowly: true}) { totalCount } }"


@pytest.fixture
def hurried(library: Library) -> graph.Engine:
    """An engine whose operations have little time."""
    bounds = graph.Bounds(query_seconds=DEADLINE, mutation_seconds=DEADLINE)
    return an_engine(bounds=bounds, plans=library.plans is not None)


async def test_a_sleeping_resolver_is_given_up_soon_after_the_deadline(
    library: Library, hurried: graph.Engine
) -> None:
    delays = []
    for _ in range(TIMES):
        GIVEN_UP.clear()
        began = time.monotonic()
        answer = await library.ask("{ nap(seconds: 60) }", engine=hurried)
        delays.append(GIVEN_UP[0] - began - DEADLINE)
        assert answer.data is None
        [error] = answer.errors or []
        assert error["extensions"]["code"] == "DEADLINE_EXCEEDED"

    assert sorted(delays)[TIMES * 95 // 100] <= 0.1
    assert max(delays) <= 1


async def test_a_mutation_that_took_too_long_says_that_it_may_have_taken_effect(
    library: Library, hurried: graph.Engine
) -> None:
    answer = await library.ask("mutation { doze(seconds: 60) }", engine=hurried)

    [error] = answer.errors or []
    assert "may have taken effect" in error["message"]


async def test_a_statement_does_not_outlive_its_operation(library: Library, hurried: graph.Engine) -> None:
    await fill(library, 1)
    delays = []
    for _ in range(5):
        began = time.monotonic()
        answer = await library.ask(SLOWLY, engine=hurried)
        delays.append(time.monotonic() - began - DEADLINE)

        [error] = answer.errors or []
        assert error["extensions"]["code"] == "DEADLINE_EXCEEDED"
        assert library.reads.pool.checkedout() == 0  # type: ignore[attr-defined]  # of a queue pool
        assert await statements_asleep(library.writes, 1) == []
    assert median(delays) < 0.2
    assert max(delays) < 1
    # The connections that are left are of use.
    assert await library.data("{ books { totalCount } }") == {"books": {"totalCount": 3}}


async def test_a_statement_does_not_outlive_a_caller_that_leaves(library: Library) -> None:
    await fill(library, 1)
    delays = []
    for moment in MOMENTS:
        asking = asyncio.create_task(library.ask(SLOWLY))
        await asyncio.sleep(moment)
        began = time.monotonic()
        asking.cancel()
        with suppress(asyncio.CancelledError):
            await asking
        delays.append(time.monotonic() - began)

        assert await statements_asleep(library.writes, 1) == []
    assert median(delays) < 0.2
    assert max(delays) < 1
