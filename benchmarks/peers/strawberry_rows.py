"""What tuned Strawberry reads: one statement a level, by SQLAlchemy without its ORM."""

# pyright: basic
# Not strict: rows of statements that are written out are untyped.
import os
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from benchmarks.peers.ids import dashed
from benchmarks.peers.statements import Dialect, statement

Row = Sequence[Any]
_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000")


def make_engine(dialect: Dialect, **options: Any) -> AsyncEngine:  # noqa: ANN401 -- SQLAlchemy's
    """Make an engine; `AUTOCOMMIT` is for where every statement may be a transaction of its own."""
    if dialect == "postgresql":  # where it is, libpq's variables say
        return create_async_engine(
            "postgresql+asyncpg://", connect_args={"server_settings": {"timezone": "UTC"}}, **options
        )
    engine = create_async_engine(f"sqlite+aiosqlite:///{os.environ['SQLITE_FILE']}", **options)

    @event.listens_for(engine.sync_engine, "connect")
    def _(connection: Any, _entry: object) -> None:  # noqa: ANN401 -- the driver's
        cursor = connection.cursor()
        for pragma in _PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return engine


class Rows:
    """The statements; ids come and go as text with dashes, whatever the database keeps."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._sqlite = engine.dialect.name == "sqlite"

    async def accounts(self, limit: int) -> Iterable[Row]:
        found = await self._all("accounts", limit)
        if not self._sqlite:
            return found
        return [(dashed(row[0]), *row[1:6], _instant(row[6]), row[7]) for row in found]

    async def agreements(self, account_ids: Sequence[str], limit: int) -> Iterable[Row]:
        found = await self._all("agreements", self._ids(account_ids), limit)
        if not self._sqlite:
            return found
        return [(row[0], dashed(row[1]), *row[2:5], _day(row[5]), *row[6:]) for row in found]

    async def billing_contracts(self, agreement_ids: Sequence[str], limit: int) -> Iterable[Row]:
        return await self._all("billing_contracts", self._ids(agreement_ids), limit)

    async def account(self, id: str) -> Row | None:
        for row in await self._all("account", self._id(id)):
            return (dashed(row[0]), *row[1:4], _instant(row[4])) if self._sqlite else row
        return None

    async def rename(self, id: str, name: str) -> Row | None:
        given = (self._id(id), name, name.lower())
        if self._sqlite:
            given += (datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f"),)
        for row in await self._all("rename", *given):
            return (dashed(row[0]), row[1]) if self._sqlite else row
        return None

    async def _all(self, name: str, *values: object) -> Sequence[Row]:
        text = statement(name, "sqlite" if self._sqlite else "postgresql")
        async with self._engine.connect() as connection:
            return (await connection.exec_driver_sql(text, values)).all()

    def _id(self, id: str) -> str:
        return UUID(id).hex if self._sqlite else id

    def _ids(self, ids: Sequence[str]) -> object:
        return orjson.dumps([UUID(each).hex for each in ids]).decode() if self._sqlite else ids


def _instant(stored: str) -> datetime:
    return datetime.fromisoformat(stored).replace(tzinfo=UTC)


def _day(stored: str | None) -> date | None:
    return date.fromisoformat(stored) if stored else None
