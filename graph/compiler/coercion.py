"""How an input object is coerced: what depends on its type alone is worked out once."""

# pyright: standard
# Not strict: what graphql-core brings is untyped.
from collections.abc import Callable
from typing import Any

from graphql import (
    GraphQLID,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLString,
    get_nullable_type,
    is_required_input_field,
)
from graphql.pyutils import Undefined
from graphql.utilities import coerce_input_value
from graphql.utilities.coerce_input_value import coerce_default_value

Coercion = Callable[[Any], Any]


def coercion(type_: GraphQLInputType) -> Coercion:
    """Make what does as graphql-core's `coerce_input_value` for values of the type, of JSON and not null."""
    kind = get_nullable_type(type_)
    if isinstance(kind, GraphQLInputObjectType) and not kind.is_one_of:
        return _of_object(kind)
    return lambda value: coerce_input_value(value, type_)


def _of_object(kind: GraphQLInputObjectType) -> Coercion:
    fields = [
        (name, field, field.out_name or name, get_nullable_type(field.type) in {GraphQLID, GraphQLString})
        for name, field in kind.fields.items()
    ]
    required = [name for name, field in kind.fields.items() if is_required_input_field(field)]
    defaults = {name for name, field in kind.fields.items() if coerce_default_value(field) is not Undefined}

    def coerced(value: Any) -> Any:  # noqa: ANN401  # JSON
        if type(value) is not dict or not all(name in value for name in required):
            return Undefined
        made: dict[str, Any] = {}
        known = 0
        for name, field, attribute, is_text in fields:
            if name in value:
                known += 1
                item = value[name]
                if not (is_text and type(item) is str):
                    item = coerce_input_value(item, field.type)
                    if item is Undefined:
                        return Undefined
                made[attribute] = item
            elif name in defaults:
                made[attribute] = coerce_default_value(field)
        return kind.out_type(made) if known == len(value) else Undefined

    return coerced
