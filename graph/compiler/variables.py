"""The variables of one operation: graphql-core's values; what does not depend on them is found once."""

# pyright: standard
# Not strict: what graphql-core brings is untyped.
from collections.abc import Mapping
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLID,
    GraphQLSchema,
    GraphQLString,
    OperationDefinitionNode,
    get_nullable_type,
)
from graphql.execution.get_variable_signature import get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource, get_variable_values
from graphql.pyutils import Undefined

from graph.compiler.coercion import coercion

NO_VALUES = VariableValues({}, {})
_PLAIN = frozenset({str, int, float, bool, type(None)})


class Variables:
    """Those that an operation defines."""

    def __init__(self, schema: GraphQLSchema, operation: OperationDefinitionNode) -> None:
        self._schema, self._definitions = schema, operation.variable_definitions or ()
        signatures = [get_variable_signature(schema, each) for each in self._definitions]
        known = [each for each in signatures if not isinstance(each, GraphQLError)]
        self._known = {each.name: each for each in known} if len(known) == len(signatures) else None
        self._coercions = {each.name: coercion(each.type) for each in known}
        self._texts = {
            each.name for each in known if get_nullable_type(each.type) in {GraphQLID, GraphQLString}
        }

    def values(self, sent: Mapping[str, Any]) -> VariableValues:
        """The values that these stand for.

        Raises:
            GraphQLError: One of them is not as it must be.
        """
        if not self._definitions:
            return NO_VALUES
        quickly = self.plain(sent)
        if quickly is not None:
            return quickly
        found = get_variable_values(self._schema, self._definitions, dict(sent), max_errors=1)
        if isinstance(found, list):
            raise found[0]
        return found

    def plain(self, sent: Mapping[str, Any]) -> VariableValues | None:
        """The values, where all are given, as they must be, and hardly nested; else None."""
        if self._known is None:
            return None
        given: dict[str, Any] = {}
        sources: dict[str, VariableValueSource] = {}
        for name, signature in self._known.items():
            value = sent.get(name)
            if not (name in self._texts and type(value) is str):
                if value is None or not _is_flat(value):
                    return None
                coerced = self._coercions[name](value)
                if coerced is Undefined:
                    return None
            else:
                coerced = value
            given[name], sources[name] = coerced, VariableValueSource(signature, value)
        return VariableValues(sources, given)


def _is_flat(value: Any) -> bool:  # noqa: ANN401  # whatever was sent
    """Whether it is plain, or holds nothing but what is plain: then its depth needs no check."""
    if type(value) is dict:
        return all(type(each) in _PLAIN for each in value.values())
    return type(value) in _PLAIN
