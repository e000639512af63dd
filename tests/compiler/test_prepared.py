"""Statements that PostgreSQL keeps prepared for plans: how many, and what becomes of them as tables alter."""

# pyright: standard
# Not strict: asyncpg is untyped.
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import BigInteger, Integer, Uuid, column, select, table
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from support.databases import libpq_url
from support.library.engines import open_library
from support.library.seed import fill

from agreements_api.cancelling import connect_asyncpg
from graph.compiler.prepared import Prepared, speed_up_keys
from graph.compiler.sql import raw_key, raw_keys, write
from graph.source import Query
from graph.statements import among, key_list

PAGES = "{ books(first: 1) { edges { node { name pages } } } }"
DIALECT = PGDialect_asyncpg()
IDS = [UUID(int=number << 96 | 7) for number in (3, 0, 2**32 - 1)]
_READER = "-c default_transaction_isolation=repeatable\\ read -c default_transaction_read_only=on"
_KEPT = "SELECT count(*) FROM pg_prepared_statements"


@pytest.fixture
def url(empty_database_url: str) -> str:
    if empty_database_url.startswith("sqlite"):
        pytest.skip("SQLite: its driver keeps statements by itself")
    return empty_database_url


@pytest.fixture
def dsn(url: str) -> str:
    return libpq_url(url)


@pytest.fixture
async def driver(dsn: str) -> AsyncIterator["asyncpg.Connection"]:
    connection = await asyncpg.connect(dsn)
    yield connection
    await connection.close()


async def test_a_snapshot_that_begins_as_another_ends_shows_what_is_committed_until_it_is_read(
    dsn: str, driver: "asyncpg.Connection"
) -> None:
    await driver.execute("CREATE TABLE written (number int)")
    write_one = "INSERT INTO written VALUES (1)"
    connection, found = Prepared(await connect_asyncpg(dsn, _READER)), list[int]()

    for _ in range(3):
        await driver.execute(write_one)
        await connection.begin()
        await driver.execute(write_one)
        for _ in range(2):
            [[number]] = await connection.fetch(Query("SELECT count(*) FROM written", ()))
            found.append(number)
            await driver.execute(write_one)
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        await connection.fetch(Query(write_one, ()))
    await connection.driver.close()

    assert found == [2, 2, 6, 6, 10, 10]


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


@pytest.mark.parametrize(
    ("kind", "keys"), [(Uuid(), IDS), (Uuid(), []), (Integer(), [3, 0, -1]), (BigInteger(), [2**40, 1])]
)
async def test_many_keys_are_one_parameter(driver: "asyncpg.Connection", kind: Any, keys: list[Any]) -> None:
    speed_up_keys(driver)
    listed = write(select(key_list(None, kind, DIALECT).c.value), DIALECT)

    raw = [raw_key(key, DIALECT) for key in keys]
    found = await Prepared(driver).fetch(listed.query(raw_keys(raw, DIALECT)))

    assert [value for (value,) in found] == keys


async def test_what_is_no_key_is_refused(driver: "asyncpg.Connection") -> None:
    speed_up_keys(driver)

    for odd in ("1", "x" * 32, "00", ""):
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
            await Prepared(driver).fetch(Query("SELECT cardinality($1::uuid[])", [[odd]]))


async def test_a_statement_that_is_asked_for_one_key_is_not_planned_each_time(
    driver: "asyncpg.Connection",
) -> None:
    await driver.execute(
        "CREATE TEMPORARY TABLE many (id) AS SELECT gen_random_uuid() FROM generate_series(1, 9000)"
    )
    await driver.execute("CREATE INDEX ON many (id)")
    await driver.execute("ANALYZE many")
    many = table("many", column("id", Uuid()))
    found = write(select(many.c.id).where(among(many.c.id, None, DIALECT)), DIALECT)
    connection = Prepared(driver)

    for _ in range(7):
        await connection.fetch(found.query([str(IDS[0])]))

    plans = "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement = $1"
    assert tuple(await driver.fetchrow(plans, found.text)) == (2, 5)


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
