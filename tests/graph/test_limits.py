"""Each limit passes at its value and refuses one more, with its own code."""

from collections.abc import Callable
from typing import Any

import pytest
from graphql import (
    GraphQLSchema,
    Source,
    get_introspection_query,
)
from hypothesis import given
from hypothesis import strategies as st
from support.library.demands import (
    DEFAULTS,
    LIBRARY,
    SERVED,
    STANDARD,
    before_running,
    chain,
    check,
    demand,
    some_fragments,
)

import graph
from graph import CodedError, Demand, DemandLimits
from graph.demand.source import LinedSource


def some_fields(count: int) -> str:
    """With 39 in a fragment that is spread under aliases."""
    level = "id name shout publisher { id name country { id name } }"
    people = (
        f"fragment P on Author {{ {level} mentor {{ {level} mentor {{ {level} mentor {{ {level} }} }} }} }}"
    )
    times, rest = divmod(count, 40)
    aliased = " ".join(f"a{i}: author(id: 1) {{ ...P }}" for i in range(times))
    return f"{{ {aliased} {'__typename ' * rest} }} {people}"


def some_arguments(count: int) -> str:
    five = "first: 1 after: null last: 1 before: null orderBy: []"
    ten = f"authors({five}) {{ edges {{ node {{ books({five}) {{ totalCount }} }} }} }}"
    tens, ones = divmod(count, 10)
    one = "books(first: 1) { totalCount }"
    return "{ " + " ".join(f"a{i}: {ten}" for i in range(tens)) + (one if ones else "") + " }"


def some_work(count: int) -> str:
    """So many fields in all, most of them of 200 rows."""
    # The connection and its edges, and of each row an item, a node and the row.
    times, rest = divmod(count - 8 - 16, 200)
    aliased = " ".join(f"a{i}: id" for i in range(times - 4))
    return f"{{ authors(first: 200) {{ edges {{ node {{ {aliased} }} }} }} {plain(rest)} }}"


def plain(count: int) -> str:
    return " ".join(f"a{i}: __typename" for i in range(count))


AT: dict[str, tuple[str, Callable[[int], str]]] = {
    "characters": ("DOCUMENT_TOO_LONG", "{ __typename }".ljust),
    "lines": ("DOCUMENT_TOO_LONG", lambda n: "{ __typename }" + "\n" * (n - 1)),
    "tokens": ("TOO_MANY_TOKENS", lambda n: f"{{ nodes(ids: [{'1 ' * (n - 12)}]) {{ id }} }}"),
    "operations": (
        "TOO_MANY_OPERATIONS",
        lambda n: " ".join(f"query Q{i} {{ __typename }}" for i in range(n)),
    ),
    "fragments": ("TOO_MANY_FRAGMENTS", some_fragments),
    "depth": (
        "DEPTH_EXCEEDED",
        lambda n: "{ author(id: 1) " + "{ mentor " * (n - 2) + "{ id }" + " }" * (n - 1),
    ),
    "nesting": ("NESTING_EXCEEDED", lambda n: chain(n - 2, "__typename")),
    "fields": ("TOO_MANY_FIELDS", some_fields),
    "aliases": (
        "TOO_MANY_ALIASES",
        lambda n: "{ " + " ".join(f"a{i}: __typename" for i in range(n)) + " }",
    ),
    "arguments": ("TOO_MANY_ARGUMENTS", some_arguments),
    "directives": ("TOO_MANY_DIRECTIVES", lambda n: f"{{ {'__typename @skip(if: false) ' * n} }}"),
    "deferrals": ("TOO_MANY_DEFERRALS", lambda n: f"{{ {'... @defer { __typename } ' * n} }}"),
    "string_bytes": (
        "STRING_TOO_LONG",
        lambda n: f'{{ author(id: "ä{"a" * (n - 2)}") {{ id }} }}',
    ),
    "list_items": ("LIST_TOO_LONG", lambda n: f"{{ nodes(ids: [{'1 ' * n}]) {{ id }} }}"),
    "cost": (
        "COST_EXCEEDED",
        lambda n: (
            "{ authors(first: 50) { edges { node { books(first: 199) { edges { node { id } } } } } } "
            f"{' '.join(f'a{i}: author(id: 1) {{ id }}' for i in range(n - 10_000))} }}"
        ),
    ),
    "resolved": ("WORK_EXCEEDED", some_work),
}


@pytest.mark.parametrize("limit", AT)
def test_a_limit_passes_at_its_value_and_refuses_one_more(limit: str) -> None:
    code, text = AT[limit]
    value = DEFAULTS[limit]
    by = demand(**{limit: value})

    assert check(text(value), by) == ""
    assert check(text(value + 1), by) == code


