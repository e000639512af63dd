"""The limit's statements by asyncpg; where the database is, libpq's variables say."""

# pyright: basic
# Not strict: asyncpg brings no types.
import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from benchmarks.peers.limit import AGREEMENTS, CONTRACTS, Row
from benchmarks.peers.statements import statement

CONNECTIONS = 10
_ACCOUNTS = statement("accounts", "postgresql")
_AGREEMENTS = statement("agreements", "postgresql")
_CONTRACTS = statement("billing_contracts", "postgresql")
_ACCOUNT = statement("account", "postgresql")
_RENAME = statement("rename", "postgresql")


class PostgreSQL:
    """Connections by turns: asyncpg's own pool would ask the database once more whenever one comes back.

    A statement that fails leaves its connection as it is: the run ends with the first failure.
    """

    def __init__(self, connections: list[Any]) -> None:
        self._free: asyncio.LifoQueue[Any] = asyncio.LifoQueue()
        for each in connections:
            self._free.put_nowait(each)

    async def page(self, first: int) -> tuple[list[Row], Iterable[Row], Iterable[Row]]:
        connection = await self._free.get()
        try:
            await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            accounts = await connection.fetch(_ACCOUNTS, first + 1)
            agreements = await connection.fetch(_AGREEMENTS, [row[0] for row in accounts[:first]], AGREEMENTS)
            contracts = await connection.fetch(_CONTRACTS, [row[1] for row in agreements], CONTRACTS)
            await connection.execute("COMMIT")
        finally:
            self._free.put_nowait(connection)
        return accounts, agreements, contracts

    async def account(self, id: str) -> Row | None:
        return await self._row(_ACCOUNT, id)

    async def rename(self, id: str, name: str, name_fold: str) -> Row | None:
        return await self._row(_RENAME, id, name, name_fold)

    async def _row(self, statement: str, *values: str) -> Row | None:
        connection = await self._free.get()
        try:
            return await connection.fetchrow(statement, *values)
        finally:
            self._free.put_nowait(connection)


@asynccontextmanager
async def application(make: Callable[[PostgreSQL], Any]) -> AsyncGenerator[Any]:
    connections = [await asyncpg.connect(server_settings={"timezone": "UTC"}) for _ in range(CONNECTIONS)]
    try:
        yield make(PostgreSQL(connections))
    finally:
        for each in connections:
            await each.close()
