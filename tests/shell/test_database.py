"""The engines keep what they promise: no lost update, no write by a reader, no waiting for a writer."""

import asyncio
import gc
import sqlite3
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from support.patience import AT_ONCE_SECONDS, until

from agreements_api.database import PLAN_TEXT_BYTES, Database
from graph.source import Habit, Query, SourceFailed, Steps


@pytest.fixture
async def counter(empty_database_url: str) -> AsyncIterator[Database]:
    async with Database(empty_database_url) as database:
        async with database.writes.begin() as connection:
            await connection.execute(text("CREATE TABLE counter (value INTEGER NOT NULL)"))
            await connection.execute(text("INSERT INTO counter VALUES (0)"))
        yield database


NUMBERS = """
CREATE TABLE numbers AS
  WITH RECURSIVE n (v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM n WHERE v < 5000) SELECT v FROM n
"""


async def value(database: Database) -> int:
    async with database.reads.connect() as connection:
        return (await connection.execute(text("SELECT value FROM counter"))).scalar_one()


async def test_concurrent_read_then_write_transactions_lose_no_update(counter: Database) -> None:
    read = "SELECT value FROM counter" if counter.is_sqlite else "SELECT value FROM counter FOR UPDATE"

    async def add_twenty() -> None:
        for _ in range(20):
            async with counter.writes.begin() as connection:
                seen = (await connection.execute(text(read))).scalar_one()
                await asyncio.sleep(0)
                await connection.execute(text("UPDATE counter SET value = :value"), {"value": seen + 1})

    await asyncio.gather(*(add_twenty() for _ in range(5)))

    assert await value(counter) == 100


async def test_the_reading_engine_cannot_write(counter: Database) -> None:
    async with counter.reads.connect() as connection:
        with pytest.raises(DBAPIError, match=r"readonly|read-only"):
            await connection.execute(text("UPDATE counter SET value = 1"))

    assert await value(counter) == 0


async def test_a_reader_is_not_kept_waiting_by_a_writer(counter: Database) -> None:
    async with counter.writes.begin() as connection:
        await connection.execute(text("UPDATE counter SET value = 1"))

        assert await asyncio.wait_for(value(counter), AT_ONCE_SECONDS) == 0

    assert await value(counter) == 1


