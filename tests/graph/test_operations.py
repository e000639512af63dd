"""One operation is one snapshot; what a mutation wrote is read after it; an event is read as it happens."""

import asyncio
from contextlib import aclosing

import pytest
from sqlalchemy import update
from support.library.engines import SCHEMA, Library, number
from support.library.models import Author, Book
from support.library.schema import REGISTRY
from support.library.seed import fill, shown

import graph
from graph import encode_id


async def test_all_statements_of_a_query_see_one_snapshot(library: Library) -> None:
    await fill(library, 2)
    await rename(library, "v")
    writer = asyncio.create_task(rename_for_ever(library))
    try:
        for _ in range(20):
            data = await library.data(
                """{ books(first: 6) { edges { node { name author { name } } } }
                     tags { edges { node { books { edges { node { name author { name } } } } } } } }"""
            )
            rows = data["books"]["edges"] + [
                edge for tag in data["tags"]["edges"] for edge in tag["node"]["books"]["edges"]
            ]
            versions = {edge["node"]["name"] for edge in rows} | {
                edge["node"]["author"]["name"] for edge in rows
            }
            assert len(versions) == 1
            assert len(library.statements) == 4
    finally:
        writer.cancel()
        await asyncio.wait([writer])


async def rename_for_ever(library: Library) -> None:
    for version in range(10_000):
        await rename(library, f"v{version}")
        await asyncio.sleep(0.002)


async def rename(library: Library, name: str) -> None:
    """Give every book and author the same name, in one transaction."""
    async with library.writes.begin() as connection:
        await connection.execute(update(Book).values(title=name))
        await connection.execute(update(Author).values(name=name))


RENAME = """
mutation ($id: ID!) {
  one: rename(id: $id, name: "one") { ...Renamed }
  two: rename(id: $id, name: "two") { ...Renamed others { name } }
}
fragment Renamed on RenamePayload { book { name author { books(first: 1) { edges { node { name } } } } } }
"""


async def test_each_mutation_of_a_document_serves_what_it_wrote(library: Library) -> None:
    await fill(library, 1)

    data = await library.data(RENAME, id=encode_id("Book", number(0)))

    for name in ("one", "two"):
        book = data[name]["book"]
        assert book["name"] == name
        assert shown(book["author"]["books"]) == [name]
    assert data["two"]["others"] == [{"name": "two"}]


async def test_a_reference_to_a_row_that_is_gone_is_null(library: Library) -> None:
    data = await library.data(RENAME, id=encode_id("Book", number(0)))

    assert data["two"] == {"book": None, "others": []}


async def test_an_operation_gives_its_connection_back(library: Library) -> None:
    await fill(library, 1)

    for query in ("{ books { totalCount } }", "{ books { totalCount } failure }", "{ books { nothing } }"):
        await library.ask(query)

        assert library.reads.pool.checkedout() == 0  # type: ignore[attr-defined]  # of a queue pool


async def test_a_cancelled_read_gives_its_connection_back(library: Library) -> None:
    await fill(library, 50)
    SCHEMA()

    for quarters in range(16):
        reader = library.context().reader

        async def read(reader: graph.Reader = reader) -> None:
            try:
                for name in ("Book", "Author", "Tag"):
                    loader = reader.rows(REGISTRY.bindings[name])
                    await asyncio.gather(*(loader.load(number(i), depth=1) for i in range(500)))
            finally:
                await reader.close()

        task = asyncio.create_task(read())
        await asyncio.sleep(quarters / 2000)
        task.cancel()
        await asyncio.wait([task])

        assert library.reads.pool.checkedout() == 0  # type: ignore[attr-defined]  # of a queue pool


async def test_events_are_read_when_they_happen_and_hold_no_connection_between(library: Library) -> None:
    await fill(library, 1)
    names = []
    query = "subscription ($id: ID!) { book(id: $id) { name author { name } } }"

    async with aclosing(library.events(query, id=encode_id("Book", number(0)))) as stream:
        async for result in stream:
            assert result.errors is None
            names.append(result.data["book"]["name"])
            async with library.writes.begin() as connection:
                await connection.execute(update(Book).values(title="changed"))

    assert names == ["book 0", "changed"]
    assert library.reads.pool.checkedout() == 0  # type: ignore[attr-defined]  # of a queue pool


async def test_an_event_may_hold_references(library: Library) -> None:
    await fill(library, 1)
    ask = "subscription ($id: ID!) { changes(id: $id) { sequence book { name } } }"

    results = [item async for item in library.events(ask, id=encode_id("Book", number(0)))]

    assert [item.data["changes"] for item in results] == [
        {"sequence": n, "book": {"name": "book 0"}} for n in range(2)
    ]


