"""Each limit passes at its value and refuses one more, with its own code; hostile texts cost little."""

import gc
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import asdict, fields
from typing import Any

import pytest
from graphql import (
    DocumentNode,
    GraphQLDeferDirective,
    GraphQLSchema,
    GraphQLStreamDirective,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    Source,
    get_introspection_query,
)
from hypothesis import given
from hypothesis import strategies as st
from support.library.engines import SCHEMA

import graph
import schema as served
from graph import CodedError, Demand, DemandLimits
from graph.demand.source import LinedSource

LIBRARY = SCHEMA()._schema  # noqa: SLF001  # Strawberry offers no other way
INCREMENTAL = GraphQLSchema(
    **{
        **LIBRARY.to_kwargs(),
        "directives": (*LIBRARY.directives, GraphQLDeferDirective, GraphQLStreamDirective),
    }
)
SERVED = served.build_schema()._schema  # noqa: SLF001  # Strawberry offers no other way
ANY = 10**200
UNLIMITED = {each.name: ANY for each in fields(DemandLimits)}
DEFAULTS = asdict(DemandLimits())
MILLISECONDS = 50
BYTES = 20_000_000


def demand(**limits: int) -> Demand:
    """Of the library, with these limits and no others."""
    return Demand(INCREMENTAL, DemandLimits(**{**UNLIMITED, **limits}), graph.Limits())


def before_running(document: DocumentNode, by: Demand, variables: dict[str, Any] | None = None) -> bool:
    """Do all that comes before the first resolver; whether the document is valid."""
    by.measure(document)
    if by.validate(document):
        return False
    for operation in document.definitions:
        if isinstance(operation, OperationDefinitionNode):
            by.price(document, operation).of(variables or {})
    return True


def check(text: str, by: Demand, variables: dict[str, Any] | None = None) -> str:
    """What the text is refused with, if it is."""
    try:
        return "" if before_running(by.parse(text), by, variables) else "INVALID"
    except CodedError as error:
        return error.code
    except GraphQLSyntaxError:
        return "SYNTAX"


def chain(links: int, last: str, spreads: int = 1) -> str:
    """Fragments of which each spreads the next one so many times."""
    inner = [f"fragment F{i} on Query {{ {f'...F{i + 1} ' * spreads} }}" for i in range(links)]
    return " ".join(["{ ...F0 }", *inner, f"fragment F{links} on Query {{ {last} }}"])


def some_fields(count: int) -> str:
    """With 39 in a fragment that is spread under aliases."""
    level = "id name shout publisher { id name country { id name } }"
    people = (
        f"fragment P on Author {{ {level} mentor {{ {level} mentor {{ {level} mentor {{ {level} }} }} }} }}"
    )
    times, rest = divmod(count, 40)
    aliased = " ".join(f"a{i}: author(id: 1) {{ ...P }}" for i in range(times))
    return f"{{ {aliased} {'__typename ' * rest} }} {people}"


def some_fragments(count: int) -> str:
    """Each in a place of its own."""
    spread = " ".join(f"a{i}: author(id: 1) {{ ...F{i} }}" for i in range(count))
    return f"{{ {spread} }} " + " ".join(f"fragment F{i} on Author {{ id }}" for i in range(count))


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


STANDARD = get_introspection_query(
    specified_by_url=True,
    directive_is_repeatable=True,
    schema_description=True,
    input_value_deprecation=True,
    one_of=True,
    type_depth=13,
)


@pytest.mark.parametrize("schema", [LIBRARY, SERVED])
def test_tools_may_ask_for_the_whole_schema(schema: GraphQLSchema) -> None:
    by = Demand(schema, DemandLimits(), graph.Limits())

    assert check(STANDARD, by) == ""
    assert check(get_introspection_query(), by) == ""


