"""Whatever is posted, the answer is JSON with a code, never a fault of ours: thousands of made-up bodies."""

import asyncio
import json
from typing import Any

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.types import ASGIApp, Message
from support.library.engines import ENGINE, Library

from graph.guards import RequestIds
from graph.http import GraphQLEndpoint, HTTPBounds

SIGNS = [*"{}()[]:!$@=|&,", "...", "#\n", '"', '"""', "-1", "1", "9" * 40, "1e999", '"x"']
WORDS = ["query", "mutation", "subscription", "fragment", "on", "Book", "F", "null", "true", "__typename"]
FIELDS = ["books", "authors", "edges", "node", "name", "id", "first", "after", "failure"]
PHRASES = [
    "@skip(if: true)",
    "@defer",
    "...F",
    "fragment F on Book { ...F }",
    "{ books { totalCount } }",
    "$n",
]
TOKENS = st.sampled_from([*SIGNS, *WORDS, *FIELDS, *PHRASES, "($n: Int!)"])
DOCUMENTS = st.lists(TOKENS, max_size=30).map(" ".join) | st.text(max_size=40)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
REQUESTS = st.fixed_dictionaries(
    {},
    optional={
        "query": DOCUMENTS | VALUES,
        "variables": st.dictionaries(st.sampled_from(["n", "id", "x"]), VALUES, max_size=3) | VALUES,
        "operationName": st.text(max_size=5) | VALUES,
        "extensions": st.fixed_dictionaries({"persistedQuery": VALUES, "cost": VALUES}) | VALUES,
        "documentId": st.text(max_size=5) | VALUES,
    },
)
BODIES = st.one_of(
    REQUESTS.map(lambda request: json.dumps(request).encode()),
    VALUES.map(lambda value: json.dumps(value).encode()),
    st.tuples(REQUESTS.map(json.dumps), st.integers(0, 200), st.binary(max_size=3)).map(
        lambda parts: (cut := parts[0].encode())[: parts[1]] + parts[2] + cut[parts[1] :]
    ),
    st.binary(max_size=60),
)
ACCEPTED = st.sampled_from(
    [
        b"*/*",
        b"application/graphql-response+json",
        b"multipart/mixed, application/json",
        b"application/json;q=0.1",
    ]
)


@settings(
    max_examples=1_000,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(bodies=st.lists(BODIES, min_size=5, max_size=8), accept=ACCEPTED)
async def test_no_body_makes_the_server_fail(library: Library, bodies: list[bytes], accept: bytes) -> None:
    app = RequestIds(
        GraphQLEndpoint(ENGINE(), library.context_of, bounds=HTTPBounds(body_bytes=10_000, read_seconds=1))
    )
    for body in bodies:
        status, kind, answer = await post(app, body, accept)

        if kind.startswith(b"multipart/mixed"):
            continue
        content = orjson.loads(answer)
        codes = {error["extensions"]["code"] for error in content.get("errors", [])}
        # The one field that fails is masked; nothing else may be our fault.
        assert status < 500
        assert codes <= {"INTERNAL"} or "INTERNAL" not in codes
        assert "INTERNAL" not in codes or b"failure" in body
        assert codes or "data" in content


async def post(app: ASGIApp, body: bytes, accept: bytes) -> tuple[int, bytes, bytes]:
    """Status, content type and body of the answer."""
    sent: list[Message] = []
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        if not waiting:
            await asyncio.Event().wait()  # the client stays
        return waiting.pop()

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"host", b"api.test"), (b"content-type", b"application/json"), (b"accept", accept)]
    scope: dict[str, Any] = {
        "type": "http", "method": "POST", "path": "/graphql", "query_string": b"", "headers": headers
    }  # fmt: skip
    await app(scope, receive, send)
    kind = dict(sent[0]["headers"])[b"content-type"]
    return sent[0]["status"], kind, b"".join(message.get("body", b"") for message in sent[1:])
