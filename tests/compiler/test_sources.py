"""What plans read from: given up in time, and replaced by the ordinary path where it does not answer."""

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from unittest.mock import ANY

import asyncpg
import pytest
from sqlalchemy import QueuePool
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from support.databases import libpq_url
from support.library.engines import SCHEMA, Library, answer_of, number, open_library
from support.library.models import Author, Book
from support.library.seed import fill
from support.patience import AT_ONCE_SECONDS, PATIENCE_SECONDS

import graph
from agreements_api.cancelling import connect_asyncpg
from agreements_api.database import Database
from graph.compiler import Plans
from graph.compiler.postgresql import PostgreSQLSource
from graph.compiler.sqlite import SQLiteSource
from graph.source import Habit, Query, Source, SourceFailed, Steps

BOOKS = "{ books { totalCount } }"
LONG = "{ books(filter: {searchedSlowly: true}) { totalCount } }"


def engine_with_plans() -> tuple[graph.Engine, Plans]:
    schema = SCHEMA()
    demand = graph.Demand(schema.core, graph.DemandLimits(), graph.Limits(), introspection=True)
    plans = Plans(schema)
    return graph.Engine(schema, graph.Documents(demand), plans=plans), plans


def _require_a_server(url: str) -> None:
    if url.startswith("sqlite"):
        pytest.skip("SQLite: there is no server whose connections could be refused or cut off")


async def ask(library: Library, engine: graph.Engine, source: Source) -> object:
    library.plans = source
    operation = engine.prepare(graph.GraphQLRequest(BOOKS), "request-1")
    assert isinstance(operation, graph.Operation)
    return answer_of(await engine.run(operation, library.context())).data


async def test_a_file_that_cannot_be_opened_is_left_to_the_ordinary_path(tmp_path: Path) -> None:
    def fail() -> sqlite3.Connection:
        raise sqlite3.OperationalError("unable to open database file")

    async with open_library(f"sqlite+aiosqlite:///{tmp_path / 'library.db'}") as library:
        await fill(library, 1)
        engine, plans = engine_with_plans()
        source = SQLiteSource(fail, library.reads.dialect)
        assert await ask(library, engine, source) == {"books": {"totalCount": 3}}
        assert (plans.counts.planned, plans.counts.abandoned) == (0, 1)
        await source.close()


async def test_a_server_that_takes_no_connection_is_asked_again_only_later(
    empty_database_url: str, unused_tcp_port_factory: Callable[[], int], caplog: pytest.LogCaptureFixture
) -> None:
    _require_a_server(empty_database_url)
    nowhere = f"postgresql://nobody@127.0.0.1:{unused_tcp_port_factory()}/nothing"
    source = PostgreSQLSource(partial(connect_asyncpg, nowhere, ""), most=2)
    async with open_library(empty_database_url) as library:
        await fill(library, 1)
        engine, plans = engine_with_plans()
        with caplog.at_level(logging.WARNING):
            for _ in range(3):
                assert await ask(library, engine, source) == {"books": {"totalCount": 3}}
    await source.close()

    assert (plans.counts.planned, plans.counts.abandoned) == (0, 3)
    assert len([each for each in caplog.records if "No connection for plans" in each.message]) == 1


async def test_connections_that_were_cut_off_are_replaced(empty_database_url: str) -> None:
    _require_a_server(empty_database_url)
    async with open_library(empty_database_url, plans=True) as library:
        await fill(library, 1)
        assert await library.data(BOOKS) == {"books": {"totalCount": 3}}
        async with library.writes.connect() as connection:
            await connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND datname = current_database()"
            )
        for _ in range(3):
            assert await library.data(BOOKS) == {"books": {"totalCount": 3}}


async def test_a_connection_that_is_cut_off_when_all_is_read_spoils_no_answer(
    empty_database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    _require_a_server(empty_database_url)
    async with open_library(empty_database_url) as library:
        await fill(library, 1)
        answering = asyncio.create_task(library.data("{ books { totalCount } nap(seconds: 0.5) }"))
        async with asyncio.timeout(PATIENCE_SECONDS), library.writes.connect() as connection:
            while not library.statements:  # noqa: ASYNC110  # nobody tells
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.1)
            await connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND datname = current_database()"
            )
        assert (await answering)["books"] == {"totalCount": 3}
        assert isinstance(library.reads.pool, QueuePool)
        assert library.reads.pool.checkedout() == 0
        assert await library.data(BOOKS) == {"books": {"totalCount": 3}}
    assert [each for each in caplog.records if each.levelno >= logging.ERROR] == []


