"""PostgreSQL passes over a cancellation that comes before its statement; what is given up ends even so."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from sqlalchemy import text
from support.asleep import statements_asleep
from support.overtaking import Way, way_to

from agreements_api.database import Database
from graph.source import Habit, Query, Steps
from resolvers.operations import require

ASLEEP = "SELECT pg_sleep(120)"
ENDED_SECONDS = 1.5
"""Less than the two after which SQLAlchemy leaves a connection of asyncpg, and the five of psycopg."""
EXECUTE = b"E\0\0\0\x09\0\0\0\0\0"
"""The message that has a prepared statement run: its text was sent before."""


@pytest.fixture
async def way(empty_database_url: str) -> AsyncIterator[Way]:
    if empty_database_url.startswith("sqlite"):
        pytest.skip("SQLite: there is no way to a server on which anything is overtaken")
    async with way_to(empty_database_url) as opened:
        yield opened


@pytest.fixture
async def database(way: Way) -> AsyncIterator[Database]:
    async with Database(way.url) as opened:
        for engine in (opened.reads, opened.writes):
            async with engine.connect():  # by its first one SQLAlchemy asks what it has to know
                pass
        yield opened


async def given_up(way: Way, mark: bytes, asking: asyncio.Task[None]) -> float:
    """Seconds for which work goes on that is given up while the message with the mark is on its way."""
    way.mark = mark
    await way.kept.wait()
    asking.cancel()
    await way.overtaken.wait()
    await asyncio.sleep(0.01)  # until the server's process has passed over it
    way.free.set()
    began = time.monotonic()
    with suppress(asyncio.CancelledError):
        await asking
    return time.monotonic() - began


@pytest.mark.parametrize("mark", [b"BEGIN", b"pg_sleep"])
@pytest.mark.parametrize("engine", ["reads", "writes"])
async def test_a_statement_is_cancelled_until_it_ends(
    way: Way, database: Database, engine: str, mark: bytes
) -> None:
    async def ask() -> None:
        async with getattr(database, engine).connect() as connection:
            await connection.execute(text(ASLEEP))

    took = await given_up(way, mark, asyncio.create_task(ask()))

    assert took < ENDED_SECONDS
    assert await statements_asleep(database.writes, ENDED_SECONDS) == []


async def test_a_plan_is_cancelled_until_its_statement_ends(way: Way, database: Database) -> None:
    def steps() -> Steps[None]:
        yield Query(ASLEEP, ())

    await given_up(way, EXECUTE, asyncio.create_task(database.plans.run(steps(), Habit(aside=1), one=True)))

    assert await statements_asleep(database.writes, ENDED_SECONDS) == []


async def test_who_writes_one_entity_is_cancelled_until_its_statement_ends(
    way: Way, database: Database
) -> None:
    async def ask() -> None:
        line = require(await database.at_hand.take(), "connection")
        try:
            await line.driven(lambda driver: driver.read(ASLEEP, ()))
        finally:
            await database.at_hand.give_back(line)

    took = await given_up(way, EXECUTE, asyncio.create_task(ask()))

    assert took < ENDED_SECONDS
    assert await statements_asleep(database.writes, ENDED_SECONDS) == []
