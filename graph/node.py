"""What has an id of its own: the Relay interface, and references that are read when a client selects them."""

from typing import Any, Self
from uuid import UUID

import strawberry
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.field import StrawberryField

from graph.binding import Binding
from graph.dynamic import Declared, Value
from graph.ids import encode_id

_WRITTEN = "written as"
"""No field is called so."""


class IdField(StrawberryField):
    """Serves the row's id as a global id."""

    def get_result(self, source: Any, info: Any, args: list[Any], kwargs: Any) -> str:  # noqa: ANN401  # Strawberry's signature
        return encode_id(source.__strawberry_definition__.name, source.id)


def _id_field() -> Declared:
    return IdField(
        type_annotation=StrawberryAnnotation(strawberry.ID),
        description="Global id: opaque, unique across types, good for `node`.",
    )


@strawberry.interface(description="Anything with a global id.")
class Node:
    """A row that `node(id)` finds. In Python `id` is the row's own; the global id is made when served."""

    id: UUID = _id_field()

    @classmethod
    def ref(cls, id: UUID, written: object = None) -> Self:
        """Stand for a row by its id alone: for payloads, whose `reference` fields read what is selected.

        Args:
            id: The row's.
            written: The model's instance of the row, if that has just been committed as it says here: what is
                selected of its own columns need not be read again.
        """
        node = object.__new__(cls)
        node.__dict__["id"] = id
        if written is not None:
            node.__dict__[_WRITTEN] = written
        return node


def written_as(node: Node) -> Any:  # noqa: ANN401  # an instance of the model
    """The instance that a reference was given, if any."""
    return node.__dict__.get(_WRITTEN)


def shown(binding: Binding, values: Value) -> Any:  # noqa: ANN401  # an instance of the binding's type
    """An instance of the binding's type for a row; None for None."""
    if values is None:
        return None
    instance = object.__new__(binding.cls)
    instance.__dict__.update(values)
    instance.__dict__.update(
        {item.name: item.build(*(values[source] for source in item.sources)) for item in binding.composites}
    )
    instance.__dict__.update({name: values[source] for name, source in binding.renamed})
    return instance