async def test_a_plan_reads_no_text_that_would_take_the_memory_of_many_answers(counter: Database) -> None:
    def steps(size: int) -> Steps[int]:
        [[text]] = yield Query("SELECT hex(zeroblob(?))", (size // 2,))
        return len(text)

    if not counter.is_sqlite:
        pytest.skip("PostgreSQL: its rows come one by one")
    assert await counter.plans.run(steps(PLAN_TEXT_BYTES // 2), Habit(), one=True) == PLAN_TEXT_BYTES // 2
    with pytest.raises(SourceFailed):
        await counter.plans.run(steps(PLAN_TEXT_BYTES + 2), Habit(), one=True)


async def test_a_reading_transaction_is_one_snapshot(counter: Database) -> None:
    async with counter.reads.connect() as reader:
        before = (await reader.execute(text("SELECT value FROM counter"))).scalar_one()
        async with counter.writes.begin() as writer:
            await writer.execute(text("UPDATE counter SET value = 1"))
        after = (await reader.execute(text("SELECT value FROM counter"))).scalar_one()

    assert (before, after) == (0, 0)


async def test_writers_take_turns_in_the_order_they_asked(counter: Database) -> None:
    order: list[str] = []

    async def write(name: str, times: int) -> None:
        for _ in range(times):
            async with counter.turn(), counter.writes.begin() as connection:
                await connection.execute(text("UPDATE counter SET value = value + 1"))
                order.append(name)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(write("bulk", 10))
        tasks.create_task(write("request", 1))

    assert await value(counter) == 11
    if counter.is_sqlite:
        assert order.index("request") <= 1


async def test_whoever_is_cancelled_leaves_no_transaction_behind(counter: Database) -> None:
    """SQLite keeps a closed connection, its transaction and its lock as long as a cursor is left of it."""
    if not counter.is_sqlite:
        pytest.skip("PostgreSQL: a connection that is closed ends its transaction")
    async with counter.writes.begin() as connection:
        await connection.exec_driver_sql(NUMBERS)

    async def read_often() -> None:
        async with counter.turn(), counter.writes.begin() as connection:
            for _ in range(1_000):
                await connection.execute(text("SELECT v FROM numbers"))

    left: list[BaseException | None] = []  # a traceback keeps the cursor, as a collector that comes late does
    for step in range(40):
        task = asyncio.create_task(read_often())
        await asyncio.sleep(0.005 + step / 5_000)
        task.cancel()
        left += await asyncio.gather(task, return_exceptions=True)
        with closing(sqlite3.connect(str(counter.url.database), timeout=0)) as other:
            other.execute("BEGIN IMMEDIATE")
            other.execute("ROLLBACK")
    assert len(left) == 40


async def test_times_are_kept_in_utc(counter: Database) -> None:
    if counter.is_sqlite:
        return  # SQLite has no session time zone
    for engine in (counter.writes, counter.reads):
        async with engine.connect() as connection:
            assert (await connection.execute(text("SHOW timezone"))).scalar_one() == "UTC"


@pytest.fixture
def uncollected() -> Iterator[None]:
    """Leave what was forgotten where it is, to be counted."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("uncollected")
@pytest.mark.parametrize("times", [1, 2, 5])
async def test_no_connection_is_lost_to_whoever_stops_waiting_for_it(tmp_path: Path, times: int) -> None:
    async def look(database: Database) -> None:
        async with database.reads.connect():
            pass

    before, threads = open_connections(), set(threading.enumerate())
    for step in range(120):
        async with Database(f"sqlite:///{tmp_path}/agreements.db") as database:
            if step >= 60:
                await leave_a_place(database)
            looking = asyncio.create_task(look(database))
            await asyncio.sleep(step % 60 / 10_000)
            for _ in range(times):  # the client gives it up, the client leaves, the server ends
                looking.cancel()
                await asyncio.sleep(0.0001)
            await asyncio.wait([looking])

    await until(lambda: not set(threading.enumerate()) - threads)  # the driver's own
    assert open_connections() == before


async def leave_a_place(database: Database) -> None:
    """Let the pool have a place whose connection was given up: the next one opens another one there."""
    async with database.reads.connect() as connection:
        await connection.invalidate()


def open_connections() -> int:
    """Count the SQLite connections of this process that nobody has closed."""
    found = [each for each in gc.get_objects() if isinstance(each, sqlite3.Connection)]
    return sum(not is_closed(each) for each in found)


def is_closed(connection: sqlite3.Connection) -> bool:
    try:
        return connection.total_changes < 0
    except sqlite3.ProgrammingError:
        return True


@pytest.mark.parametrize(
    ("url", "driver"),
    [
        ("postgresql://somebody@db/agreements", "postgresql+psycopg"),
        ("postgresql+psycopg://somebody@db/agreements", "postgresql+psycopg"),
        ("sqlite:///agreements.db", "sqlite+aiosqlite"),
    ],
)
async def test_a_url_need_not_name_the_driver(url: str, driver: str) -> None:
    async with Database(url) as database:
        assert database.url.drivername == driver


@pytest.mark.parametrize(
    "url",
    [
        "",
        "agreements.db",
        "sqlite+aiosqlite://",
        "sqlite:///file:some.db?uri=true",
        "mysql://db/agreements",
        "postgresql://db:port/agreements",
        "postgresql://db/agreements?port=some",
        "postgresql://db/agreements?host=one,two&port=1,2,3",
    ],
)
def test_a_url_of_nothing_usable_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"use sqlite.* or postgresql"):
        Database(url)
