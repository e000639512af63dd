"""Inputs and variables that are plain are made quickly, and as graphql-core and Strawberry make them."""

from collections.abc import Mapping
from datetime import date
from enum import Enum
from typing import Annotated, Any

import pytest
import strawberry
from graphql import GraphQLError, OperationDefinitionNode, parse
from graphql.execution.values import VariableValues, get_variable_values
from strawberry import UNSET
from strawberry.types.arguments import convert_argument

import graph
from graph.compiler.variables import Variables


@strawberry.enum
class Size(Enum):
    SMALL = "s"
    LARGE = "l"


@strawberry.input
class Part:
    first_name: str
    size: Size | None = UNSET


@strawberry.input
class Whole:
    on_day: date
    note: str | None
    sizes: list[Size] | None = UNSET
    best_part: Part | None = UNSET
    parts: list[Part] = strawberry.field(default_factory=list)
    count: int = 3


@strawberry.type
class Query:
    @strawberry.field
    def told(self, input: Whole, number: int = 1, text: str | None = None) -> str:
        return repr((input, number, text))


class OnlySevens(strawberry.BasePermission):
    message = "Only sevens."

    def has_permission(self, source: Any, info: strawberry.Info, **kwargs: Any) -> bool:
        return info.context == 7


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def one(self, info: strawberry.Info, input: Whole) -> str:
        return repr((self, input, info.path.key, info.field_name, info.python_name, info.context))

    @strawberry.mutation
    async def optional(self, info: strawberry.Info, input: Whole | None = None) -> str:
        return repr((self, input, info.context))

    @strawberry.mutation
    async def two(self, info: strawberry.Info, input: Whole, other: Part) -> str:
        return repr((self, input, other, info.context))

    @strawberry.mutation
    async def without_info(self, input: Whole) -> str:
        return repr((self, input))

    @strawberry.mutation
    async def renamed(
        self, info: strawberry.Info, what: Annotated[Whole, strawberry.argument(name="in")]
    ) -> str:
        if what.count == 4:
            raise ValueError("four")
        return repr((self, what, info.context))

    @strawberry.mutation
    async def named_source(
        self, info: strawberry.Info, source: Annotated[Whole, strawberry.argument(name="input")]
    ) -> str:
        return repr((self, source, info.context))

    @strawberry.mutation
    async def with_root(self, root: strawberry.Parent[object], info: strawberry.Info, input: Whole) -> str:
        return repr((self, root, input, info.context))

    @strawberry.mutation(permission_classes=[OnlySevens])
    async def permitted(self, info: strawberry.Info, input: Whole) -> str:
        return repr((self, input, info.context))


SCHEMA = graph.Schema(query=Query, mutation=Mutation)
STRAWBERRYS = strawberry.Schema(query=Query, mutation=Mutation)
DOCUMENT = parse(
    "query ($input: Whole!, $number: Int = 7, $text: String) {"
    " told(input: $input, number: $number, text: $text) }"
)
PLAIN: Mapping[str, Any] = {"onDay": "2026-01-31", "note": None, "count": 4}
GIVEN: list[Mapping[str, Any]] = [
    {"input": PLAIN, "number": 2, "text": "a"},
    {"input": PLAIN},
    {"input": PLAIN, "number": None, "text": None},
    {"input": {"onDay": "2026-01-31"}, "number": 2, "text": "a", "more": 1},
    {"input": {**PLAIN, "count": "4"}, "number": 2, "text": "a"},
    {"input": {**PLAIN, "other": 1}, "number": 2, "text": "a"},
    {"input": PLAIN, "number": 2.5, "text": "a"},
    {"input": PLAIN, "number": True, "text": 1},
    {"input": None, "number": 2, "text": "a"},
    {"input": {**PLAIN, "sizes": "SMALL"}, "number": 2, "text": "a"},
    {"input": {**PLAIN, "sizes": ["SMALL", "LARGE"], "parts": {"firstName": "A"}}, "number": 2, "text": "a"},
    {"input": {**PLAIN, "bestPart": {"firstName": "A", "size": None}}, "number": 2, "text": "a"},
    {"input": {**PLAIN, "bestPart": {"firstName": 1}}, "number": 2, "text": "a"},
    {"input": {**PLAIN, "note": 1}, "number": 2, "text": "a"},
    {"input": {**PLAIN, "note": "a", "onDay": "soon"}, "number": 2, "text": "a"},
    {"input": {"note": "a"}, "number": 2, "text": "a"},
    {"input": {}, "number": 2, "text": "a"},
    {"input": "a", "number": 2, "text": "a"},
    {},
]


