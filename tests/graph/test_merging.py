"""Fields that land at one place: refused where graphql-core refuses them, and never because they are many."""

from random import Random
from time import process_time

import pytest
from graphql import (
    OverlappingFieldsCanBeMergedRule,
    ValidationRule,
    build_schema,
    parse,
    validate,
)
from support.meeting_fields import LITERALS, SCHEMA, TYPES, Writer, strands

from graph import Demand, DemandLimits, Limits
from graph.demand.merging import FieldsMergeRule


def messages(text: str, rule: type[ValidationRule] = FieldsMergeRule) -> list[str]:
    return [error.message for error in validate(SCHEMA, parse(text), [rule])]


DIFFERENT = "'name' and 'id' are different fields"
ARGUMENTS = "they have differing arguments"
STREAMS = "they have overlapping stream directives"
REFUSED = {
    "different fields": ("{ dog { x: name x: id } }", "x", DIFFERENT),
    "in an inline fragment": ("{ node { x: name ... on Dog { x: id } } }", "x", DIFFERENT),
    "in a fragment": ("{ node { x: name ...F } } fragment F on Node { x: id }", "x", DIFFERENT),
    "in two fragments": (
        "{ node { ...F ...G } } fragment F on Node { x: name } fragment G on Node { x: id }",
        "x",
        DIFFERENT,
    ),
    "of parents that are merged": ("{ node { id x: name } node { x: id } }", "x", DIFFERENT),
    "of interfaces": ("{ node { ... on Node { x: name } ... on Named { x: id } } }", "x", DIFFERENT),
    "that are unknown": ("{ dog { x: name x: unknown } }", "x", "'name' and 'unknown' are different fields"),
    "under unknown types": ("{ dog { ... on Car { x: a } ... on Bus { x: b } } }", "x", "'a' and 'b' are"),
    "of the introspection": ("{ __schema { x: types { name } x: directives { name } } }", "x", "'types' and"),
    "an argument": ("{ dog { name(upper: true) name } }", "name", ARGUMENTS),
    "values of an argument": ("{ dog(id: 1) { id } dog(id: 2) { id } }", "dog", ARGUMENTS),
    "kinds of a value": ('{ dog(id: 1) { id } dog(id: "1") { id } }', "dog", ARGUMENTS),
    "variables": (
        "query ($a: ID, $b: ID) { dog(id: $a) { id } dog(id: $b) { id } }",
        "dog",
        ARGUMENTS,
    ),
    "order in a list": ("{ pets(ids: [1, 2]) { id } pets(ids: [2, 1]) { id } }", "pets", ARGUMENTS),
    "shapes": (
        "{ node { ... on Dog { x: size } ... on Cat { x: size } } }",
        "x",
        "they return conflicting types 'Int' and 'Int!'",
    ),
    "a list and none": (
        "{ node { ... on Dog { owner { id } } ... on Cat { owner { id } } } }",
        "owner",
        "they return conflicting types 'Fish' and '[Fish]'",
    ),
    "shapes under exclusive parents": (
        "{ node { ... on Dog { x: friend { size } } ... on Fish { x: owner { id } } } }",
        "x",
        "they return conflicting types 'Cat!' and 'Fish'",
    ),
    "a leaf and an object": (
        "{ node { ... on Dog { x: size } ... on Fish { x: owner { id } } } }",
        "x",
        "they return conflicting types 'Int' and 'Fish'",
    ),
    "what is exclusive elsewhere": (
        (
            "{ node { ... on Dog { node { ...A } } ... on Fish { node { ...B } } ...C } } "
            "fragment A on Dog { name: nick } fragment B on Node { name } "
            "fragment C on Node { x: node { ...A ...B } }"
        ),
        "name",
        "'nick' and 'name' are different fields",
    ),
    "what excludes others at different levels": (
        (
            "{ node { ... on Dog { node { name } } ... on Fish { node { id } } "
            "node { ... on Cat { name: nick } ... on Fish { id } } } }"
        ),
        "name",
        "'name' and 'nick' are different fields",
    ),
    "streams": ("{ pets @stream { __typename } pets { __typename } }", "pets", STREAMS),
    "streams of exclusive parents": (
        "{ node { ... on Dog { nodes { id } } ... on Cat { nodes @stream { id } } } }",
        "nodes",
        STREAMS,
    ),
}
TAKEN = {
    "one field again": "{ dog { id id ...F } } fragment F on Dog { id }",
    "arguments in another order": (
        "{ node { nodes(a: 1, b: {c: 1, d: []}) { id } nodes(b: {d: [], c: 1} a: 1) { id } } }"
    ),
    "different fields of exclusive types": "{ node { ... on Dog { x: name } ... on Fish { x: tags } } }",
    "different arguments of exclusive types": (
        "{ node { ... on Dog { name(upper: true) } ... on Cat { name } } }"
    ),
    "different fields below exclusive types": (
        "{ node { ... on Dog { node { x: name } } ... on Fish { node { x: name(upper: true) } } } }"
    ),
    "different fields below them in one fragment": (
        "{ node { ... on Dog { node { x: name ...F } } ... on Fish { node { x: name(upper: true) ...F } } } }"
        "fragment F on Node { id }"
    ),
    "a stream in a fragment that comes twice": (
        "{ node { ...F ...G } } fragment F on Node { nodes @stream { id } } fragment G on Node { ...F }"
    ),
    "what nothing is known of": "{ ...Unknown unknown { a a } __type(name: 1) { name } }",
    "fragments in a circle": (
        "{ node { ...A } } fragment A on Node { ... on Dog { node { ...A } } ... on Cat { node { ...A } } }"
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_two_fields_are_not_merged_into_one(name: str) -> None:
    text, field, reason = REFUSED[name]
    [message] = messages(text)

    assert message.startswith(f"Fields '{field}' conflict because {reason}")
    assert message.endswith(". Use different aliases on the fields to fetch both if this was intentional.")
    assert messages(text, OverlappingFieldsCanBeMergedRule)


@pytest.mark.parametrize("name", TAKEN)
def test_what_is_one_field_for_every_object_is_taken(name: str) -> None:
    assert messages(TAKEN[name]) == []
    assert messages(TAKEN[name], OverlappingFieldsCanBeMergedRule) == []


def test_each_conflict_is_told_once_at_its_place() -> None:
    text = "{ dog { x: name x: id y: id y: size friend { id } x: mood }\n dog { friend { id: size } } }"
    errors = Demand(SCHEMA, DemandLimits(), Limits()).validate(parse(text))

    assert [error.message.split(" because")[0] for error in errors] == [
        "Fields 'x' conflict",
        "Fields 'y' conflict",
        "Fields 'id' conflict",
    ]
    assert [(place.line, place.column) for place in errors[2].locations or ()] == [(1, 46), (2, 17)]


def test_long_names_do_not_make_long_messages() -> None:
    alias = "x" * 10_000

    assert all(len(each) < 500 for each in messages(f"{{ {alias}: mood {alias}: {alias} }}"))


def agree(text: str) -> bool:
    """Whether the document is refused, by both rules or neither."""
    expected = bool(messages(text, OverlappingFieldsCanBeMergedRule))

    assert bool(messages(text)) == expected, text
    return expected


FIELDS = ("id", "name", "size", "tags", "mood", "__typename", "nodes { id }", "friend { id }", "owner { id }")


@pytest.mark.parametrize("one", TYPES)
def test_two_fields_of_any_types_are_refused_as_in_pairs(one: str) -> None:
    found = [
        agree(f"{{ node {{ ... on {one} {{ x: {first} }} ... on {other} {{ x: {second} }} }} }}")
        for other in TYPES[TYPES.index(one) :]
        for i, first in enumerate(FIELDS)
        for second in FIELDS[i if one == other else 0 :]
    ]

    assert {True, False} == set(found)


def test_two_values_of_an_argument_are_refused_as_in_pairs() -> None:
    equal = {
        (one, other)
        for i, one in enumerate(LITERALS)
        for other in LITERALS[i:]
        if not agree(f"{{ dog(id: {one}, a: 1) {{ id }} dog(a: 1, id: {other}) {{ id }} }}")
    }

    assert len(equal) == len(LITERALS) + 2


@pytest.mark.parametrize("part", range(4))
def test_documents_are_refused_exactly_when_comparing_in_pairs_refuses_them(part: int) -> None:
    texts = [Writer(seed).document() for seed in range(part * 150, part * 150 + 150)]
    texts += [strands(Random(seed)) for seed in range(part * 100, part * 100 + 100)]  # noqa: S311  # no secrets

    refused = sum(agree(text) for text in texts)

    assert 50 < refused < 200


def seconds(text: str, by: Demand) -> float:
    """Of processor time, to validate a document."""
    document = by.parse(text)
    by.measure(document)
    began = process_time()
    by.validate(document)
    return process_time() - began


SCALARS = [f"scalar{i}" for i in range(20)]
WIDE = Demand(
    build_schema(
        f"type Query {{ id: ID, name: ID, wide: Wide }} type Wide {{ {': ID '.join(SCALARS)}: ID }}"
    ),
    DemandLimits(),
    Limits(),
)
ORDINARY = {
    "fragments of components": (
        f"{{ wide {{ {' '.join(f'...F{i}' for i in range(12))} }} }}"
        + "".join(f" fragment F{i} on Wide {{ {' '.join(SCALARS)} }}" for i in range(12))
    ),
    "a few fields again and again": f"{{ {'id name ' * 90} }}",
}


@pytest.mark.parametrize("name", ORDINARY)
def test_what_is_composed_of_many_parts_is_taken_at_once(name: str) -> None:
    text = ORDINARY[name]

    assert WIDE.validate(WIDE.parse(text)) == []
    # A machine that is busy with others as well gets more tries.
    assert any(seconds(text, WIDE) <= 0.030 for _ in range(12))


def ways(levels: int, count: int) -> str:
    """Each of so many ways through objects is of other types than the others, and has other arguments."""

    def way(number: int) -> str:
        inner = f"name(upper: {number})"
        for level in range(levels):
            inner = f"... on {'Dog' if number >> level & 1 else 'Fish'} {{ node {{ {inner} }} }}"
        return inner

    return f"{{ node {{ {' '.join(way(number) for number in range(count))} }} }}"


def forks(levels: int) -> str:
    """Twice as many ways at every level, in few words, and one that excludes them all."""
    fork = "fragment F{} on Node {{ ... on Dog {{ node {{ ...F{} }} }} ... on Fish {{ node {{ ...F{} }} }} }}"
    return " ".join(
        (
            f"{{ node {{ ...F0 ... on Cat {{ {'node { ' * levels} name: nick {'} ' * levels} }} }} }}",
            *(fork.format(level, level + 1, level + 1) for level in range(levels)),
            f"fragment F{levels} on Node {{ name }}",
        )
    )


MANY = {
    "long ones": ways(11, 18),
    "short ones": ways(5, 32),
    "forks": forks(8),
    "lists": "{ " + f"pets(ids: [{'[1] ' * 50}]) {{ __typename }} " * 12 + "}",
}


@pytest.mark.parametrize("name", MANY)
def test_many_ways_to_one_place_take_little_time(name: str) -> None:
    by = Demand(SCHEMA, DemandLimits(), Limits())

    assert messages(MANY[name]) == []
    assert any(seconds(MANY[name], by) <= 0.050 for _ in range(12))


def test_what_was_not_measured_is_given_up_in_the_end() -> None:
    """The groups of fields are as many as two to the power of thirty."""
    levels = range(30)
    text = "{ node { ...F0 } } " + " ".join(
        (
            *(
                f"fragment F{i} on Node{{ node {{ ...F{i + 1} }} x: node {{ ...F{i + 1} ...G{i}_{i + 1} }} }}"
                for i in levels
            ),
            *(
                f"fragment G{i}_{j} on Node {{ node {{ ...G{i}_{j + 1} }} x: node {{ ...G{i}_{j + 1} }} }}"
                for i in levels
                for j in levels
                if i < j
            ),
        )
    )
    began = process_time()
    [message] = messages(text)

    assert message.startswith("The document has too many fields")
    assert process_time() - began < 10