BOMB = "accounts { edges { node { id name } } }"
PAGES = "accounts(first: 200) { edges { node { agreements(first: 200) { edges { node { %s } } } } } }"
EMPTY_PAGES = f"{{ {PAGES} }}".replace("200", "49")
INNER_PAGES = PAGES % "account { agreements(first: 200) { edges { node { id } } } }"
PARTS = "__schema { types { fields { args { type { name } } } } }"
HOSTILE = {
    "fragments in a circle": (chain(90, "...F0"), "NESTING_EXCEEDED"),
    "unused fragments": (
        "{ a } " + " ".join(f"fragment F{i} on Query {{ me {{ roles }} }}" for i in range(150)),
        "TOO_MANY_FRAGMENTS",
    ),
    "aliases": ("{" + " ".join(f"a{i}: me {{ roles }}" for i in range(300)) + "}", "TOO_MANY_ALIASES"),
    "one field again and again": ("{" + "me { roles } " * 450 + "}", "INVALID"),
    "fields that are unknown": ("{" + "zzz " * 1_000 + "}", "INVALID"),
    "directives": ("{ __typename " + "@a " * 900 + "}", "TOO_MANY_DIRECTIVES"),
    "arguments": ("{ me(" + "a: 1 " * 600 + ") { roles } }", "TOO_MANY_ARGUMENTS"),
    "variables": ("query (" + "$a: Int " * 480 + ") { __typename }", "INVALID"),
    "deep fields": ("{ " + "account { " * 190 + "id" + " }" * 191, "DEPTH_EXCEEDED NESTING_EXCEEDED"),
    "very deep fields": ("{ " + "account { " * 900 + "id" + " }" * 901, "NESTING_EXCEEDED TOO_MANY_TOKENS"),
    "deep inline fragments": ("{ " + "... { " * 190 + "id" + " }" * 191, "NESTING_EXCEEDED"),
    "deep lists": ("{ account(id: " + "[" * 900 + "]" * 900 + ") { id } }", "NESTING_EXCEEDED"),
    "long lists": ("{ nodes(ids: [" + "1 " * 1_900 + "]) { id } }", "LIST_TOO_LONG"),
    "pages in pages": (f"{{ {INNER_PAGES} }}", "COST_EXCEEDED"),
    "pages side by side": (
        "{ " + " ".join(f"a{i}: {PAGES % 'id'}" for i in range(30)) + " }",
        "COST_EXCEEDED",
    ),
    "introspection in itself": (
        "{ __schema { types { " + "fields { type { " * 4 + "name" + " } }" * 4 + " } } }",
        "INVALID DEPTH_EXCEEDED",
    ),
    "introspection side by side": (
        "{ " + " ".join(f"a{i}: {PARTS}" for i in range(30)) + " }",
        "INTROSPECTION_EXCEEDED",
    ),
    "empty pages in rows": (
        EMPTY_PAGES % " ".join(f"a{i}: acceptances(first: 0) {{ totalCount }}" for i in range(29)),
        "WORK_EXCEEDED",
    ),
    "the start of many names": (
        "mutation {" + " ".join(f"createAgreementTemplateVersionn{i}" for i in range(250)) + "}",
        "INVALID",
    ),
    "variables after many lines": (
        "\n" * 4_900 + "query (" + "$a: Int " * 480 + ") { __typename }",
        "INVALID",
    ),
    "errors after many lines": ("\n" * 4_900 + "{ a b c d e f g h i j k l m n o p q r s t }", "INVALID"),
    "input fields that are unknown": (
        "{ agreements(filter: {" + " ".join(f"agreementTemplateIdx{i}: 1" for i in range(400)) + "}) {"
        " totalCount } }",
        "TOO_MANY_ARGUMENTS",
    ),
    "operations": (" ".join(f"query Q{i} {{ me {{ roles }} }}" for i in range(1_000)), "TOO_MANY_TOKENS"),
    "fewer operations": (
        " ".join(f"query Q{i} {{ __typename }}" for i in range(390)),
        "TOO_MANY_OPERATIONS",
    ),
    "lines": ("\n" * 79_000 + "{ a }", "DOCUMENT_TOO_LONG"),
    "lines that are taken": ("\n" * 4_990 + "{ a }", "INVALID"),
    "comments": ("#\n" * 100_000, "DOCUMENT_TOO_LONG TOO_MANY_TOKENS"),
    "a long comment": ("#" * 250_000, "DOCUMENT_TOO_LONG"),
    "a long name": ("{ " + "a" * 79_000 + " }", "INVALID"),
    "a long text": ('{ a(b: "' + "\\u0041" * 12_000 + '") }', "INVALID"),
    **{
        f"{levels} levels of fragments, each {times} times": (
            chain(levels, BOMB, times),
            "TOO_MANY_FIELDS NESTING_EXCEEDED",
        )
        for levels in (8, 16, 30, 45, 60)
        for times in (2, 3, 5, 10)
    },
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_text_is_refused_at_little_cost(name: str) -> None:
    """Before anything runs: nothing here has a resolver's context."""
    text, codes = HOSTILE[name]
    by = Demand(SERVED, DemandLimits(), graph.Limits())
    check(STANDARD, by)

    tracemalloc.start()
    code = check(text, by)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert code in codes.split()
    assert peak <= BYTES
    # Best of three; a machine that is busy with others as well gets more tries.
    assert any(milliseconds(lambda: check(text, by)) <= MILLISECONDS for _ in range(4))


def milliseconds(run: Callable[[], object], rounds: int = 3) -> float:
    """CPU time of the best round; the collector is at work on what is new only, as in the server."""

    def once() -> float:
        began = time.process_time()
        run()
        return (time.process_time() - began) * 1_000

    gc.collect()
    gc.freeze()
    try:
        return min(once() for _ in range(rounds))
    finally:
        gc.unfreeze()


GROWING: dict[str, Callable[[int], str]] = {
    "levels of fragments": lambda n: chain(n, "__typename", 3),
    "fragments side by side": some_fragments,
    "fields": lambda n: "{" + "books { edges { node { id } } } " * n + "}",
    "conditions": lambda n: (
        "query ($a: Boolean!) {" + "books @include(if: $a) { edges { node { id } } } " * n + "}"
    ),
}


@pytest.mark.parametrize("name", GROWING)
def test_the_effort_grows_with_the_length_of_the_document(name: str) -> None:
    by = demand()

    def effort(size: int) -> float:
        document = by.parse(GROWING[name](size))
        [operation] = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]

        def run() -> None:
            by.measure(document)
            by.price(document, operation).of({"a": True})

        return milliseconds(run, rounds=7)

    small, middle, large = (effort(size) for size in (50, 100, 200))

    # Linear: twice and four times; quadratic would be four and sixteen times.
    assert middle < small * 3 + 1
    assert large < small * 8 + 1
