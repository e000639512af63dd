"""What tests of the resolvers may ask for."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, insert, select
from support.contexts import Queue, Rows, a_context, rows_of
from support.databases import Databases, SqliteDatabases

from agreements_api.database import Database
from models import Base, DomainError, ErrorCode
from resolvers.context import Context

Refused = Callable[..., AbstractAsyncContextManager[None]]


@pytest.fixture(scope="session")
def shared_database_url(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    yield from databases.fresh(tmp_path_factory.mktemp("resolvers"))


@pytest.fixture
def own_or_shared_url(databases: Databases, request: pytest.FixtureRequest) -> str:
    """Name a copy of this test's own on SQLite, the one database of all these tests on PostgreSQL.

    There, emptying tables takes a fraction of the time of making a database.
    """
    sqlite = isinstance(databases, SqliteDatabases)
    return request.getfixturevalue("database_url" if sqlite else "shared_database_url")


@pytest.fixture
async def database(own_or_shared_url: str) -> AsyncIterator[Database]:
    """Open a database that is as the migrations left it."""
    async with Database(own_or_shared_url) as opened:
        if opened.is_sqlite:
            yield opened
            return
        seeded = await _everything(opened)
        yield opened
        await _restore(opened, seeded)


@pytest.fixture
def queue() -> Queue:
    return Queue()


@pytest.fixture
def context(database: Database, queue: Queue) -> Context:
    return a_context(database, queue)


@pytest.fixture
def rows(database: Database) -> Rows:
    return rows_of(database)


@pytest.fixture
def refused(database: Database) -> Refused:
    """Expect a refusal with this code, input field and entity, which leaves every table as it was."""

    @asynccontextmanager
    async def expect(code: ErrorCode, *field: str, entity: UUID | None = None) -> AsyncIterator[None]:
        before = await _everything(database)
        with pytest.raises(DomainError) as refusal:
            yield
        error = refusal.value
        assert (error.code, error.field or (), error.entity) == (code, field, entity), error.message
        assert error.message.endswith((".", "?"))
        assert await _everything(database) == before

    return expect


async def _restore(database: Database, rows: dict[str, list[Any]]) -> None:
    async with database.writes.begin() as connection:
        for table in reversed(Base.metadata.sorted_tables):
            await connection.execute(delete(table))
        for table in Base.metadata.sorted_tables:
            if rows[table.name]:
                await connection.execute(insert(table), [row._asdict() for row in rows[table.name]])


async def _everything(database: Database) -> dict[str, list[Any]]:
    async with database.reads.connect() as connection:
        return {
            name: sorted((await connection.execute(select(table))).all(), key=repr)
            for name, table in Base.metadata.tables.items()
        }
