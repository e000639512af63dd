"""Serves the models' enums with a description of every value, which Strawberry alone does not ask for."""

from enum import Enum

import strawberry


def enum(cls: type[Enum], description: str, /, **values: str) -> None:
    """Make an enum of the models part of the schema; call it for its effect.

    Args:
        cls: Its member names become the GraphQL values.
        description: What the enum says.
        values: What each member means, by name.

    Raises:
        TypeError: A member is not described, or a name is not a member.
    """
    if set(values) != set(cls.__members__):
        odd = sorted(set(values) ^ set(cls.__members__))
        raise TypeError(f"{cls.__name__}: describe exactly its members; see {', '.join(odd)}.")
    strawberry.enum(cls, description=description)
    for value in cls.__strawberry_definition__.values:  # type: ignore[attr-defined]  # set by the line above
        value.description = values[value.name]
