"""How the two drivers read one row and write one change, each in a single trip to the database."""

import sqlite3
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from sqlalchemy import Dialect

from repositories.compiled import Values

if TYPE_CHECKING:  # a process on PostgreSQL does without
    import aiosqlite

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


def as_dbapi(error: Exception, connection: Any, dialect: Dialect) -> Any:  # noqa: ANN401  # the dialect's
    """What a driver raised as SQLAlchemy knows it; None for what has nothing to do with the database."""
    known: Any = dialect.loaded_dbapi
    try:
        connection._handle_exception(error)  # noqa: SLF001  # there is no public way
    except known.Error as adapted:
        return adapted
    except OSError as lost:
        return known.OperationalError(str(lost), lost)
    except Exception:  # noqa: BLE001  # it is raised again
        return None
    return None
