"""What is asked of a database's driver: to read one row, and to write changes, each in a single trip."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from sqlalchemy import Dialect

from repositories.alone.compiled import Values

Bound = Sequence[tuple[str, Values]]
"""The statements of one change. The first finds a row if the change may be written, else none may be run."""

Change = Callable[[], Bound | None]
"""Gives what a change writes, asked for when it can be written; None if nobody waits for it any more."""

Outcome = bool | Exception
"""Whether a change was wanted, found its row and was committed, or what failed."""


class Driver(Protocol):
    async def read(self, text: str, values: Values) -> Sequence[Any] | None:
        """Read one row, if there is one, outside of any transaction."""
        ...

    async def write(self, changes: Sequence[Change]) -> Sequence[Outcome]:
        """Write each change, all of it or nothing: one that fails takes none of the others with it."""
        ...


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
