"""How a column's value, as the driver gives it, becomes what the schema says, in JSON."""

# pyright: standard
# Not strict: graphql-core's and SQLAlchemy's types are dynamic.
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, UTC, date, datetime
from functools import lru_cache
from typing import Any

import orjson
from graphql import GraphQLEnumType, GraphQLNamedType, GraphQLScalarType
from sqlalchemy import BigInteger, Boolean, Date, DateTime, Dialect, Enum, Integer, String
from sqlalchemy.types import TypeDecorator, TypeEngine

from graph.responses import OPTIONS

_INT = 2**31
_DAY = len("2026-01-31")
_SAMPLES: Mapping[type[Any], tuple[Any, ...]] = {
    date: (date(1, 1, 1), date(2026, 1, 31), date(9999, 12, 31)),
    datetime: (
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(2026, 1, 31, 9, 0, 0, 120, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    ),
}


class Anomaly(Exception):
    """A value that the schema does not allow, or that no plan can tell: graphql-core has to answer."""


@dataclass(frozen=True, eq=False)
class Output:
    """How a value becomes JSON.

    Without attributes the value is JSON already.

    Attributes:
        function: Called with each value that is not NULL.
        table: Instead of a function: the values there are, by what the driver gives.
        check: Instead of either: a Python expression of `{0}` that is true of values that are JSON already.
    """

    function: Callable[[Any], Any] | None = None
    table: Mapping[Any, Any] | None = None
    check: str | None = None


AS_IT_IS = Output()


def output(served: GraphQLNamedType, stored: TypeEngine[Any], dialect: Dialect) -> Output | None:  # noqa: PLR0911  # one for each type
    """What shows a column of one type as a field of another; None if that takes graphql-core."""
    sqlite = dialect.name == "sqlite"
    kind = stored.impl if isinstance(stored, TypeDecorator) else stored
    match kind:
        case Enum() if isinstance(served, GraphQLEnumType):
            return _enum(served, kind)
        case Boolean() if served.name == "Boolean":
            return Output(table={0: False, 1: True}) if sqlite else AS_IT_IS
        case Integer() if served.name == "Int":
            fits = not sqlite and not isinstance(kind, BigInteger)
            return AS_IT_IS if fits else Output(check=f"type({{0}}) is int and {-_INT} <= {{0}} < {_INT}")
        case String() if served.name == "String" and not isinstance(kind, Enum):
            return AS_IT_IS
        case Date() if _is_iso(served, date):
            # PostgreSQL knows days that have no such form, and infinity; SQLite takes any text.
            return Output(day) if sqlite else Output(check=f"len({{0}}) == {_DAY}")
        case DateTime() if _is_iso(served, datetime):
            return Output(instant if sqlite else _finite)
        case _:
            return None


@lru_cache(maxsize=1024)
def day(text: str) -> str:
    """A day as SQLite has it: in ISO 8601. There are few in many rows."""
    try:
        date.fromisoformat(text)
    except ValueError:
        raise Anomaly(text) from None
    if len(text) != _DAY or text[7] != "-":  # another form of ISO 8601
        raise Anomaly(text)
    return text


def _finite(value: datetime) -> datetime:
    """An instant as it is, unless it is what asyncpg makes of infinity."""
    if value.year in {MINYEAR, MAXYEAR}:
        raise Anomaly(value)
    return value


def instant(text: str) -> str:
    """An instant as SQLite has it, in UTC and ISO 8601."""
    if len(text) != 26 or text[10] != " ":  # noqa: PLR2004  # as long as SQLAlchemy writes it
        raise Anomaly(text)
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise Anomaly(text) from None
    end = 19 if text.endswith(".000000") else 26
    return f"{text[:10]}T{text[11:end]}Z"


def _enum(served: GraphQLEnumType, stored: Enum) -> Output | None:
    """The members by the text that is stored for them."""
    cls = stored.enum_class
    if cls is None:
        return None
    by_text = {text: cls[name] for text, name in zip(stored.enums, cls.__members__, strict=True)}
    return Output(table={text: served.serialize(member) for text, member in by_text.items()})


def _is_iso(served: GraphQLNamedType, cls: type[Any]) -> bool:
    """Whether the schema's scalar writes such values as orjson does, and SQLite keeps them."""
    if not isinstance(served, GraphQLScalarType):
        return False
    try:
        return all(_written(value) == served.serialize(value) for value in _SAMPLES[cls])
    except (TypeError, ValueError, AttributeError):
        return False


def _written(value: Any) -> str:  # noqa: ANN401  # a sample
    return orjson.loads(orjson.dumps(value, option=OPTIONS))


def decoder(stored: TypeEngine[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    """What makes of a driver's value the one of the model; None where they are the same."""
    return stored.dialect_impl(dialect).result_processor(dialect, None)