def told(values: VariableValues) -> object:
    return values.coerced, {
        name: (str(each.signature.type), each.value) for name, each in values.sources.items()
    }


@pytest.mark.parametrize("sent", GIVEN)
def test_variables_are_those_of_graphql_core(sent: Mapping[str, Any]) -> None:
    [node] = DOCUMENT.definitions
    assert isinstance(node, OperationDefinitionNode)
    expected = get_variable_values(SCHEMA.core, node.variable_definitions or (), {**sent}, max_errors=1)
    variables = Variables(SCHEMA.core, node)

    if isinstance(expected, list):
        assert variables.plain(sent) is None
        with pytest.raises(GraphQLError) as raised:
            variables.values(sent)
        assert raised.value.message == expected[0].message
    else:
        quickly = variables.plain(sent)
        assert told(variables.values(sent)) == told(expected)
        assert quickly is None or told(quickly) == told(expected)


@pytest.mark.parametrize(
    "value",
    [
        {"onDay": date(2026, 1, 31), "note": None},
        {"onDay": date(2026, 1, 31), "sizes": None, "count": 4, "parts": []},
        {"onDay": date(2026, 1, 31), "note": "a", "sizes": [Size.SMALL], "bestPart": {"firstName": "A"}},
        {"onDay": date(2026, 1, 31), "parts": [{"firstName": "A", "size": Size.LARGE}], "bestPart": None},
    ],
)
def test_inputs_are_those_of_strawberry(value: Mapping[str, Any]) -> None:
    converter = SCHEMA.schema_converter
    definitions: list[Any] = [each.__dict__["__strawberry_definition__"] for each in (Whole, Part)]

    def made() -> object:
        return convert_argument(value, Whole, converter.scalar_registry, SCHEMA.config)

    quickly, makers = made(), [each.from_input for each in definitions]
    assert all(makers)
    for each in definitions:
        each.from_input = None
    try:
        assert made() == quickly
    finally:
        for each, maker in zip(definitions, makers, strict=True):
            each.from_input = maker


@pytest.mark.parametrize("sent", ['{onDay: "2026-01-31"}', '{onDay: "2026-01-31", count: 4}', "{}", "null"])
@pytest.mark.parametrize(
    "called",
    [
        "one(input: %s)",
        "other: one(input: %s)",
        "optional(input: %s)",
        "optional",
        'two(input: %s, other: {firstName: "A"})',
        "withoutInfo(input: %s)",
        "renamed(in: %s)",
        "namedSource(input: %s)",
        "withRoot(input: %s)",
        "permitted(input: %s)",
    ],
)
@pytest.mark.parametrize("context", [7, 8])
async def test_mutations_are_called_as_by_strawberry(called: str, sent: str, context: int) -> None:
    document = f"mutation {{ {called.replace('%s', sent)} }}"

    quickly, expected = [
        await each.execute(document, context_value=context) for each in (SCHEMA, STRAWBERRYS)
    ]

    assert quickly.data == expected.data
    assert [each.formatted for each in quickly.errors or ()] == [
        each.formatted for each in expected.errors or ()
    ]


def test_mutations_that_take_one_input_are_called_directly() -> None:
    mutations = SCHEMA.core.mutation_type
    assert mutations is not None
    directly = {name for name, each in mutations.fields.items() if each.resolve.__module__ == "graph.inputs"}
    assert directly == {"one", "renamed", "namedSource"}