def test_every_limit_is_tried() -> None:
    assert set(AT) == set(DEFAULTS)


@pytest.mark.parametrize("limit", [each for each in AT if each not in {"characters", "lines", "tokens"}])
def test_a_refusal_says_the_limit_what_was_found_and_what_to_do(limit: str) -> None:
    value = DEFAULTS[limit]
    by = demand(**{limit: value})
    document = by.parse(AT[limit][1](value + 1))
    with pytest.raises(CodedError) as caught:
        before_running(document, by)

    assert {str(value), str(value + 1)} <= set(caught.value.message.replace(";", "").split())
    assert caught.value.message.count(". ") == 1


def test_fragments_count_as_often_as_they_are_spread() -> None:
    inner = "fragment A on Query { a: __typename ...B } fragment B on Query { c: __typename }"
    text = "{ ...A ...A b: __typename } " + inner

    assert check(text, demand(aliases=5)) == ""
    assert check(text, demand(aliases=4)) == "TOO_MANY_ALIASES"
    assert check(text, demand(fields=4)) == "TOO_MANY_FIELDS"


def test_the_most_expensive_operation_decides() -> None:
    text = "query A { __typename } query B { a: __typename b: __typename } query C { c: __typename }"

    assert check(text, demand(aliases=2)) == ""
    assert check(text, demand(aliases=1)) == "TOO_MANY_ALIASES"


@given(st.text("ab\n\r", max_size=60), st.integers(0, 60))
def test_the_place_of_an_error_is_graphql_core_s(text: str, position: int) -> None:
    position = min(position, len(text))

    assert LinedSource(text).get_location(position) == Source(text).get_location(position)


def test_comments_are_limited_like_tokens() -> None:
    assert check("#\n" * 20 + "{ __typename }", demand(tokens=20)) == ""
    assert check("#\n" * 21 + "{ __typename }", demand(tokens=20)) == "TOO_MANY_TOKENS"


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("a" * 64 * 1024, ""),
        ("a" * (64 * 1024 + 1), "STRING_TOO_LONG"),
        ({"a": ["ä" * 32 * 1024 + "a"]}, "STRING_TOO_LONG"),
        (["a"] * 250, ""),
        (["a"] * 251, "LIST_TOO_LONG"),
        ({"a": [{"b": [0] * 251}]}, "LIST_TOO_LONG"),
        ("\ud800", ""),
        (b"neither text nor list" * 10_000, ""),
    ],
)
def test_variables_are_limited_like_literals(value: Any, code: str) -> None:
    by = Demand(LIBRARY, DemandLimits(), graph.Limits())

    assert check("query ($v: ID!) { author(id: $v) { id } }", by, {"v": value}) == code


def test_variables_and_literals_nest_as_deep_as_allowed() -> None:
    by = demand(nesting=50)
    value: Any = 0
    for _ in range(50):
        value = [value]

    assert check("query ($v: ID!) { author(id: $v) { id } }", by, {"v": value}) == ""
    assert check("query ($v: ID!) { author(id: $v) { id } }", by, {"v": {"a": [value]}}) == "NESTING_EXCEEDED"
    assert check(f"{{ author(id: {'[' * 50 + ']' * 50}) {{ id }} }}", by) == "INVALID"
    assert check(f"{{ author(id: {'[{a:' * 26 + '1' + '}]' * 26}) {{ id }} }}", by) == "NESTING_EXCEEDED"
    assert check(f"{{ author(id: {'[' * 900 + ']' * 900}) {{ id }} }}", by) == "NESTING_EXCEEDED"


@pytest.mark.parametrize(
    "text",
    [
        "{ ...Unknown }",
        "{ ...A } fragment A on Query { ...A }",
        "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A ...B }",
        "{ unknown { fields(of: [1]) { more } } }",
        "fragment A on Unknown { id } { __typename }",
        "{ ...A } fragment A on Query { __typename } fragment A on Query { __typename }",
        "type Query { a: Int }",
        "fragment A on Query { __typename }",
    ],
)
def test_what_is_not_valid_is_measured_and_left_to_validation(text: str) -> None:
    assert check(text, Demand(LIBRARY, DemandLimits(), graph.Limits())) == "INVALID"


@pytest.mark.parametrize("schema", [LIBRARY, SERVED])
def test_tools_may_ask_for_the_whole_schema(schema: GraphQLSchema) -> None:
    by = Demand(schema, DemandLimits(), graph.Limits())

    assert check(STANDARD, by) == ""
    assert check(get_introspection_query(), by) == ""
