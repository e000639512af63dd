"""The limit's statements by sqlite3, on the loop's thread: it waits for them, and so does everybody else."""

# pyright: basic
# Not strict: rows are untyped.
import os
import sqlite3
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson

from benchmarks.peers.ids import dashed, instant
from benchmarks.peers.limit import AGREEMENTS, CONTRACTS, Row
from benchmarks.peers.statements import statement

_ACCOUNTS = statement("packed_accounts", "sqlite")
_AGREEMENTS = statement("packed_agreements", "sqlite")
_CONTRACTS = statement("packed_billing_contracts", "sqlite")
_ACCOUNT = statement("account", "sqlite")
_RENAME = statement("rename", "sqlite")
# As our own server opens it: what was answered outlives a power cut.
_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000")


class SQLite:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._ask = connection.execute

    async def page(self, first: int) -> tuple[list[Row], Iterable[Row], Iterable[Row]]:
        self._ask("BEGIN")
        accounts = self._rows(_ACCOUNTS, first + 1)
        ids = orjson.dumps([row[0] for row in accounts[:first]]).decode()
        agreements = self._rows(_AGREEMENTS, ids, AGREEMENTS)
        ids = orjson.dumps([row[1] for row in agreements]).decode()
        contracts = self._rows(_CONTRACTS, ids, CONTRACTS)
        self._ask("COMMIT")
        return (
            [(dashed(row[0]), *row[1:6], instant(row[6]), row[7]) for row in accounts],
            [(row[0], dashed(row[1]), *row[2:]) for row in agreements],
            contracts,
        )

    def _rows(self, statement: str, *values: object) -> list[Row]:
        """The rows of a page: in one text of JSON, as our own server reads them, too."""
        [[text]] = self._ask(statement, values).fetchall()
        return orjson.loads(f"[{text or ''}]")

    async def account(self, id: str) -> Row | None:
        row = self._ask(_ACCOUNT, (UUID(id).hex,)).fetchone()
        return row and (dashed(row[0]), *row[1:4], instant(row[4]))

    async def rename(self, id: str, name: str, name_fold: str) -> Row | None:
        now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
        # All rows, of which there is one at most: until then nothing is committed.
        rows = self._ask(_RENAME, (UUID(id).hex, name, name_fold, now)).fetchall()
        return (dashed(rows[0][0]), rows[0][1]) if rows else None


@asynccontextmanager
async def application(make: Callable[[SQLite], Any]) -> AsyncGenerator[Any]:
    with closing(sqlite3.connect(os.environ["SQLITE_FILE"], isolation_level=None)) as connection:
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        yield make(SQLite(connection))
