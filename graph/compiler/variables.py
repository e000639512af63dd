"""The variables of one operation: graphql-core's values, but what is plainly text is not looked at twice."""

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

_NONE = VariableValues({}, {})


class Variables:
    """Those that an operation defines."""

    def __init__(self, schema: GraphQLSchema, operation: OperationDefinitionNode) -> None:
        self._schema, self._definitions = schema, operation.variable_definitions or ()
        signatures = [get_variable_signature(schema, each) for each in self._definitions]
        known = [each for each in signatures if not isinstance(each, GraphQLError)]
        texts = [each for each in known if get_nullable_type(each.type) in {GraphQLID, GraphQLString}]
        self._texts = {each.name: each for each in texts} if len(texts) == len(signatures) else None

    def values(self, sent: Mapping[str, Any]) -> VariableValues:
        """The values that these stand for.

        Raises:
            GraphQLError: One of them is not as it must be.
        """
        if not self._definitions:
            return _NONE
        if self._texts is not None:
            given, sources = dict[str, Any](), dict[str, VariableValueSource]()
            for name, signature in self._texts.items():
                value = sent.get(name)
                if type(value) is not str:
                    break
                given[name], sources[name] = value, VariableValueSource(signature, value)
            else:
                return VariableValues(sources, given)
        found = get_variable_values(self._schema, self._definitions, dict(sent), max_errors=1)
        if isinstance(found, list):
            raise found[0]
        return found
