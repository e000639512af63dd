"""Filters declared once: each field of an input says which condition on the model it stands for."""

# pyright: standard
# Not strict: what Strawberry, SQLAlchemy and JSON bring is untyped.
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import strawberry
from sqlalchemy import ColumnElement, not_
from strawberry import UNSET

from graph.dynamic import Alias, Declared, Value
from graph.ids import decode_id

Condition = Callable[[Alias, Value], ColumnElement[bool] | None]

_KEY = "graph.criterion"


class Through(Enum):
    """How a criterion over a to-many relationship asks for the row that the client names."""

    HAS = "has"
    LACKS = "lacks"


@dataclass(frozen=True)
class Criterion:
    """What one field of a filter means.

    `condition` works on an alias of the model. A criterion over a relationship has none: its SQL needs the
    caller's view of the related rows and is built where that is known.
    """

    attribute: str | None
    condition: Condition | None = None
    node: str | None = None
    through: Through | None = None


@dataclass(frozen=True)
class Chosen:
    """One condition that a client asked for; `value` has the model's type, ids are decoded."""

    name: str
    criterion: Criterion
    value: Value


def _field(criterion: Criterion, description: str) -> Declared:
    return strawberry.field(default=UNSET, description=description, metadata={_KEY: criterion})


def equal(attribute: str, *, description: str, node: str | None = None) -> Declared:
    """Rows whose attribute has the value.

    Args:
        attribute: Column or hybrid of the model.
        description: For the schema.
        node: For an ID: the type that it must name.
    """

    def condition(alias: Alias, value: Value) -> ColumnElement[bool]:
        column = getattr(alias, attribute)
        if isinstance(value, bool):
            return column if value else not_(column)
        return column == value

    return _field(Criterion(attribute, condition, node), description)


def not_equal(attribute: str, *, description: str, node: str | None = None) -> Declared:
    """Rows whose attribute has another value, or none."""
    return _field(
        Criterion(attribute, lambda alias, value: getattr(alias, attribute).is_distinct_from(value), node),
        description,
    )


def at_least(attribute: str, *, description: str) -> Declared:
    return _field(Criterion(attribute, lambda alias, value: getattr(alias, attribute) >= value), description)


def at_most(attribute: str, *, description: str) -> Declared:
    return _field(Criterion(attribute, lambda alias, value: getattr(alias, attribute) <= value), description)


def one_of(attribute: str, *, description: str, node: str | None = None) -> Declared:
    """Rows whose attribute has one of the values; an empty list gives none."""
    return _field(
        Criterion(attribute, lambda alias, value: getattr(alias, attribute).in_(value), node), description
    )


def is_null(attribute: str, *, description: str) -> Declared:
    """True: rows without a value in the column; false: rows with one."""

    def condition(alias: Alias, value: Value) -> ColumnElement[bool]:
        column = getattr(alias, attribute)
        return column.is_(None) if value else column.is_not(None)

    return _field(Criterion(attribute, condition), description)


def is_set(attribute: str, *, description: str) -> Declared:
    """True: rows with a value in the column; false: rows without one."""

    def condition(alias: Alias, value: Value) -> ColumnElement[bool]:
        column = getattr(alias, attribute)
        return column.is_not(None) if value else column.is_(None)

    return _field(Criterion(attribute, condition), description)


def has(relationship: str, *, description: str) -> Declared:
    """Rows related, over a to-many relationship, to the row with this id."""
    return _field(Criterion(relationship, through=Through.HAS), description)


def lacks(relationship: str, *, description: str) -> Declared:
    """Rows not related, over a to-many relationship, to the row with this id."""
    return _field(Criterion(relationship, through=Through.LACKS), description)


def criterion(condition: Condition, *, description: str, node: str | None = None) -> Declared:
    """Rows that satisfy `condition(alias, value)`; None is no condition."""
    return _field(Criterion(None, condition, node), description)


def criteria(cls: type[Any]) -> dict[str, Criterion]:
    """The criteria of a filter's fields, by Python name.

    Raises:
        TypeError: A field was not made by one of this module's functions.
    """
    found: dict[str, Criterion] = {}
    for field in cls.__strawberry_definition__.fields:
        if _KEY not in field.metadata:
            raise TypeError(f"{cls.__name__}.{field.python_name} says no condition.")
        found[field.python_name] = field.metadata[_KEY]
    return found


def chosen_criteria(
    known: Mapping[str, Criterion], values: Mapping[str, Value], prefix: str = ""
) -> Sequence[Chosen]:
    """The conditions a client gave, ids decoded; absent and null mean none.

    Raises:
        CodedError: BAD_ID, an id is malformed or names another type.
    """
    chosen: list[Chosen] = []
    for name, criterion in known.items():
        value = values.get(name)
        if value is None or value is UNSET:
            continue
        if criterion.node is not None:
            node = criterion.node
            value = (
                [decode_id(text, node) for text in value]
                if isinstance(value, list)
                else decode_id(value, node)
            )
        chosen.append(Chosen(prefix + name, criterion, value))
    return chosen
