"""What a transaction can run into that is nobody's mistake."""

from sqlalchemy import exc
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.orm.exc import StaleDataError

_SERIALIZATION_STATES = frozenset({"40001", "40P01"})
# Rows are never deleted, but what a composite key says of a row can change: a provider account that was
# mapped to this account when it was read is no longer. SQLite, with its one writer, cannot get there.
_FOREIGN_KEY_STATE = "23503"
_CONSTRAINT_STATES = frozenset({"23505", _FOREIGN_KEY_STATE})
_SQLITE_UNIQUE = frozenset({"SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"})

# Connection exceptions; the server is shutting down or starting; has too many connections; its disk is full.
_PASSING_STATES = ("08", "57P", "53300", "53100")
# The last two: no file may be opened just now, or its disk answers nothing.
_SQLITE_PASSING = ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_FULL", "SQLITE_CANTOPEN", "SQLITE_IOERR")


class Conflict(Exception):
    """Nothing was written; the whole operation may be run again.

    Another transaction got there first, or may do so: this one did not wait for its turn.
    """


def is_conflict(error: Exception) -> bool:
    """Whether running the transaction again can succeed, or refuse properly, where this one failed."""
    if isinstance(error, StaleDataError):
        return True
    if not isinstance(error, DBAPIError):
        return False
    state = getattr(error.orig, "sqlstate", None)
    if isinstance(error, IntegrityError):
        return state in _CONSTRAINT_STATES or getattr(error.orig, "sqlite_errorname", None) in _SQLITE_UNIQUE
    return state in _SERIALIZATION_STATES


def is_passing(error: Exception) -> bool:
    """Whether the database could not be reached, or not written to, which time mends by itself."""
    if isinstance(error, exc.TimeoutError):
        return True  # every connection of the pool is taken, perhaps by others who wait for the database
    if not isinstance(error, DBAPIError):
        return False
    if error.connection_invalidated:
        return True
    state, name = (getattr(error.orig, each, None) for each in ("sqlstate", "sqlite_errorname"))
    if name is not None:
        return name.startswith(_SQLITE_PASSING)
    # No state on PostgreSQL: the server was not reached, so it could not say one.
    return isinstance(error, OperationalError) if state is None else state.startswith(_PASSING_STATES)