async def test_a_connection_is_cut_off_where_even_its_end_is_cancelled(empty_database_url: str) -> None:
    source, drivers = _watched(empty_database_url)
    others = asyncio.all_tasks()
    with pytest.raises(SourceFailed, match="division by zero"):
        await source.run(asking("SELECT 1 / 0"), Habit(), one=True)

    ends = asyncio.all_tasks() - others
    for each in ends:
        each.cancel()
    await asyncio.wait(ends)

    assert [each.is_closed() for each in drivers] == [True]
    assert await source.run(asking("SELECT 1"), Habit(), one=True)  # in its place
    await source.close()


async def test_who_waits_for_a_connection_ends_what_is_open_as_it_begins(empty_database_url: str) -> None:
    source, [driver] = await _at_work(empty_database_url)
    sent = _told_by(driver)

    await asyncio.gather(*(source.run(asking("SELECT 1"), Habit(), one=False) for _ in range(3)))
    await source.run(asking("SELECT 1"), Habit(), one=False)
    await source.close()

    assert sent == ["BEGIN", "COMMIT AND CHAIN", "COMMIT AND CHAIN", "COMMIT", "BEGIN", "COMMIT"]


@pytest.mark.parametrize("one", [True, False])
async def test_who_waited_sees_what_was_committed_meanwhile(empty_database_url: str, *, one: bool) -> None:
    source, [driver] = await _at_work(empty_database_url)
    writer = await connect_asyncpg(libpq_url(empty_database_url), "")
    await writer.execute("CREATE TABLE written AS SELECT 1")
    sent, count = _told_by(driver), Query("SELECT count(*) FROM written", ())

    def before() -> Steps[int]:
        yield count
        yield Query("SELECT pg_sleep(0.3)", ())
        [[found]] = yield count
        return found

    def after() -> Steps[int]:
        [[found]] = yield count
        return found

    runs = asyncio.gather(source.run(before(), Habit(), one=False), source.run(after(), Habit(), one=one))
    await asyncio.sleep(0.1)
    await writer.execute("INSERT INTO written VALUES (2)")
    found = await runs
    await source.close()
    await writer.close()

    assert found == [1, 2]
    assert sent == (["BEGIN", "COMMIT"] if one else ["BEGIN", "COMMIT AND CHAIN", "COMMIT"])


@pytest.mark.parametrize("runs", range(1, 7))
async def test_no_snapshot_is_left_open(empty_database_url: str, runs: int) -> None:
    source, [driver, *_] = await _at_work(empty_database_url, places=3)

    await asyncio.gather(*(source.run(asking("SELECT 1"), Habit(), one=False) for _ in range(runs)))

    assert await driver.fetchval(OPEN) == 0
    await source.close()


async def test_no_snapshot_is_left_open_by_who_is_cancelled_as_it_is_handed_over(
    empty_database_url: str,
) -> None:
    source, drivers = await _at_work(empty_database_url)

    async def first() -> None:
        await source.run(asking("SELECT 1"), Habit(), one=False)
        second.cancel()

    handing_over = asyncio.create_task(first())
    second = asyncio.create_task(source.run(asking("SELECT 1"), Habit(), one=False))
    await asyncio.gather(handing_over, second, return_exceptions=True)

    assert second.cancelled()
    assert await source.run(asking("SELECT 1"), Habit(), one=True)
    assert [each.is_closed() for each in drivers] == [True, False]
    await source.close()


