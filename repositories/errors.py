"""What a transaction can run into that is nobody's mistake."""

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm.exc import StaleDataError

_SERIALIZATION_STATES = frozenset({"40001", "40P01"})
_UNIQUE_STATE = "23505"
_SQLITE_UNIQUE = frozenset({"SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"})


class Conflict(Exception):
    """Another transaction got there first: nothing was written; the whole operation may be run again."""


def is_conflict(error: Exception) -> bool:
    """Whether running the transaction again can succeed, or refuse properly, where this one failed."""
    if isinstance(error, StaleDataError):
        return True
    if not isinstance(error, DBAPIError):
        return False
    state = getattr(error.orig, "sqlstate", None)
    if isinstance(error, IntegrityError):
        return state == _UNIQUE_STATE or getattr(error.orig, "sqlite_errorname", None) in _SQLITE_UNIQUE
    return state in _SERIALIZATION_STATES
