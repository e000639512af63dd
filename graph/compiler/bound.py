"""A plan with the values of one request: the statements it runs, kept for requests with the same values."""

# pyright: standard
# Not strict: what graphql-core and Strawberry bring is untyped.
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import orjson
from graphql import GraphQLError
from graphql.execution.values import VariableValues, get_argument_values
from sqlalchemy import Dialect
from strawberry.types.arguments import convert_arguments

from graph.compiler.plan import Connection, Level, Plan
from graph.compiler.sql import (
    Written,
    count_statement,
    decoders,
    left_to_sort,
    page_statement,
    row_statement,
    write,
)
from graph.paging import Request
from graph.reader import Reader
from graph.schema import Schema

_MOST_KEPT = 1_000
_LONGEST_KEY = 200
"""Bytes of variables up to which what was made of them is kept."""


@dataclass(frozen=True, eq=False)
class BoundRows:
    """Rows by their keys."""

    rows: Written


@dataclass(frozen=True, eq=False)
class BoundPage:
    """The pages of a connection.

    Attributes:
        request: What is asked of each.
        rows: The statement that finds their rows.
        left_to_sort: The columns by which these have yet to be sorted, if any.
        count: The statement that counts them.
        decoders: Make values of cursors of those of the order's columns.
    """

    request: Request
    rows: Written | None
    left_to_sort: tuple[int, ...]
    count: Written | None
    decoders: Sequence[Callable[[Any], Any] | None]


Bound: TypeAlias = BoundRows | BoundPage | str
"""A text says what is wrong with the arguments. Not the error: whenever it is raised, it would hold on to one
request more."""


class Given(NamedTuple):
    """What a request gives: variables as sent and as coerced, the reader with its caller, the dialect of SQL.

    `held` is the payload whose references are read, if they are.
    """

    sent: Mapping[str, Any]
    variables: VariableValues
    reader: Reader
    dialect: Dialect
    held: object = None


class Binder:
    """Binds plans of one schema, a level when it is reached, in whichever thread that is."""

    def __init__(self, schema: Schema) -> None:
        self._config, self._scalars = schema.config, schema.schema_converter.scalar_registry
        self._kept: OrderedDict[Hashable, Bound] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """How many bound levels are kept."""
        return len(self._kept)

    def kept(self, plan: Plan, level: Level, given: Given) -> Bound | None:
        """A level of the plan with the values of the request, if it is known."""
        key = _key(plan, level, given)
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
            return found

    def bind(self, plan: Plan, level: Level, given: Given) -> Bound:
        """The same, made anew, which takes milliseconds, and is kept."""
        made = self._made(level, given)
        key = _key(plan, level, given)
        if key is not None:
            with self._lock:
                self._kept[key] = made
                if len(self._kept) > _MOST_KEPT:
                    self._kept.popitem(last=False)
        return made

    def _made(self, level: Level, given: Given) -> Bound:
        caller, dialect = given.reader.caller, given.dialect
        if level.connection is None:
            return BoundRows(write(row_statement(level, caller, dialect), dialect))
        try:
            request = self._request(level.connection, given)
        except GraphQLError as error:
            return error.message
        rows = write(page_statement(level, request, caller, dialect), dialect) if level.rows else None
        counts = "count" in level.facts
        count = write(count_statement(request, caller, dialect), dialect) if counts else None
        columns = left_to_sort(level, request, dialect)
        return BoundPage(request, rows, columns, count, decoders(request, dialect))

    def _request(self, connection: Connection, given: Given) -> Request:
        """The page that is asked for, checked as the ordinary path does."""
        values = get_argument_values(connection.definition, connection.node, given.variables)
        field = connection.field
        converted = convert_arguments(values, field.arguments, self._scalars, self._config)
        return field.request(converted, given.reader.key, given.reader.limits)


def _key(plan: Plan, level: Level, given: Given) -> Hashable:
    """What a bound level depends on; None if it is too much to be kept."""
    reader, dialect = given.reader, given.dialect.name
    if level.connection is None:
        return plan.serial, level.number, dialect, reader.caller
    values = _values(level.connection, given.sent)
    if values is None:
        return None
    return plan.serial, level.number, values, dialect, reader.caller, reader.limits, reader.key


def _values(connection: Connection, sent: Mapping[str, Any]) -> bytes | None:
    """What the connection's arguments depend on; None if it is too much to be kept, or no JSON."""
    if not connection.variables:
        return b""
    try:
        values = orjson.dumps([[name, sent[name]] for name in connection.variables if name in sent])
    except TypeError:
        return None
    return values if len(values) <= _LONGEST_KEY else None
