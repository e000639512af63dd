"""How inputs are made of what was sent: worked out once, where Strawberry does so each time."""

# pyright: standard
# Not strict: what graphql-core and Strawberry bring is untyped.
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import MISSING
from typing import Any, cast

from graphql import (
    GraphQLInputObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    get_nullable_type,
    is_leaf_type,
)
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.arguments import InputContext
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.field import StrawberryField

_BACKREF = GraphQLCoreConverter.DEFINITION_BACKREF


def prepare_inputs(schema: GraphQLSchema) -> None:
    """Let the inputs of a schema be made more quickly; those that are made otherwise stay as they are."""
    for served in schema.type_map.values():
        if isinstance(served, GraphQLInputObjectType):
            definition: StrawberryObjectDefinition | None = served.extensions.get(_BACKREF)
            if definition is not None and definition.from_input is None:
                definition.from_input = _Maker(definition, served)


def prepare_mutations(schema: GraphQLSchema, converter: GraphQLCoreConverter) -> None:
    """Let the mutations be called more quickly that take nothing but an input of those that are prepared."""
    for served in () if schema.mutation_type is None else schema.mutation_type.fields.values():
        direct = _direct(served.extensions[_BACKREF], converter)
        if direct is not None:
            served.resolve = direct


def _direct(field: StrawberryField, converter: GraphQLCoreConverter) -> Callable[..., Awaitable[Any]] | None:
    """How a field is resolved that takes `self`, `info` and one input; None for others.

    Strawberry asks each time for the names of arguments, what they become, and which of `self`, `info` and
    others the resolver wants, in seven calls.
    """
    resolver = field.base_resolver
    if resolver is None or field.extensions or len(field.arguments) != 1:
        return None
    [argument] = field.arguments
    definition: StrawberryObjectDefinition | None = getattr(argument.type, "__strawberry_definition__", None)
    make = None if definition is None else definition.from_input
    if make is None or definition is None or not (resolver.self_parameter and resolver.info_parameter):
        return None
    if resolver.root_parameter or resolver.parent_parameter or type(field) is not StrawberryField:
        return None
    sent_as = converter.config.name_converter.from_argument(argument)
    config, scalars, path = converter.config, converter.scalar_registry, (sent_as,)
    call = cast("Callable[..., Any]", resolver.wrapped_func)  # a method: it takes `self`
    kind, input_name, info_name = definition.origin, argument.python_name, resolver.info_parameter.name

    def resolve(source: Any, core: GraphQLResolveInfo, /, **sent: Any) -> Awaitable[Any]:  # noqa: ANN401  # a root, and JSON
        info = config.info_class(_raw_info=core, _field=field)
        context = InputContext(info=info, config=config, scalar_registry=scalars, path=path)
        return call(source, **{info_name: info, input_name: make(kind, sent[sent_as], context)})

    return resolve


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
