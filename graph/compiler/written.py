"""Payloads of rows that have just been written: what is selected of their own columns is known already."""

# pyright: standard
# Not strict: SQLAlchemy's types are dynamic.
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, TypeAlias

from sqlalchemy import Boolean, Date, DateTime, Dialect, Enum, Integer, String
from sqlalchemy.types import TypeDecorator, TypeEngine, Uuid

from graph.compiler.levels import Unplannable
from graph.compiler.plan import Level, Plan, RootReference
from graph.compiler.projector import projector
from graph.compiler.sql import raw_key
from graph.mapping import mapper_of
from graph.node import written_as

Cells: TypeAlias = Callable[[Mapping[str, Any]], Sequence[Any]]
"""A level's cells, as the driver would read them, of the attributes of a row that was written."""


def as_written(plan: Plan, held: object, dialect: Dialect) -> Mapping[str, Any] | None:
    """What the plan would read of the one row that a payload refers to; None if it has to.

    Raises:
        Anomaly: graphql-core has to tell.
    """
    match plan.roots:
        case [(name, RootReference(level, attribute))]:
            node = getattr(held, attribute)
        case _:
            return None
    row = None if node is None else written_as(node)
    if row is None:
        return None
    project = plan.written.get(dialect.name)
    if project is None:
        project = plan.written[dialect.name] = _projection(level, dialect)
    return {name: project(vars(row))} if project else None


def _projection(level: Level, dialect: Dialect) -> Callable[[Mapping[str, Any]], Any] | None:
    if level.joins or level.below or level.binding.visible:
        return None
    columns = mapper_of(level.binding.model).column_attrs
    names = [cell.attribute for cell in level.cells]
    if any(cell.presence or cell.attribute not in columns for cell in level.cells):
        return None
    try:
        reads = [_read(columns[name].columns[0].type, dialect) for name in names]
    except Unplannable:
        return None
    project = projector(level)

    def projected(row: Mapping[str, Any]) -> Any:  # noqa: ANN401  # JSON
        cells = [
            value if value is None or read is None else read(value)
            for read, value in zip(reads, [row[name] for name in names], strict=True)
        ]
        [found] = project([cells], None).values()
        return found

    return projected


def _read(stored: TypeEngine[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    """What the driver makes of a value that is written and read again; None if it stays as it is.

    Raises:
        Unplannable: The database has to be asked.
    """
    kind = stored.impl if isinstance(stored, TypeDecorator) else stored
    match kind:
        case Enum() | DateTime():
            return stored.dialect_impl(dialect).bind_processor(dialect)
        case Uuid():
            return lambda value: raw_key(value, dialect)
        case Date():
            return date.isoformat
        case String() | Integer() | Boolean():
            return None
        case _:
            raise Unplannable(str(stored))
