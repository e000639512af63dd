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
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource, get_variable_values
from graphql.pyutils import Undefined

from graph.compiler.coercion import coercion

NO_VALUES = VariableValues({}, {})
_PLAIN = frozenset({str, int, float, bool, type(None)})
_OF_TEXT = frozenset({GraphQLID, GraphQLString})


class Variables:
    """Those that an operation defines."""

    def __init__(self, schema: GraphQLSchema, operation: OperationDefinitionNode) -> None:
        self._schema, self._definitions = schema, operation.variable_definitions or ()
        signatures = [get_variable_signature(schema, each) for each in self._definitions]
        self._is_sound = not any(isinstance(each, GraphQLError) for each in signatures)
        self._signatures = {each.name: each for each in signatures if not isinstance(each, GraphQLError)}
        # Of each: whether any text is right for it, and what else is.
        self._known = [
            (name, get_nullable_type(each.type) in _OF_TEXT, coercion(each.type))
            for name, each in self._signatures.items()
        ]

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
        if not self._is_sound:
            return None
        given: dict[str, Any] = {}
        for name, is_text, coerce in self._known:
            value = made = sent.get(name)
            known = is_text and type(value) is str
            if not known and (value is None or not _is_flat(value) or (made := coerce(value)) is Undefined):
                return None
            given[name] = made
        values: Any = _Values(given, self._signatures, sent)
        return values


class _Values:
    """VariableValues, whose sources are made when they are asked for, which hardly any operation does."""

    __slots__ = ("_sent", "_signatures", "coerced")

    def __init__(
        self,
        coerced: dict[str, Any],
        signatures: Mapping[str, GraphQLVariableSignature],
        sent: Mapping[str, Any],
    ) -> None:
        self.coerced, self._signatures, self._sent = coerced, signatures, sent

    @property
    def sources(self) -> dict[str, VariableValueSource]:
        return {name: VariableValueSource(each, self._sent[name]) for name, each in self._signatures.items()}


def _is_flat(value: Any) -> bool:  # noqa: ANN401  # whatever was sent
    """Whether it is plain, or holds nothing but what is plain: then its depth needs no check."""
    if type(value) is dict:
        return all(type(each) in _PLAIN for each in value.values())
    return type(value) in _PLAIN
