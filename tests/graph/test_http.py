"""GraphQL over HTTP and WebSocket: strict about what it takes, a code and a request id in each answer."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp
from support.library.engines import SCHEMA, Library, number
from support.library.schema import Context
from support.library.seed import fill
from support.servers import serving
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin, Subprotocol

from graph import encode_id
from graph.guards import Doorman, RequestIds, request_id
from graph.http import GraphQLEndpoint

COUNT = "{ books { totalCount } }"


@pytest.fixture
def app(library: Library) -> Starlette:
    async def make_context(connection: HTTPConnection, params: Mapping[str, object]) -> Context:
        if connection.headers.get("authorization") == "broken" or params.get("broken"):
            raise RuntimeError("no context")
        context = library.context()
        context.request_id = request_id(connection.scope)
        return context

    endpoint = GraphQLEndpoint(
        SCHEMA(), make_context, max_body_bytes=10_000, allowed_origins=("https://portal.example.com",)
    )
    return Starlette(
        routes=[Route("/graphql", endpoint), WebSocketRoute("/graphql", endpoint)],
        middleware=[
            Middleware(RequestIds),
            Middleware(Doorman, hosts=["api.test", "127.0.0.1"], origins=["https://portal.example.com"]),
        ],
    )


@pytest.fixture
async def client(app: ASGIApp) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://api.test") as opened:
        yield opened


async def test_a_query_is_answered_by_post_and_by_get(client: httpx.AsyncClient) -> None:
    posted = await client.post("/graphql", json={"query": COUNT})
    got = await client.get("/graphql", params={"query": COUNT, "variables": "{}"})

    for answer in (posted, got):
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/json; charset=utf-8"
        assert answer.json() == {"data": {"books": {"totalCount": 0}}}


async def test_a_request_keeps_its_sane_id_and_gets_one_otherwise(client: httpx.AsyncClient) -> None:
    kept = await client.post("/graphql", json={"query": "{ failure }"}, headers={"x-request-id": "abc-1"})
    made = await client.post("/graphql", json={"query": COUNT}, headers={"x-request-id": "a b"})

    assert kept.headers["x-request-id"] == kept.json()["errors"][0]["extensions"]["requestId"] == "abc-1"
    assert len(made.headers["x-request-id"]) == 32


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b"{", "application/json", 400, "BAD_REQUEST"),
        (b"", "application/json", 400, "BAD_REQUEST"),
        (b"\xff\xfe", "application/json", 400, "BAD_REQUEST"),
        (b"[]", "application/json", 400, "BAD_REQUEST"),
        (b'{"query": "\\ud800"}', "application/json", 400, "BAD_REQUEST"),
        (b'{"query": 1}', "application/json", 400, "BAD_REQUEST"),
        (b'{"query": "{ a }", "variables": []}', "application/json", 400, "BAD_REQUEST"),
        (b'{"query": "{ a }", "extensions": 1}', "application/json", 400, "BAD_REQUEST"),
        (b'{"query": "{ a }", "operationName": 1}', "application/json", 400, "BAD_REQUEST"),
        (b'{"query": "{ a }", "operationName": "B"}', "application/json", 400, "BAD_REQUEST"),
        (b'{"query": "subscription { book(id: 1) { id } }"}', "application/json", 400, "BAD_REQUEST"),
        (b'{"query": "{ a }"}', "application/jsonx", 415, "UNSUPPORTED_MEDIA_TYPE"),
        (b'{"query": "{ a }"}', "application/json; charset=utf-16", 415, "UNSUPPORTED_MEDIA_TYPE"),
        (b'{"query": "{ a }"}', "text/plain", 415, "UNSUPPORTED_MEDIA_TYPE"),
        (b'{"query": "{ a }"}', "", 415, "UNSUPPORTED_MEDIA_TYPE"),
        (b" " * 10_001, "application/json", 413, "BODY_TOO_LARGE"),
        (b'{"query": "{ a }"}', "application/json", 200, "GRAPHQL_VALIDATION_FAILED"),
        (b'{"query": "{"}', "application/json; charset=UTF-8", 200, "GRAPHQL_PARSE_FAILED"),
        (
            b'{"query": "{ books(first: ' + b"9" * 5000 + b') { totalCount } }"}',
            "application/json",
            200,
            "GRAPHQL_VALIDATION_FAILED",
        ),
        (
            b'{"query": "query A { books { totalCount } } query B { books { totalCount } }"}',
            "application/json",
            400,
            "BAD_REQUEST",
        ),
    ],
)
async def test_a_bad_request_gets_a_coded_error(
    client: httpx.AsyncClient, body: bytes, content_type: str, status: int, code: str
) -> None:
    answer = await client.post("/graphql", content=body, headers={"content-type": content_type})

    assert answer.status_code == status
    assert "data" not in answer.json()
    [error] = answer.json()["errors"]
    assert error["extensions"] == {"code": code, "requestId": answer.headers["x-request-id"]}


@pytest.mark.parametrize(
    ("accept", "status", "media_type"),
    [
        ("application/graphql-response+json", 400, "application/graphql-response+json"),
        (
            "application/graphql-response+json, application/json;q=0.9",
            400,
            "application/graphql-response+json",
        ),
        ("application/json;q=0.5, application/graphql-response+json;q=0.4", 200, "application/json"),
        ("*/*", 200, "application/json"),
        ("text/html, application/*;q=0.1", 200, "application/json"),
        ("text/html", 406, "application/json"),
        ("application/json;q=0", 406, "application/json"),
        ("application/json;q=x, application/graphql-response+json", 400, "application/graphql-response+json"),
    ],
)
async def test_the_answer_has_the_type_that_the_client_prefers(
    client: httpx.AsyncClient, accept: str, status: int, media_type: str
) -> None:
    answer = await client.post("/graphql", json={"query": "{ nothing }"}, headers={"accept": accept})

    assert answer.status_code == status
    assert answer.headers["content-type"].split(";")[0] == media_type


async def test_a_bad_variable_never_runs_and_a_failing_field_did(client: httpx.AsyncClient) -> None:
    headers = {"accept": "application/graphql-response+json"}
    query = "query ($n: Int) { books(first: $n) { totalCount } }"
    bad = await client.post("/graphql", json={"query": query, "variables": {"n": "x"}}, headers=headers)
    failed = await client.post("/graphql", json={"query": "{ failure }"}, headers=headers)

    assert (bad.status_code, "data" in bad.json()) == (400, False)
    assert (failed.status_code, failed.json()["data"]) == (200, None)


async def test_get_changes_nothing(client: httpx.AsyncClient, library: Library) -> None:
    await fill(library, 1)
    book = encode_id("Book", number(0))
    ask = f'mutation {{ rename(id: "{book}", name: "x") {{ book {{ name }} }} }}'

    got = await client.get("/graphql", params={"query": ask})
    put = await client.put("/graphql", json={"query": ask})
    posted = await client.post("/graphql", json={"query": ask})

    assert (got.status_code, got.headers["allow"]) == (405, "POST")
    assert (put.status_code, put.headers["allow"]) == (405, "GET, POST")
    assert got.json()["errors"][0]["extensions"]["code"] == "METHOD_NOT_ALLOWED"
    assert posted.json()["data"]["rename"]["book"] == {"name": "x"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"host": "API.test:8080"}, 200),
        ({"host": "evil.example"}, 400),
        ({"host": ""}, 400),
        ({"host": "["}, 400),
        ({"origin": "http://api.test"}, 200),
        ({"origin": "http://api.test:81"}, 403),
        ({"origin": "https://portal.example.com"}, 200),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
    ],
)
async def test_foreign_pages_are_turned_away(
    client: httpx.AsyncClient, headers: dict[str, str], status: int
) -> None:
    answer = await client.post("/graphql", json={"query": COUNT}, headers=headers)

    assert answer.status_code == status
    assert answer.headers["x-request-id"]
    if status != 200:
        code = answer.json()["errors"][0]["extensions"]["code"]
        assert code == {400: "HOST_NOT_ALLOWED", 403: "ORIGIN_NOT_ALLOWED"}[status]


async def test_a_request_without_a_context_is_an_internal_error(client: httpx.AsyncClient) -> None:
    answer = await client.post("/graphql", json={"query": COUNT}, headers={"authorization": "broken"})

    assert answer.status_code == 500
    assert answer.json()["errors"][0]["message"] == "Internal error."


@pytest.fixture
async def url(app: ASGIApp) -> AsyncIterator[str]:
    async with serving(app) as opened:
        yield opened.replace("http", "ws") + "/graphql"


@asynccontextmanager
async def socket(url: str, *, origin: str | None = None) -> AsyncIterator[ClientConnection]:
    protocol = Subprotocol("graphql-transport-ws")
    async with connect(url, subprotocols=[protocol], origin=Origin(origin) if origin else None) as opened:
        await opened.send('{"type": "connection_init"}')
        assert json.loads(await opened.recv()) == {"type": "connection_ack"}
        yield opened


async def subscribe(opened: ClientConnection, id: str, query: str, **payload: Any) -> None:
    await opened.send(json.dumps({"type": "subscribe", "id": id, "payload": {"query": query, **payload}}))


async def test_a_socket_serves_queries_and_subscriptions(url: str, library: Library) -> None:
    await fill(library, 1)
    ask = "subscription ($id: ID!) { book(id: $id) { name } }"

    async with socket(url) as opened:
        await subscribe(opened, "1", COUNT)
        query = [json.loads(await opened.recv()) for _ in range(2)]
        await subscribe(opened, "2", ask, variables={"id": encode_id("Book", number(0))})
        events = [json.loads(await opened.recv()) for _ in range(3)]

    assert query[0]["payload"] == {"data": {"books": {"totalCount": 3}}}
    assert [item["type"] for item in query] == ["next", "complete"]
    assert [item.get("payload") for item in events] == [{"data": {"book": {"name": "book 0"}}}] * 2 + [None]
    assert library.reads.pool.checkedout() == 0  # type: ignore[attr-defined]  # of a queue pool


async def test_a_bad_operation_is_an_error_of_its_own(url: str) -> None:
    async with socket(url) as opened:
        for key, query, code in (
            ("1", "{", "GRAPHQL_PARSE_FAILED"),
            ("2", "{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
            ("3", "fragment F on Book { id }", "BAD_REQUEST"),
        ):
            await subscribe(opened, key, query)
            answer = json.loads(await opened.recv())

            assert answer["type"] == "error"
            assert answer["payload"][0]["extensions"]["code"] == code
            assert answer["payload"][0]["extensions"]["requestId"]
        await subscribe(opened, "4", "{ failure }")
        answer = json.loads(await opened.recv())
        assert answer["payload"]["errors"][0]["message"] == "Internal error."


@pytest.mark.parametrize(
    "message",
    [
        "[]",
        "1",
        "null",
        '{"type": 1}',
        '{"type": "subscribe"}',
        '{"type": "subscribe", "id": "1", "payload": null}',
        '{"type": "subscribe", "id": "1", "payload": {"query": 1}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": "{ a }", "variables": []}}',
        '{"type": "complete", "id": []}',
        '{"type": "ping", "payload": ' + "[" * 3000 + "]" * 3000 + "}",
        '{"type": "ping", "payload": ' + "9" * 5000 + "}",
        "[" * 100_000,
        "{",
    ],
)
async def test_a_malformed_message_closes_the_socket_with_4400(url: str, message: str) -> None:
    async with socket(url) as opened:
        await opened.send(message)
        with pytest.raises(ConnectionClosed) as closed:
            await opened.recv()

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4400


async def test_a_socket_is_not_for_foreign_pages(url: str) -> None:
    async with socket(url, origin="https://portal.example.com"):
        pass
    with pytest.raises(InvalidStatus) as refused:
        async with socket(url, origin="https://evil.example"):
            pass

    assert refused.value.response.status_code == 403
