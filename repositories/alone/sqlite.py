"""SQLite by Python's own driver, on the connections of aiosqlite."""

import sqlite3
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from uuid_utils.compat import uuid7

from repositories.alone.compiled import Values
from repositories.alone.drivers import Change, Outcome

if TYPE_CHECKING:  # a process on PostgreSQL does without
    import aiosqlite

R = TypeVar("R")


def teach_ids(connection: Any) -> None:  # noqa: ANN401  # of either SQLite driver
    """Let SQL make ids, on a connection of either driver: whoever writes changes needs it."""
    connection.create_function("uuid7", 0, lambda: uuid7().hex)


class Sqlite:
    """Runs a whole transaction on the driver's thread at once: the way there costs more than the work.

    It costs several times what it takes to read one row by its key, so that is done by whoever asks.
    """

    def __init__(self, connection: "aiosqlite.Connection") -> None:
        self._connection = connection

    async def read(self, text: str, values: Values) -> Sequence[Any] | None:
        def run(raw: sqlite3.Connection) -> Sequence[Any] | None:
            return raw.execute(text, values).fetchone()

        driver: Any = self._connection
        raw: sqlite3.Connection = driver._conn  # noqa: SLF001  # there is no public way
        [patience_ms] = raw.execute("PRAGMA busy_timeout").fetchone()
        raw.execute("PRAGMA busy_timeout = 0")
        try:
            return run(raw)
        except sqlite3.OperationalError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_BUSY:  # Python's own have none
                raise
        finally:
            raw.execute(f"PRAGMA busy_timeout = {patience_ms}")
        return await self._run(run)  # which may take a while: the file is being opened, or repaired

    async def write(self, changes: Sequence[Change]) -> Sequence[Outcome]:
        def run(raw: sqlite3.Connection) -> Sequence[Outcome]:
            try:
                return _in_one_transaction(raw, changes)
            except sqlite3.Error as error:  # locked, full, away
                return [error] * len(changes)

        return await self._run(run)

    async def _run(self, function: Callable[[sqlite3.Connection], R]) -> R:
        driver: Any = self._connection
        return await driver._execute(function, driver._conn)  # noqa: SLF001  # there is no public way


def _in_one_transaction(raw: sqlite3.Connection, changes: Sequence[Change]) -> Sequence[Outcome]:
    raw.execute("BEGIN IMMEDIATE")
    try:
        outcomes = _outcomes(raw, changes)
        raw.execute("COMMIT" if True in outcomes else "ROLLBACK")
    finally:
        if raw.in_transaction:
            raw.execute("ROLLBACK")
    return outcomes


def _outcomes(raw: sqlite3.Connection, changes: Sequence[Change]) -> Sequence[Outcome]:
    """Run all of them; if one fails, once more with a savepoint for each, which takes longer."""
    raw.execute("SAVEPOINT before_all")
    try:
        return [_has_run(raw, each) for each in changes]
    except Exception:
        if not raw.in_transaction:  # it failed as a whole
            raise
    raw.execute("ROLLBACK TO before_all")
    return [_by_itself(raw, each) for each in changes]


def _by_itself(raw: sqlite3.Connection, change: Change) -> Outcome:
    raw.execute("SAVEPOINT before_one")
    try:
        outcome: Outcome = _has_run(raw, change)
    except Exception as error:
        if not raw.in_transaction:
            raise
        raw.execute("ROLLBACK TO before_one")
        outcome = error
    raw.execute("RELEASE before_one")
    return outcome


def _has_run(raw: sqlite3.Connection, change: Change) -> bool:
    statements = change()
    if statements is None:
        return False
    first, *others = statements
    if raw.execute(*first).rowcount != 1:
        return False
    for each in others:
        raw.execute(*each)
    return True