async def test_an_event_of_a_row_that_is_gone_is_left_out(library: Library) -> None:
    ask = "subscription ($id: ID!) { book(id: $id) { name } }"

    assert [item async for item in library.events(ask, id=encode_id("Book", number(0)))] == []


async def test_errors_of_a_subscription_are_masked(
    library: Library, caplog: pytest.LogCaptureFixture
) -> None:
    query = "subscription ($id: ID!) { book(id: $id) { name } }"

    [result] = [item async for item in library.events(query, id="x")]

    [error] = result.errors or []
    assert error["message"] == "Internal error."
    assert error["extensions"] == {"code": "INTERNAL", "requestId": "request-1"}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{ books {", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ('{ books(first: "x") { totalCount } }', "GRAPHQL_VALIDATION_FAILED"),
        ("query ($first: Int) { books(first: $first) { totalCount } }", "BAD_USER_INPUT"),
        ("query ($day: Date) { books(filter: {printedFrom: $day}) { totalCount } }", "BAD_USER_INPUT"),
        ('{ books(filter: {printedFrom: "32"}) { totalCount } }', "GRAPHQL_VALIDATION_FAILED"),
        ("{ failure }", "INTERNAL"),
        ("", "BAD_REQUEST"),
        ("fragment F on Book { id }", "GRAPHQL_VALIDATION_FAILED"),
    ],
)
async def test_every_error_has_a_code_and_the_request_id(library: Library, query: str, code: str) -> None:
    result = await library.ask(query, first="many", day="never")

    [error] = result.errors or []
    assert error["extensions"] == {"code": code, "requestId": "request-1"}


async def test_what_is_masked_is_logged_with_the_request_id(
    library: Library, caplog: pytest.LogCaptureFixture
) -> None:
    result = await library.ask("{ failure }")

    [error] = result.errors or []
    assert error["message"] == "Internal error."
    [record] = [item for item in caplog.records if item.name == "graph.engine"]
    assert record.request_id == "request-1"  # type: ignore[attr-defined]  # an extra
    assert "swordfish" in str(record.exc_info)


@pytest.mark.parametrize(
    ("query", "value", "code"),
    [
        ("query ($v: Unreadable) { unreadable(value: $v) }", 1, "INTERNAL"),
        ("query ($v: Unreadable) { unreadable(value: $v) }", "x", "BAD_USER_INPUT"),
        ("{ unreadable(value: 1) }", None, "INTERNAL"),
        ('{ unreadable(value: "x") }', None, "GRAPHQL_VALIDATION_FAILED"),
    ],
)
async def test_what_a_scalar_says_when_it_fails_stays_here(
    library: Library, caplog: pytest.LogCaptureFixture, query: str, value: object, code: str
) -> None:
    result = await library.ask(query, v=value)

    [error] = result.errors or []
    assert error["extensions"] == {"code": code, "requestId": "request-1"}
    assert "swordfish" not in str(error)
    assert ("swordfish" in caplog.text) is (code == "INTERNAL")


async def test_many_wrong_variables_are_the_clients_fault_and_are_not_logged(
    library: Library, caplog: pytest.LogCaptureFixture
) -> None:
    query = 'query ($titles: [String!]) { shelves(authorId: "x", titles: $titles) { totalCount } }'

    result = await library.ask(query, titles=[{"password": "swordfish"}] * 60)

    assert {error["extensions"]["code"] for error in result.errors or []} == {"BAD_USER_INPUT"}
    assert len(result.errors or []) < 15
    assert caplog.text == ""


async def test_a_broken_database_is_an_internal_error_of_each_field(library: Library) -> None:
    await fill(library, 1)
    async with library.writes.begin() as connection:
        await connection.run_sync(lambda sync: sync.exec_driver_sql("ALTER TABLE tags RENAME TO gone"))

    result = await library.ask("{ books { totalCount } tags { totalCount edges { cursor } } }")

    assert {error["extensions"]["code"] for error in result.errors or []} == {"INTERNAL"}
    assert (await library.data("{ books { totalCount } }")) == {"books": {"totalCount": 3}}


def test_ids_round_trip() -> None:
    text = encode_id("Book", number(1))

    assert graph.decode_id(text, "Book") == graph.parse_id(text, "Book") == number(1)
    with pytest.raises(ValueError, match="no id of the type Tag"):
        graph.parse_id(text, "Tag")
    with pytest.raises(graph.CodedError, match="not an id"):
        graph.decode_id("x", "Book")
