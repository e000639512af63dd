"""How the two drivers read one row and write one change, each in a single trip to the database."""

import sqlite3
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from repositories.compiled import Values

if TYPE_CHECKING:  # only one of them is used by a process
    import aiosqlite
    import psycopg

R = TypeVar("R")

Bound = Sequence[tuple[str, Values]]


class Driver(Protocol):
    async def read(self, text: str, values: Values) -> Sequence[Any] | None:
        """Read one row, if there is one, outside of any transaction."""
        ...

    async def write(self, statements: Bound) -> bool:
        """Run and commit the statements as one transaction if the first finds a row; says whether it did."""
        ...


class Sqlite:
    """Runs a whole transaction on the driver's thread at once: the way there costs more than the work."""

    def __init__(self, connection: "aiosqlite.Connection") -> None:
        self._connection = connection

    async def read(self, text: str, values: Values) -> Sequence[Any] | None:
        def run(raw: sqlite3.Connection) -> Sequence[Any] | None:
            return raw.execute(text, values).fetchone()

        return await self._run(run)

    async def write(self, statements: Bound) -> bool:
        def run(raw: sqlite3.Connection) -> bool:
            raw.execute("BEGIN IMMEDIATE")
            try:
                done = _run_all(raw, statements)
                raw.execute("COMMIT" if done else "ROLLBACK")
            finally:
                if raw.in_transaction:
                    raw.execute("ROLLBACK")
            return done

        return await self._run(run)

    async def _run(self, function: Callable[[sqlite3.Connection], R]) -> R:
        driver: Any = self._connection
        return await driver._execute(function, driver._conn)  # noqa: SLF001  # there is no public way


def _run_all(raw: sqlite3.Connection, statements: Bound) -> bool:
    first, *others = statements
    if raw.execute(*first).rowcount != 1:
        return False
    for each in others:
        raw.execute(*each)
    return True


class Postgresql:
    """Sends statements that are transactions of their own: without BEGIN and COMMIT around them."""

    def __init__(self, connection: "psycopg.AsyncConnection[Any]") -> None:
        self._connection = connection

    async def read(self, text: str, values: Values) -> Sequence[Any] | None:
        connection = self._connection
        if not connection.autocommit:  # and then it stays so: see `AtHand`
            await connection.set_autocommit(True)
        cursor = await connection.execute(text.encode(), values)
        return await cursor.fetchone()

    async def write(self, statements: Bound) -> bool:
        [(text, values)] = statements
        return await self.read(text, values) is not None
