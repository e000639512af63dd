"""Documents that are no GraphQL, do not fit the schema, or ask for far too much."""

import json
from collections.abc import Iterator

from support.hostile.attack import Attack, asking


def documents() -> Iterator[Attack]:
    for query in (
        "{",
        "}",
        "{}",
        "query",
        "query {",
        "fragment F on Account { id }",
        "{ ...F }",
        "{ a: b: c }",
        "{ __proto__ }",
        "query A { a } query A { a }",
        "type A { a: Int }",
        "schema { query: A }",
        "extend type Query { a: Int }",
        "{ ...F } fragment F on Query { ...G } fragment G on Query { ...F }",
        "query ($a: Nothing) { a }",
        "mutation { nothing }",
        "subscription { nothing }",
        "{ providers(first: -1) { totalCount } }",
        '{ node(id: "x") { id } }',
        '{ providers(after: "x") { totalCount } }',
        "{ __typename @skip }",
        "#",
        ",,,",
        "query A { __typename } query B { __typename }",
        "{ __typename @defer }",
        "{ providers(first: 1, last: 1) { a } }",
        'mutation { createAccount(input: {name: ""}) { nothing } }',
        "{ accounts(filter: {search: 1}) { totalCount } }",
        '"""x""" { a }',
        '{ node(id: """' + "x" * 70_000 + '""") { id } }',
    ):
        yield Attack(f"document {query[:50]!r}", asking(query))


def floods() -> Iterator[Attack]:
    page = "edges { node { agreements(first: 200) { %s } } }"
    nested = page
    for _ in range(6):
        nested = nested % "edges { node { account { agreements(first: 200) { %s } } } }"
    bomb = (
        " ".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(40))
        + " fragment F40 on Query { __typename }"
    )
    yield Attack("lists of lists", asking("{ accounts(first: 200) { " + nested % "totalCount" + " } }"))
    yield Attack("a fragment bomb", asking("{ ...F0 } " + bomb))
    yield Attack("aliases", asking("{ " + " ".join(f"a{n}: __typename" for n in range(1_000)) + " }"))
    yield Attack("fields", asking("{ " + "__typename " * 10_000 + "}"))
    yield Attack("directives", asking("{ __typename " + "@include(if: true) " * 1_000 + "}"))
    yield Attack("operations", asking(" ".join(f"query Q{n} {{ __typename }}" for n in range(1_000))))
    yield Attack(
        "arguments", asking("{ providers(" + " ".join(f"a{n}: 1" for n in range(1_000)) + ") { a } }")
    )
    yield Attack("variables", asking("query (" + " ".join(f"$a{n}: Int" for n in range(1_000)) + ") { a }"))
    yield Attack("comments", asking("#\n" * 50_000 + "{ nothing }"))
    yield Attack("commas", asking("," * 100_000 + "{ nothing }"))
    kinds = "fields { type { " * 10 + "name" + " } }" * 10
    yield Attack("introspection", asking("{ __schema { types { " + kinds + " } } }"))
    ids = json.dumps(["x"] * 10_000)
    yield Attack(
        "ids", asking("query ($i: [ID!]!) { nodes(ids: $i) { id } }", variables={"i": json.loads(ids)})
    )
    yield Attack(
        "a long text", asking("query ($i: ID!) { node(id: $i) { id } }", variables={"i": "x" * 200_000})
    )


def persisted() -> Iterator[Attack]:
    for at, given in enumerate(
        (
            1,
            "x",
            [],
            {},
            {"version": 2},
            {"version": 1, "sha256Hash": 1},
            {"version": 1, "sha256Hash": "x" * 100_000},
        )
    ):
        body = json.dumps({"extensions": {"persistedQuery": given}}).encode()
        yield Attack(f"persisted {at}", body)
        yield Attack(
            f"persisted {at} with a query", asking("{ nothing }", extensions={"persistedQuery": given})
        )
