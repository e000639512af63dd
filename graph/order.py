"""What a connection can be ordered by: an enum of fields, each standing for one indexed key of the model."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, cast

import strawberry

from graph.enums import enum
from graph.errors import CodedError


class OrderDirection(Enum):
    ASC = "ASC"
    DESC = "DESC"


enum(
    OrderDirection,
    "Which end of an order comes first.",
    ASC="Smallest, earliest or first by alphabet first; rows without a value last.",
    DESC="Greatest, latest or last by alphabet first; rows without a value first.",
)


@dataclass(frozen=True)
class By:
    """One field of an order: the model's attribute that it sorts by, and what the client reads about it."""

    attribute: str
    description: str


@dataclass(frozen=True)
class Key:
    """One key of a chosen order. The attribute is never null: see `by`."""

    attribute: str
    descending: bool = False


@dataclass(frozen=True)
class Order:
    """The orders that a type's connections offer."""

    input: type[Any]
    fields: dict[str, By]


def by(attribute: str, description: str) -> By:
    """An order field over a column or hybrid of the model.

    The attribute must not be null: for a nullable column name a hybrid that coalesces to the greatest value,
    which puts the rows without one last ascending and first descending.
    """
    return By(attribute, description)


def descending(attribute: str) -> Key:
    return Key(attribute, descending=True)


def ascending(attribute: str) -> Key:
    return Key(attribute)


def order(type_name: str, /, **fields: By) -> Order:
    """Declare `<type_name>Order` and `<type_name>OrderField`.

    Args:
        type_name: The GraphQL type whose connections are ordered.
        fields: Each value of the enum, in upper case, made by `by`.
    """
    names = cast("type[Enum]", Enum(f"{type_name}OrderField", [(name, name) for name in fields]))
    enum(
        names,
        f"What {type_name} connections can be ordered by.",
        **{name: field.description for name, field in fields.items()},
    )
    namespace = {
        "__annotations__": {"field": names, "direction": OrderDirection},
        "field": strawberry.field(description="What to order by."),
        "direction": strawberry.field(description="Which end comes first.", default=OrderDirection.ASC),
    }
    cls = type(f"{type_name}Order", (), namespace)
    description = (
        f"One key of the order of {type_name} connections; ties are broken by the next key, then by id."
    )
    return Order(cast("type[Any]", strawberry.input(cls, description=description)), fields)


def chosen_keys(
    offered: Order | None, default: Sequence[Key], values: Sequence[Any] | None
) -> tuple[Key, ...]:
    """The keys that an `orderBy` argument asks for; the tie-breaker is not among them.

    Raises:
        CodedError: BAD_ORDER, a field is named twice.
    """
    if offered is None or not values:
        return tuple(default)
    keys = [
        Key(offered.fields[value.field.name].attribute, value.direction is OrderDirection.DESC)
        for value in values
    ]
    if len({key.attribute for key in keys}) < len(keys):
        raise CodedError("orderBy names the same field twice.", code="BAD_ORDER")
    return tuple(keys)
