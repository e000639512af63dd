"""Statements that PostgreSQL keeps prepared for plans: how many, and what becomes of them as tables alter."""

# pyright: standard
# Not strict: asyncpg is untyped.
from collections.abc import AsyncIterator

import asyncpg
import pytest
from sqlalchemy import make_url
from support.library.engines import open_library
from support.library.seed import fill

from graph.compiler.prepared import Prepared
from graph.source import Query

PAGES = "{ books(first: 1) { edges { node { name pages } } } }"
_KEPT = "SELECT count(*) FROM pg_prepared_statements"


@pytest.fixture
def url(empty_database_url: str) -> str:
    if empty_database_url.startswith("sqlite"):
        pytest.skip("SQLite: its driver keeps statements by itself")
    return empty_database_url


@pytest.fixture
async def driver(url: str) -> AsyncIterator["asyncpg.Connection"]:
    dsn = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(dsn)
    yield connection
    await connection.close()


async def test_a_statement_is_prepared_once(driver: "asyncpg.Connection") -> None:
    connection = Prepared(driver)

    found = [await connection.fetch(Query("SELECT $1::int", [number])) for number in range(3)]

    assert [[tuple(row) for row in rows] for rows in found] == [[(0,)], [(1,)], [(2,)]]
    assert len(connection) == 1
    assert await driver.fetchval(_KEPT) == 2  # this one, too


async def test_only_so_many_statements_are_kept(driver: "asyncpg.Connection") -> None:
    connection = Prepared(driver)

    for number in range(520):
        await connection.fetch(Query(f"SELECT {number}", ()))

    assert len(connection) == 500
    [[kept]] = await driver.fetch(_KEPT)
    assert kept <= 502


async def test_a_long_statement_is_run_and_not_kept(driver: "asyncpg.Connection") -> None:
    connection = Prepared(driver)

    [[found]] = await connection.fetch(
        Query(f"SELECT $1::text, '{'x' * 20_000}'".replace(", ", " || "), ["y"])
    )

    assert found == "y" + "x" * 20_000
    assert len(connection) == 0


async def test_a_statement_that_fails_says_so_each_time(driver: "asyncpg.Connection") -> None:
    connection = Prepared(driver)

    for _ in range(3):
        with pytest.raises(asyncpg.DivisionByZeroError):
            await connection.fetch(Query("SELECT 1 / $1::int", [0]))

    assert [tuple(row) for row in await connection.fetch(Query("SELECT 1 / $1::int", [1]))] == [(1,)]


async def test_a_column_whose_type_changes_is_read_all_the_same(url: str) -> None:
    """PostgreSQL refuses what was prepared before: that request is answered by graphql-core."""
    async with open_library(url, plans=True) as library:
        await fill(library, 1)
        before = [await library.data(PAGES) for _ in range(3)]
        async with library.writes.begin() as connection:
            await connection.exec_driver_sql("ALTER TABLE books ALTER COLUMN pages TYPE bigint")

        for read, expected in enumerate(before):
            assert await library.data(PAGES) == expected
            assert len(library.statements) == (1 if read else 2)
