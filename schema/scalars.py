"""Dates and instants as clients write and read them: one form each, no other is understood."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import strawberry
from graphql import GraphQLError, ValueNode, value_from_ast_untyped
from strawberry.types.scalar import ScalarDefinition

from graph.uploads import UPLOAD, Upload

T = TypeVar("T")

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})", re.ASCII)


def parse_date(value: object) -> date:
    if isinstance(value, str) and _DATE.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise GraphQLError("A Date is a day of the calendar, written YYYY-MM-DD.")


def parse_instant(value: object) -> datetime:
    if isinstance(value, str) and _INSTANT.fullmatch(value):
        try:
            return datetime.fromisoformat(value).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise GraphQLError("A DateTime is an instant in ISO 8601 with its zone, e.g. 2026-01-31T09:00:00Z.")


def show_date(value: date) -> str:
    return value.isoformat()


def show_instant(value: datetime) -> str:
    return value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def _in_documents(parse: Callable[[object], T]) -> Callable[[ValueNode, dict[str, Any] | None], T]:
    """The same for a value in a document: what is wrong with it is told with its place."""

    def parse_literal(node: ValueNode, variables: dict[str, Any] | None = None) -> T:
        try:
            return parse(value_from_ast_untyped(node, variables))
        except GraphQLError as error:
            raise GraphQLError(error.message, node) from None

    return parse_literal


SCALARS: Mapping[object, ScalarDefinition] = {
    Upload: UPLOAD,
    date: strawberry.scalar(
        name="Date",
        description="Calendar date, YYYY-MM-DD.",
        serialize=show_date,
        parse_value=parse_date,
        parse_literal=_in_documents(parse_date),
    ),
    datetime: strawberry.scalar(
        name="DateTime",
        description="Instant, ISO 8601 with Z.",
        serialize=show_instant,
        parse_value=parse_instant,
        parse_literal=_in_documents(parse_instant),
    ),
}
