"""How inputs are made of what was sent: worked out once, where Strawberry does so for each that is sent."""

# pyright: standard
# Not strict: what graphql-core and Strawberry bring is untyped.
from collections.abc import Mapping
from dataclasses import MISSING
from typing import Any

from graphql import GraphQLInputObjectType, GraphQLSchema, get_nullable_type, is_leaf_type
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.arguments import InputContext
from strawberry.types.base import StrawberryObjectDefinition

_BACKREF = GraphQLCoreConverter.DEFINITION_BACKREF


def prepare_inputs(schema: GraphQLSchema) -> None:
    """Let the inputs of a schema be made more quickly; those that are made otherwise stay as they are."""
    for served in schema.type_map.values():
        if isinstance(served, GraphQLInputObjectType):
            definition: StrawberryObjectDefinition | None = served.extensions.get(_BACKREF)
            if definition is not None and definition.from_input is None:
                definition.from_input = _Maker(definition, served)


class _Maker:
    """Makes inputs of one type; scalars and enumerations are what graphql-core has made of them."""

    def __init__(self, definition: StrawberryObjectDefinition, served: GraphQLInputObjectType) -> None:
        self._missing = {
            field.python_name: None
            for field in definition.fields
            if field.default_value is MISSING and field.default_factory is MISSING
        }
        self._leaves: dict[str, str] = {}
        self._others: dict[str, tuple[str, Any]] = {}
        for name, item in served.fields.items():
            field = item.extensions[_BACKREF]
            if is_leaf_type(get_nullable_type(item.type)):
                self._leaves[name] = field.python_name
            else:
                self._others[name] = field.python_name, field.resolve_type(type_definition=definition)

    def __call__(self, cls: type[Any], sent: Mapping[str, Any], context: InputContext) -> Any:  # noqa: ANN401  # an input
        values: dict[str, Any] = {**self._missing}
        for name, value in sent.items():
            if name in self._leaves:
                values[self._leaves[name]] = value
            else:
                attribute, kind = self._others[name]
                values[attribute] = context.convert(value, kind, name)
        return cls(**values)
