"""GraphQL over HTTP: strict about what it takes, a code and a request id in each answer."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from support.library.endpoint import an_app, asking
from support.library.engines import Library, an_engine, number
from support.library.seed import fill
from support.patience import AT_ONCE_SECONDS

from graph import TrustedDocuments, encode_id
from graph.documents import digest
from graph.http import StatusCodes

COUNT = "{ books { totalCount } }"


@pytest.fixture
async def client(library: Library) -> AsyncIterator[httpx.AsyncClient]:
    async with asking(an_app(library)) as opened:
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
        (b'{"query": "{ __typename }", "operationName": "B"}', "application/json", 400, "BAD_REQUEST"),
        (b'{"query": "{ a }", "documentId": 1}', "application/json", 400, "BAD_REQUEST"),
        (b'\xef\xbb\xbf{"query": "{ a }"}', "application/json", 400, "BAD_REQUEST"),
        ('{"query": "{ a }"}'.encode("utf-16"), "application/json", 400, "BAD_REQUEST"),
        (b'{"query": "{ a }", "variables": {"a": NaN}}', "application/json", 400, "BAD_REQUEST"),
        (b'{"query": "{ a }", "variables": ' + b"[" * 5_000, "application/json", 400, "BAD_REQUEST"),
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
        ({"host": "api.test:"}, 200),
        ({"host": "api.test:8080 "}, 200),
        ({"host": "someone@api.test"}, 400),
        ({"host": "someone:secret@api.test:8080"}, 400),
        ({"host": "api.test/evil.example"}, 400),
        ({"host": "api.test:port"}, 400),
        ({"host": "api\t.test"}, 400),
        ({"origin": "http://api.test"}, 200),
        ({"origin": "http://someone@api.test"}, 403),
        ({"origin": "http://api.test/evil.example"}, 403),
        ({"origin": "https://someone@portal.example.com"}, 403),
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


async def test_a_stretched_body_is_given_up(library: Library) -> None:
    sent: list[dict[str, Any]] = []

    async def drip() -> dict[str, Any]:
        await asyncio.sleep(0.2)
        return {"type": "http.request", "body": b" ", "more_body": True}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"host", b"api.test"), (b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": "/graphql", "query_string": b"", "headers": headers}
    began = time.monotonic()
    await an_app(library)(scope, drip, send)

    assert sent[0]["status"] == 408
    assert b"REQUEST_TIMEOUT" in sent[1]["body"]
    assert time.monotonic() - began < AT_ONCE_SECONDS


async def test_a_long_body_is_refused_by_its_announced_length(library: Library) -> None:
    async def never() -> Any:
        raise AssertionError("the body was read")

    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [
        (b"host", b"api.test"),
        (b"content-type", b"application/json"),
        (b"content-length", b"9" * 5_000),
    ]
    scope = {"type": "http", "method": "POST", "path": "/graphql", "query_string": b"", "headers": headers}
    await an_app(library)(scope, never, send)

    assert sent[0]["status"] == 413


@pytest.mark.parametrize(
    ("query", "variables", "legacy", "draft"),
    [
        (COUNT, {}, 200, 200),
        ("{ books { totalCount } failure }", {}, 200, 294),
        ("{", {}, 400, 400),
        ("{ nothing }", {}, 400, 422),
        ("query ($n: Int) { books(first: $n) { totalCount } }", {"n": "x"}, 400, 422),
        ("query A { __typename } query B { __typename }", {}, 400, 422),
    ],
)
async def test_the_statuses_are_the_audit_s_or_the_draft_s(
    library: Library, query: str, variables: dict[str, Any], legacy: int, draft: int
) -> None:
    headers = {"accept": "application/graphql-response+json"}
    for status_codes, status in ((StatusCodes.AUDIT, legacy), (StatusCodes.DRAFT, draft)):
        async with asking(an_app(library, status_codes=status_codes)) as client:
            answer = await client.post(
                "/graphql", json={"query": query, "variables": variables}, headers=headers
            )

            assert answer.status_code == status


async def test_in_the_draft_an_error_is_marked_as_graphql_s_for_old_clients_too(library: Library) -> None:
    async with asking(an_app(library, status_codes=StatusCodes.DRAFT)) as client:
        for query, status, kind in (
            ("{ nothing }", 422, "application/graphql-response+json"),
            ("{ books { totalCount } failure }", 294, "application/json"),
        ):
            answer = await client.post(
                "/graphql", json={"query": query}, headers={"accept": "application/json"}
            )

            assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (status, kind)
        assert (await client.post("/graphql", json={"query": 1})).status_code == 422


@pytest.mark.parametrize(
    ("header", "kept"),
    [
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", True),
        ("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more", True),
        ("00-00000000000000000000000000000000-00f067aa0ba902b7-01", False),
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", False),
        ("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", False),
        ("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", False),
        ("nonsense", False),
    ],
)
async def test_a_traced_request_is_known_by_its_trace(
    client: httpx.AsyncClient, header: str, kept: object
) -> None:
    answer = await client.post("/graphql", json={"query": COUNT}, headers={"traceparent": header})

    assert (answer.headers["x-request-id"] == "4bf92f3577b34da6a3ce929d0e0e4736") is kept


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({"documentId": "count"}, 200, None),
        ({"documentId": f"sha256:{digest(COUNT)}"}, 200, None),
        ({"extensions": f'{{"persistedQuery": {{"sha256Hash": "{digest(COUNT)}"}}}}'}, 200, None),
        ({"query": COUNT}, 200, None),
        ({"query": COUNT, "documentId": "count"}, 200, None),
        ({"query": "{ __typename }"}, 403, "DOCUMENT_NOT_TRUSTED"),
        ({"query": "{ __typename }", "documentId": "count"}, 200, "PERSISTED_QUERY_MISMATCH"),
        ({"documentId": "other"}, 200, "PERSISTED_QUERY_NOT_FOUND"),
        ({"extensions": '{"persistedQuery": {}}'}, 400, "BAD_REQUEST"),
    ],
)
async def test_get_may_be_kept_to_the_manifest(
    library: Library, asked: dict[str, str], status: int, code: str | None
) -> None:
    engine = an_engine(trusted=TrustedDocuments({"count": COUNT, digest(COUNT): COUNT}))
    async with asking(an_app(library, engine=engine, get_runs_only_manifest=True)) as client:
        got = await client.get("/graphql", params=asked)
        posted = await client.post("/graphql", json={"query": "{ __typename }"})

    assert got.status_code == status
    assert [error["extensions"]["code"] for error in got.json().get("errors", [])] == ([code] if code else [])
    assert posted.status_code == 200


async def test_another_site_s_image_or_script_may_not_ask(client: httpx.AsyncClient) -> None:
    for site, status in (("cross-site", 403), ("same-origin", 200), ("none", 200)):
        answer = await client.get("/graphql", params={"query": COUNT}, headers={"sec-fetch-site": site})

        assert answer.status_code == status


async def test_a_subscription_is_not_answered_as_json(client: httpx.AsyncClient) -> None:
    ask = {"query": "subscription { book(id: 1) { id } }"}
    posted = await client.post("/graphql", json=ask, headers={"accept": "application/json"})
    got = await client.get("/graphql", params=ask, headers={"accept": "text/event-stream"})

    assert (posted.status_code, got.status_code) == (406, 405)
    assert posted.json()["errors"][0]["extensions"]["code"] == "NOT_ACCEPTABLE"
