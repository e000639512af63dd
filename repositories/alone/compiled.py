"""Statements made ready once for the driver itself: their text, and how values get in and out."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import ClauseElement, ColumnElement, Dialect
from sqlalchemy.sql.compiler import SQLCompiler

Values = Mapping[str, Any] | Sequence[Any]


class Compiled:
    """A statement as the driver of a dialect takes it.

    SQLAlchemy's own way from a statement to the driver costs as much processor time as the driver's answer,
    each time; this is for the few statements where that counts.
    """

    def __init__(self, statement: ClauseElement, dialect: Dialect) -> None:
        made = statement.compile(dialect=dialect)
        if not isinstance(made, SQLCompiler):
            raise TypeError(f"{type(statement).__name__} is no statement with values.")
        self.text = str(made)
        self._order = made.positiontup
        self._into = {
            name: process
            for name, bind in made.binds.items()
            if (process := bind.type.dialect_impl(dialect).bind_processor(dialect)) is not None
        }

    def values(self, given: Mapping[str, Any]) -> Values:
        """Turn the values, by the names of the statement's parameters, into what the driver takes."""
        sent = {**given}
        for name, process in self._into.items():
            sent[name] = process(sent[name])
        return sent if self._order is None else [sent[name] for name in self._order]


def result_processors(
    columns: Sequence[ColumnElement[Any]], dialect: Dialect
) -> Sequence[tuple[int, Callable[[Any], Any]]]:
    """How the driver's values of the columns become Python's: by place, where they are not that already."""
    return [
        (place, process)
        for place, column in enumerate(columns)
        if (process := column.type.dialect_impl(dialect).result_processor(dialect, None)) is not None
    ]
