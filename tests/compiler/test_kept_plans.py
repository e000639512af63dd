"""What is kept with a document serves the right operation of it, and holds on to no request."""

import gc
from collections import Counter
from collections.abc import AsyncIterator
from types import FunctionType

import pytest
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from support.api import Api, an_api, gid
from support.factories import an_account
from support.library.engines import SCHEMA, open_library
from support.library.seed import fill

import graph
from graph.compiler import Plans
from graph.compiler.variables import Variables
from graph.schema import AtOnce

FIRST = "u: updateAccount(input: $i) { account { name status } }"
BOTH = (
    f"mutation A($i: UpdateAccountInput!) {{ ...F {FIRST} }} mutation B($i: UpdateAccountInput!) {{ ...F }}"
    " fragment F on Mutation { u: updateAccount(input: $i) { account { id revision } } }"
)


@pytest.fixture
async def api(database_url: str) -> AsyncIterator[Api]:
    async with an_api(database_url) as opened:
        yield opened


@pytest.mark.parametrize("order", ["AB", "BA"])
async def test_each_operation_of_a_document_shows_what_it_selects_of_a_payload(api: Api, order: str) -> None:
    account = await an_account(api.context)
    shown: dict[str, list[str]] = {}
    for number, name in enumerate(order):
        given = {"accountId": gid(account), "name": f"Renamed {number}"}
        answer = await api.http.post(
            "/graphql", json={"query": BOTH, "operationName": name, "variables": {"i": given}}
        )
        shown[name] = list(answer.json()["data"]["u"]["account"])

    assert shown == {"A": ["id", "revision", "name", "status"], "B": ["id", "revision"]}


async def test_a_variable_of_another_operation_is_no_condition(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    account = await an_account(api.context)
    query = (
        "query A($x: Boolean!) { accounts { totalCount @skip(if: $x) __typename } }"
        " query B($x: [ID!]!) { nodes(ids: $x) { id } }"
    )
    for _ in range(2):
        answer = await api.http.post(
            "/graphql", json={"query": query, "operationName": "B", "variables": {"x": [gid(account)]}}
        )
        assert answer.json() == {"data": {"nodes": [{"id": gid(account)}]}}

    assert not [each for each in caplog.records if "A plan failed" in each.message]


@pytest.mark.parametrize(
    "query", ["{ __schema { queryType { name } } }", "{ accounts(first: -1) { totalCount } }"]
)
async def test_what_has_no_plan_holds_on_to_no_request(api: Api, query: str) -> None:
    async def readers() -> int:
        for _ in range(20):
            await api.ask(query)
        gc.collect()
        return sum(isinstance(each, graph.Reader) for each in gc.get_objects())

    before = await readers()

    assert await readers() <= before


async def test_a_document_that_is_kept_no_more_is_gone_at_once(empty_database_url: str) -> None:
    """What is left to the garbage collector after a long life stays for very many documents more."""
    schema = SCHEMA()
    demand = graph.Demand(schema.core, graph.DemandLimits(), graph.Limits(), introspection=True)
    documents = graph.Documents(demand, most_kept=5)
    engine = graph.Engine(schema, documents, plans=Plans(schema))
    async with open_library(empty_database_url, plans=True) as library:
        await fill(library, 1)
        gc.collect()
        before = kinds_of_objects()
        gc.disable()
        try:
            for number in range(20):
                query = (
                    f"{{ b{number}: books(first: 2) {{ edges {{ node {{ name author {{ name }} }} }} }} }}"
                )
                await library.data(query, engine=engine)
                gc.collect(0)  # what validating leaves is young when the collector finds it
            kept = kinds_of_objects() - before
        finally:
            gc.enable()

    assert 5 <= kept["OperationDefinitionNode"] <= 7, "the last ones may still be held"
    assert 5 <= kept["project"] <= 7, "the function that writes the JSON"
    assert kept["Token"] <= 7 * 25, kept["Token"]


def kinds_of_objects() -> Counter[str]:
    """How many there are of each type; functions by their names."""
    return Counter(
        each.__name__ if isinstance(each, FunctionType) else type(each).__name__ for each in gc.get_objects()
    )


async def test_a_mutation_leaves_nothing_for_the_garbage_collector(api: Api) -> None:
    account = await an_account(api.context)
    gc.collect()
    gc.disable()
    try:
        for number in range(20):
            await api.done("updateAccount", "account { name }", accountId=gid(account), name=f"Name {number}")
        assert sum(isinstance(each, AtOnce) for each in gc.get_objects()) <= 2  # the last ones
    finally:
        gc.enable()


def test_plans_of_many_outcomes_are_each_made_once_as_long_as_they_are_kept() -> None:
    schema = SCHEMA()
    plans = Plans(schema)
    demand = graph.Demand(schema.core, graph.DemandLimits(), graph.Limits(), introspection=True)
    names = [f"s{number}" for number in range(5)]
    fields = " ".join(f"t{name}: name @skip(if: ${name})" for name in names)
    given = ", ".join(f"${name}: Boolean!" for name in names)
    document = graph.Documents(demand).get(
        f"query ({given}) {{ books {{ edges {{ node {{ id {fields} }} }} }} }}"
    )
    node = document.operation(None).node

    def asked(outcome: int) -> int:
        values = {name: bool(outcome >> place & 1) for place, name in enumerate(names)}
        variables = Variables(schema.core, node).values(values)
        return plans.plan(document, node, variables, SQLiteDialect_pysqlite()).serial

    assert [(outcome, asked(outcome) - asked(outcome)) for outcome in range(32)] == [
        (outcome, 0) for outcome in range(32)
    ]
