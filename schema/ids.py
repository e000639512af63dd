"""Global ids in mutations: what names nothing of ours is not found, like an id without a row."""

import re
from collections.abc import Sequence
from typing import TypeAlias
from uuid import UUID

import strawberry

from graph import Node, parse_id
from resolvers.errors import NotFound

_WORD = re.compile(r"(?<!^)(?=[A-Z])")

OptionalId: TypeAlias = strawberry.ID | None


def required_id(text: strawberry.ID, node: type[Node], *field: str) -> UUID:
    """The row's id.

    Args:
        text: A global id as a client gave it.
        node: The type it must name.
        field: Path of the input field.

    Raises:
        NotFound: It is no id, or one of another type: to the caller that is the same.
    """
    try:
        return parse_id(text, node.__name__)
    except ValueError as error:
        raise NotFound(_WORD.sub(" ", node.__name__).lower(), *field) from error


def optional_id(text: OptionalId, node: type[Node], *field: str) -> UUID | None:
    """The row's id, None for null or absent; raises as `required_id` does."""
    return None if text is None or text is strawberry.UNSET else required_id(text, node, *field)


def many_ids(texts: Sequence[strawberry.ID], node: type[Node], *field: str) -> tuple[UUID, ...]:
    """The rows' ids in order; raises as `required_id` does, with the place in the list at the path's end."""
    return tuple(required_id(text, node, *field, str(at)) for at, text in enumerate(texts))