_READER = "-c default_transaction_isolation=repeatable\\ read"
OPEN = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND state LIKE 'idle in transaction%' AND pid <> pg_backend_pid()
"""


async def _at_work(url: str, *, places: int = 1) -> tuple[PostgreSQLSource, list[asyncpg.Connection]]:
    """A source all of whose connections are open."""
    source, drivers = _watched(url, places=places)
    await asyncio.gather(*(source.run(asking("SELECT 1"), Habit(), one=True) for _ in range(places)))
    return source, drivers


def _told_by(driver: asyncpg.Connection) -> list[str]:
    """What is sent by it from now on, but for statements that are prepared."""
    sent: list[str] = []
    driver.add_query_logger(lambda each: sent.append(each.query))
    return sent


def _watched(url: str, *, places: int = 1) -> tuple[PostgreSQLSource, list[asyncpg.Connection]]:
    """A source with so many places, and the connections that it has opened."""
    _require_a_server(url)
    dsn = libpq_url(url)
    drivers: list[asyncpg.Connection] = []

    async def connect() -> asyncpg.Connection:
        drivers.append(await connect_asyncpg(dsn, _READER))
        return drivers[-1]

    return PostgreSQLSource(connect, most=places), drivers


def asking(sql: str) -> Steps[bool]:
    yield Query(sql, ())
    return True


async def test_a_long_plan_lets_short_ones_pass(empty_database_url: str) -> None:
    async with open_library(empty_database_url, plans=True) as library:
        await fill(library, 1)
        await library.data(BOOKS)
        long = asyncio.create_task(library.ask(LONG))
        await asyncio.sleep(0.1)

        async with asyncio.timeout(PATIENCE_SECONDS):
            assert await library.data(BOOKS) == {"books": {"totalCount": 3}}

        assert not long.done()
        long.cancel()
        await asyncio.gather(long, return_exceptions=True)


async def test_who_waits_long_in_a_line_that_moves_keeps_its_place(empty_database_url: str) -> None:
    """The ordinary path takes many times the work: to go there when there is much to do makes it worse."""
    source = _sleeper(empty_database_url, places=1)

    found = await asyncio.gather(*(source.run(asleep(0.15), Habit(aside=1), one=True) for _ in range(10)))
    await source.close()

    assert found == [True] * 10


async def test_who_waits_in_a_line_that_stands_still_goes_elsewhere(empty_database_url: str) -> None:
    source = _sleeper(empty_database_url, places=2)
    long = [
        asyncio.create_task(source.run(asleep(AT_ONCE_SECONDS + 1), Habit(aside=1), one=True))
        for _ in range(2)
    ]

    async with asyncio.timeout(AT_ONCE_SECONDS):
        waiting = [source.run(asleep(0), Habit(aside=1), one=True) for _ in range(3)]
        turned_away = await asyncio.gather(*waiting, return_exceptions=True)
    done = await asyncio.gather(*long)
    after = await asyncio.gather(*(source.run(asleep(0.1), Habit(aside=1), one=True) for _ in range(3)))
    await source.close()

    assert [type(each) for each in turned_away] == [SourceFailed] * 3
    assert done + after == [True] * 5


async def test_who_no_longer_waits_leaves_its_place_to_the_next(empty_database_url: str) -> None:
    source = _sleeper(empty_database_url, places=1)
    first, left, last = (
        asyncio.create_task(source.run(asleep(0.3), Habit(aside=1), one=True)) for _ in range(3)
    )

    await asyncio.sleep(0.1)
    left.cancel()

    assert await asyncio.gather(first, left, last, return_exceptions=True) == [True, ANY, True]
    assert left.cancelled()
    await source.close()


def _sleeper(url: str, *, places: int) -> Source:
    """A source that can `asleep`, with so many places."""
    if not url.startswith("sqlite"):
        return PostgreSQLSource(partial(connect_asyncpg, libpq_url(url), ""), most=places)

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        connection.create_function("pg_sleep", 1, time.sleep)
        return connection

    return SQLiteSource(connect, SQLiteDialect_pysqlite(), threads=places)


def asleep(seconds: float) -> Steps[bool]:
    """Keep a connection busy."""
    yield Query(f"SELECT pg_sleep({seconds})", ())  # in words: parameters are written differently
    return True


async def test_a_text_that_many_rows_share_is_not_held_for_each(empty_database_url: str) -> None:
    async with Database(empty_database_url) as database, open_library(empty_database_url) as library:
        await fill(library, 1)
        long_winded = {"id": number(50), "name": "x", "site_url": "x" * 500_000}
        await library.add(Author, [long_winded | {"publisher_id": number(0)}])
        await library.add(
            Book, [{"id": number(50 + i), "title": "y", "author_id": number(50)} for i in range(20)]
        )
        engine, plans = engine_with_plans()
        library.plans = database.plans
        query = "{ books(last: 20) { edges { node { author { site { url } } } } } }"

        assert await library.code(query, engine=engine) == "RESPONSE_TOO_LARGE"
        assert (plans.counts.planned, plans.counts.abandoned) == (0, 1)
