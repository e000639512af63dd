"""Serves the models' enums with a description of every value, which Strawberry alone does not ask for."""

# pyright: standard
# Not strict: what Strawberry, SQLAlchemy and JSON bring is untyped.
from enum import Enum
from typing import Any

import strawberry


def enum(cls: type[Enum], description: str, /, name: str | None = None, **values: str) -> None:
    """Make an enum of the models part of the schema; call it for its effect.

    Args:
        cls: Its member names become the GraphQL values.
        description: What the enum says.
        name: In the schema; the class's name by default.
        values: What each member means, by name.

    Raises:
        TypeError: A member is not described, or a name is not a member.
    """
    if set(values) != set(cls.__members__):
        odd = sorted(set(values) ^ set(cls.__members__))
        raise TypeError(f"{cls.__name__}: describe exactly its members; see {', '.join(odd)}.")
    if not hasattr(cls, "__strawberry_definition__"):
        strawberry.enum(cls)
    # Strawberry may have met the enum before, in an annotation, and holds on to what it made of it then.
    definition: Any = cls.__strawberry_definition__  # type: ignore[attr-defined]  # set by `strawberry.enum`
    definition.name, definition.description = name or cls.__name__, description
    for value in definition.values:
        value.description = values[value.name]
