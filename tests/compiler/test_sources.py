"""What plans read from: given up in time, and replaced by the ordinary path where it does not answer."""

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from support.library.engines import SCHEMA, Library, answer_of, number, open_library
from support.library.models import Author, Book
from support.library.seed import fill

import graph
from agreements_api.database import Database
from graph.compiler import Plans
from graph.compiler.postgresql import PostgreSQLSource
from graph.compiler.sqlite import SQLiteSource
from graph.source import Source

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
    source = PostgreSQLSource(
        f"postgresql://nobody@127.0.0.1:{unused_tcp_port_factory()}/nothing", options="", most=2
    )
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


async def test_a_long_plan_lets_short_ones_pass(empty_database_url: str) -> None:
    async with open_library(empty_database_url, plans=True) as library:
        await fill(library, 1)
        await library.data(BOOKS)
        long = asyncio.create_task(library.ask(LONG))
        await asyncio.sleep(0.1)

        async with asyncio.timeout(2):
            assert await library.data(BOOKS) == {"books": {"totalCount": 3}}

        assert not long.done()
        long.cancel()
        await asyncio.gather(long, return_exceptions=True)


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
