"""Requests that ask for one row each at the same time: read together, each answered as if it were alone."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import text, update
from support.library.engines import Answer, Library, number, open_library
from support.library.models import Author, Publisher
from support.library.seed import fill
from support.patience import PATIENCE_SECONDS

from graph.compiler.together import _MOST_ROWS
from graph.ids import encode_id
from graph.source import Habit, Source, SourceFailed, Steps

AUTHORS = 40
NAME = "query ($id: ID!) { author(id: $id) { id name } }"
HOUSE = "query ($id: ID!) { node(id: $id) { ... on Publisher { name } } }"


class Watched:
    """A source that counts how often it is run.

    Attributes:
        fault: Raised by each run.
        gate: Runs wait in front of it, once it is closed.
        waiting: How many do.
        given_up: How many were cancelled.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self.dialect = source.dialect
        self.runs = self.waiting = self.given_up = 0
        self.fault: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()

    async def run(self, steps: Steps[Any], habit: Habit, *, one: bool) -> Any:
        self.runs += 1
        self.waiting += 1
        try:
            await self.gate.wait()
            if self.fault is not None:
                raise self.fault
            return await self._source.run(steps, habit, one=one)
        except asyncio.CancelledError:
            for _ in range(5):  # it takes a moment
                await asyncio.sleep(0)
            self.given_up += 1
            raise
        finally:
            self.waiting -= 1

    async def close(self) -> None:
        await self._source.close()


@pytest.fixture
async def library(empty_database_url: str) -> AsyncIterator[Library]:
    async with open_library(empty_database_url, plans=True) as opened:
        await fill(opened, AUTHORS)
        await opened.data(NAME, id=author(0))  # from now on nothing has to be bound or prepared
        yield opened


@pytest.fixture
def watched(library: Library) -> Watched:
    assert library.plans is not None
    library.plans = source = Watched(library.plans)
    return source


def author(i: int) -> str:
    return encode_id("Author", number(i))


def named(i: int) -> dict[str, Any]:
    return {"author": {"id": author(i), "name": f"author {i:03}"}}


def asking(library: Library, i: int, query: str = NAME, **options: Any) -> asyncio.Task[Answer]:
    return asyncio.create_task(library.ask(query, id=author(i), **options))


async def until_one_waits(watched: Watched) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not watched.waiting:  # noqa: ASYNC110  # turns of the loop are what matters here
            await asyncio.sleep(0)


async def test_all_who_ask_at_the_same_time_are_read_for_at_once(library: Library, watched: Watched) -> None:
    wanted = [1, 2, 3, 2, AUTHORS + 1]

    found = await asyncio.gather(*(library.data(NAME, id=author(i)) for i in wanted))

    assert found == [named(1), named(2), named(3), named(2), {"author": None}]
    assert watched.runs == 1


async def test_who_is_alone_is_read_alone(library: Library, watched: Watched) -> None:
    for i in range(3):
        assert await library.data(NAME, id=author(i)) == named(i)
    assert watched.runs == 3


async def test_no_more_are_read_at_once_than_may_be(library: Library, watched: Watched) -> None:
    wanted = range(2 * _MOST_ROWS + 1)

    found = await asyncio.gather(*(library.data(NAME, id=author(i)) for i in wanted))

    assert found == [named(i) for i in wanted]
    assert watched.runs == 3


async def test_only_what_selects_the_same_is_read_together(library: Library, watched: Watched) -> None:
    other = "query ($id: ID!) { author(id: $id) { shown: name } }"

    first, second = await asyncio.gather(library.data(NAME, id=author(1)), library.data(other, id=author(1)))

    assert (first, second) == (named(1), {"author": {"shown": "author 001"}})
    assert watched.runs == 2


@pytest.mark.parametrize(("turns", "runs"), [(2, 1), (4, 2)])
async def test_who_asks_some_turns_later_is_read_for_as_well(
    library: Library, watched: Watched, turns: int, runs: int
) -> None:
    watched.gate.clear()
    first = asking(library, 1)
    for _ in range(turns):
        await asyncio.sleep(0)
    second = asking(library, 2)
    await until_one_waits(watched)
    watched.gate.set()

    assert [(await each).data for each in (first, second)] == [named(1), named(2)]
    assert watched.runs == runs


async def test_rows_of_two_types_are_not_mistaken_for_each_other(library: Library, watched: Watched) -> None:
    either = "query ($id: ID!) { node(id: $id) { ... on Author { name } ... on Publisher { name } } }"
    wanted = [author(1), encode_id("Publisher", number(1)), author(2)]

    found = await asyncio.gather(*(library.data(either, id=each) for each in wanted))

    assert [each["node"]["name"] for each in found] == ["author 001", "house 1", "author 002"]
    assert watched.runs == 2


async def test_nobody_is_shown_what_another_may_see(library: Library, watched: Watched) -> None:
    secret = encode_id("Publisher", number(9))
    await library.add(Publisher, [{"id": number(9), "name": "hidden", "secret": True}])

    open_, restricted = await asyncio.gather(
        library.data(HOUSE, id=secret), library.data(HOUSE, id=secret, restricted=True)
    )

    assert (open_, restricted) == ({"node": {"name": "hidden"}}, {"node": None})
    assert watched.runs == 2


async def test_an_id_that_is_wrong_is_wrong_for_whoever_sent_it_alone(
    library: Library, watched: Watched
) -> None:
    wrong = ["no id", encode_id("Book", number(1))]

    *codes, found = await asyncio.gather(
        *(library.code(NAME, id=each) for each in wrong), library.data(NAME, id=author(1))
    )

    assert (codes, found) == (["BAD_ID", "BAD_ID"], named(1))
    assert watched.runs == 1


async def test_who_asks_later_sees_what_was_committed_before(library: Library, watched: Watched) -> None:
    watched.gate.clear()
    early = asking(library, 1)
    await until_one_waits(watched)
    async with library.writes.begin() as connection:
        await connection.execute(update(Author).where(Author.id == number(1)).values(name="renamed"))
    late = asking(library, 1)
    await asyncio.sleep(0)
    watched.gate.set()

    assert (await late).data == {"author": {"id": author(1), "name": "renamed"}}
    await early
    assert watched.runs == 2


@pytest.mark.parametrize("leaves", [0, 1, 2])
async def test_who_leaves_takes_nothing_from_the_others(
    library: Library, watched: Watched, leaves: int, caplog: pytest.LogCaptureFixture
) -> None:
    watched.gate.clear()
    asked = [asking(library, i) for i in range(3)]
    await until_one_waits(watched)
    asked.pop(leaves).cancel()
    await asyncio.sleep(0)
    watched.gate.set()

    stayed = [i for i in range(3) if i != leaves]
    assert [each.data for each in await asyncio.gather(*asked)] == [named(i) for i in stayed]
    assert (watched.runs, watched.given_up) == (1, 0)
    assert [each for each in caplog.records if "A plan failed" in each.message] == []


async def test_the_last_who_leaves_ends_what_is_read(library: Library, watched: Watched) -> None:
    watched.gate.clear()
    asked = [asking(library, i) for i in range(3)]
    await until_one_waits(watched)
    for each in asked:
        each.cancel()
    await asyncio.gather(*asked, return_exceptions=True)

    assert (watched.waiting, watched.given_up) == (0, 1)
    watched.gate.set()
    assert await library.data(NAME, id=author(1)) == named(1)


async def test_all_may_leave_before_anything_is_read(library: Library, watched: Watched) -> None:
    asked = [asking(library, i) for i in range(3)]
    await asyncio.sleep(0)
    for each in asked:
        each.cancel()
    await asyncio.gather(*asked, return_exceptions=True)

    assert watched.runs == 0
    assert await library.data(NAME, id=author(1)) == named(1)


async def test_a_statement_that_waits_in_the_database_ends_with_the_last_who_wants_it(
    library: Library,
) -> None:
    if library.writes.dialect.name == "sqlite":
        pytest.skip("SQLite: nobody can make a reader wait")
    waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"

    async def how_many(wanted: int) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS), library.reads.connect() as connection:
            while (await connection.execute(text(waits))).scalar_one() != wanted:  # noqa: ASYNC110  # in another process
                await asyncio.sleep(0.01)

    async with library.writes.begin() as connection:
        await connection.execute(text("LOCK TABLE authors IN ACCESS EXCLUSIVE MODE"))
        asked = [asking(library, i) for i in range(3)]
        await how_many(1)
        for each in asked:
            each.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
        await how_many(0)


async def test_a_row_that_cannot_be_shown_spoils_no_other(library: Library, watched: Watched) -> None:
    async with library.writes.begin() as connection:
        await connection.execute(text("UPDATE books SET status = 'NONSENSE' WHERE title = 'book 1'"))
    query = "query ($id: ID!) { book(id: $id) { name status } }"
    ids = [encode_id("Book", number(i)) for i in range(3)]

    found = await asyncio.gather(*(library.ask(query, id=each) for each in ids))

    assert [each.errors is None for each in found] == [True, False, True]
    assert [found[i].data["book"]["name"] for i in (0, 2)] == ["book 0", "book 2"]
    assert watched.runs == 1 + 3


@pytest.mark.parametrize(("fault", "runs"), [(SourceFailed("no answer"), 1), (RuntimeError("ours"), 1 + 4)])
async def test_where_reading_fails_graphql_core_answers_each(
    library: Library, watched: Watched, fault: Exception, runs: int, caplog: pytest.LogCaptureFixture
) -> None:
    watched.fault = fault
    watched.gate.clear()
    asked = [asking(library, i) for i in range(4)]
    await until_one_waits(watched)
    asked.pop(0).cancel()
    await asyncio.sleep(0)
    watched.gate.set()

    with caplog.at_level(logging.ERROR):
        found = await asyncio.gather(*asked)

    assert [each.data for each in found] == [named(i) for i in range(1, 4)]
    assert watched.runs == runs
    failed = [each for each in caplog.records if "A plan failed" in each.message]
    assert len(failed) == (3 if isinstance(fault, RuntimeError) else 0)  # each in the name of its request


@pytest.mark.parametrize("seed", range(5))
async def test_a_crowd_that_comes_and_goes_gets_what_each_asked_for(library: Library, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311  # no secret

    async def one(i: int, query: str, *, stays: bool) -> None:
        for _ in range(chance.randrange(6)):
            await asyncio.sleep(0)
        task = asking(library, i, query)
        if not stays:
            for _ in range(chance.randrange(8)):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            return
        found = (await task).data["author"]
        assert (found and found["name"]) == (f"author {i:03}" if i < AUTHORS else None)

    other = "query ($id: ID!) { author(id: $id) { name shout } }"
    async with asyncio.timeout(PATIENCE_SECONDS):
        await asyncio.gather(
            *(
                one(
                    chance.randrange(AUTHORS + 5),
                    chance.choice([NAME, NAME, other]),
                    stays=chance.random() < 0.8,
                )
                for _ in range(200)
            )
        )
