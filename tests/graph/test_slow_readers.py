"""What is made for clients that do not take it is bounded, and what was done is told all the same."""

import asyncio
import tracemalloc
from collections.abc import AsyncGenerator, Coroutine
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from starlette.types import Message, Scope
from support.library.endpoint import an_app, asking
from support.library.engines import Library
from support.library.seed import fill, number
from support.library.streams import Client, Streams
from support.patience import PATIENCE_SECONDS, until
from support.upload_requests import HEADERS, field
from support.upload_requests import body as form

from graph import encode_id
from graph.admission import Admission, Budget, Overloaded
from graph.incremental import Ahead, Part
from graph.responses import least_bytes, written, written_within
from graph.sse import EventStream
from graph.uploads import UploadBounds, Uploads
from graph.wire.answers import WHOLE, Answer

RENAME = """mutation ($id: ID!) { rename(id: $id, name: "A name that takes some room to tell of") {
    book { id name } } }"""
DEFERRED = "{ __typename ... @defer { books { totalCount } } }"
MEGABYTE = 1_000_000


async def rename(client: httpx.AsyncClient, accept: str = "application/json") -> httpx.Response:
    ask = {"query": RENAME, "variables": {"id": encode_id("Book", number(0))}}
    return await client.post("/graphql", json=ask, headers={"accept": accept})


async def titles(library: Library) -> list[str]:
    async with library.reads.connect() as connection:
        return list(await connection.scalars(text("SELECT title FROM books ORDER BY id")))


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream", "multipart/mixed"])
async def test_what_a_mutation_has_done_is_told_however_much_waits(library: Library, accept: str) -> None:
    await fill(library, 1)
    async with asking(an_app(library, budget=Budget(10))) as client:
        answer = await rename(client, accept)

    assert answer.status_code == 200
    assert "A name that takes" in answer.text
    assert "OVERLOADED" not in answer.text


async def test_nothing_is_done_that_could_not_be_told(library: Library) -> None:
    await fill(library, 1)
    before = await titles(library)
    async with asking(an_app(library, budget=Budget(0))) as client:
        answer = await rename(client)

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert await titles(library) == before


async def test_streams_without_events_live_on_while_others_fill_all_the_room(library: Library) -> None:
    streams, budget = Streams(library), Budget(1_000)
    source = streams.responses("subscription { ticks(seconds: 2, count: 2) }")
    client = Client(EventStream(source, draining=streams.draining, heartbeat_seconds=0.05, budget=budget))
    await client.until(b'"0"')
    budget.take(1_000)
    lived = client.body.count(b":\n\n")
    await client.until(b":\n\n", times=lived + 3)
    budget.give(1_000)
    await client.call

    assert b'"1"' in client.body
    assert client.is_complete


async def much(count: int) -> AsyncGenerator[Part, None]:
    for n in range(count):
        await asyncio.sleep(0)
        yield {"incremental": [{"id": str(n), "data": {"text": "a" * MEGABYTE}}], "hasNext": True}


async def test_parts_that_nobody_takes_are_made_no_further_than_there_is_room() -> None:
    budget = Budget(10 * MEGABYTE)
    ahead = Ahead(much(50), 100 * MEGABYTE, budget)
    await until(lambda: not budget.fits(MEGABYTE))
    await asyncio.sleep(0.1)  # and the next one has been refused
    for _ in range(9):
        await anext(ahead)
    with pytest.raises(Overloaded):
        await anext(ahead)
    await ahead.aclose()

    assert budget.fits(10 * MEGABYTE)


async def test_parts_that_are_given_up_leave_their_room() -> None:
    budget = Budget(100 * MEGABYTE)
    ahead = Ahead(much(20), 100 * MEGABYTE, budget)
    await asyncio.sleep(0.1)
    await anext(ahead)
    await ahead.aclose()

    assert budget.fits(100 * MEGABYTE)


@pytest.mark.parametrize("extensions", [{}, {WHOLE: True}])
async def test_an_answer_takes_room_until_its_client_has_taken_it(extensions: dict[str, bool]) -> None:
    budget, taken = Budget(10), asyncio.Event()
    sent: list[Message] = []

    async def receive() -> Message:
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)
        await taken.wait()

    def answering() -> Coroutine[Any, Any, None]:
        scope: Scope = {"type": "http", "extensions": extensions}
        return Answer(b"12345678", 200, (), budget)(scope, receive, send)

    first = asyncio.create_task(answering())
    await until(lambda: bool(sent))
    assert (budget.fits(2), budget.fits(3)) == (True, False)
    with pytest.raises(Overloaded):
        await answering()
    assert len(sent) == 1

    taken.set()
    await first
    assert budget.fits(10)


async def test_a_response_in_parts_takes_the_place_of_a_stream(library: Library) -> None:
    app = an_app(library, streams=Admission(0, "streams are open"))
    ask = {"query": DEFERRED}
    async with asking(app) as client:
        accept = {"accept": "multipart/mixed;deferSpec=20220824, application/json"}
        parts = await client.post("/graphql", json=ask, headers=accept)
        whole = await client.post("/graphql", json=ask)

    assert (parts.status_code, whole.status_code) == (503, 200)


async def test_a_subscription_takes_no_files(library: Library) -> None:
    ask = {"query": 'subscription { book(id: "x") { id } }'}
    async with asking(an_app(library)) as client:
        answer = await client.post(
            "/graphql",
            content=form(field("operations", ask), field("map", {})),
            headers={**HEADERS, "accept": "text/event-stream"},
        )

    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (400, "BAD_REQUEST")


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream", "multipart/mixed"])
async def test_who_reads_an_answer_slowly_keeps_nobody_from_sending_files(
    library: Library, accept: str
) -> None:
    app = an_app(library, uploads=Uploads(UploadBounds(requests=1)))
    sent = form(field("operations", {"query": DEFERRED}), field("map", {}))
    pieces, taken = [sent], asyncio.Event()

    async def receive() -> Message:
        if pieces:
            return {"type": "http.request", "body": pieces.pop(), "more_body": False}
        return await asyncio.Future()  # it stays

    async def send(_message: Message) -> None:
        taken.set()
        await asyncio.Future()  # it takes nothing

    scope: dict[str, Any] = {
        "type": "http", "method": "POST", "path": "/graphql", "raw_path": b"/graphql", "query_string": b"",
        "scheme": "http", "http_version": "1.1", "server": ("127.0.0.1", 80), "client": ("127.0.0.1", 1),
        "headers": [
            (name.lower().encode(), value.encode())
            for name, value in {**HEADERS, "accept": accept, "host": "127.0.0.1"}.items()
        ],
    }  # fmt: skip
    slow = asyncio.create_task(app(scope, receive, send))
    async with asyncio.timeout(PATIENCE_SECONDS):
        await taken.wait()
    async with asking(app) as client:
        other = await client.post("/graphql", content=sent, headers=HEADERS)
    slow.cancel()
    await asyncio.wait([slow])

    assert other.status_code == 200, other.text


@pytest.mark.parametrize(
    "content",
    [
        pytest.param({"data": [{"a": "x" * MEGABYTE}] * 1}, id="a text"),
        pytest.param({"data": ["x" * MEGABYTE] * 1_000}, id="one text again and again"),
        pytest.param({"data": [{"x" * MEGABYTE: 1}] * 1_000}, id="one name again and again"),
        pytest.param({"data": [[1] * 1_000] * 1_000}, id="numbers"),
    ],
)
def test_what_is_too_long_is_not_written(content: dict[str, Any]) -> None:
    tracemalloc.start()
    found = written_within(content, 100_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert found is None
    assert peak < MEGABYTE


EMPTY: list[Any] = [[], {}]


@pytest.mark.parametrize(
    "content", [{}, {"data": None}, {"data": {"a": [1, True, None, 1.5, "x", "é", ""]}}, {"a": EMPTY}]
)
def test_what_fits_is_written_whatever_it_is(content: dict[str, Any]) -> None:
    body = written(content)

    assert least_bytes(content, 1_000) <= len(body)
    assert written_within(content, len(body)) == body
    assert written_within(content, len(body) - 1) is None


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("application/json, multipart/mixed;deferSpec=20220824;q=0.1", "application/json"),
        ("application/json;q=0.5, multipart/mixed;deferSpec=20220824", "multipart/mixed"),
        ("application/json, multipart/mixed;deferSpec=20220824", "multipart/mixed"),
        ("*/*, multipart/mixed;incrementalSpec=v0.2;q=0.9", "application/json"),
    ],
)
async def test_parts_are_sent_unless_the_whole_is_rather_wanted(
    library: Library, accept: str, kind: str
) -> None:
    async with asking(an_app(library)) as client:
        ask = {"query": DEFERRED}
        answer = await client.post("/graphql", json=ask, headers={"accept": accept})

    assert answer.headers["content-type"].startswith(kind)


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("text/event-stream, multipart/mixed;subscriptionSpec=1.0;q=0.1", "text/event-stream"),
        ("text/event-stream;q=0.1, multipart/mixed;subscriptionSpec=1.0", "multipart/mixed"),
        ("text/event-stream, multipart/mixed;subscriptionSpec=1.0", "text/event-stream"),
        ("multipart/mixed;subscriptionSpec=1.0, text/event-stream", "multipart/mixed"),
        ("*/*, multipart/mixed;subscriptionSpec=1.0", "multipart/mixed"),
        ("*/*, multipart/mixed;subscriptionSpec=1.0;q=0.9", "text/event-stream"),
    ],
)
async def test_a_subscription_is_carried_by_what_is_wanted_most(
    library: Library, accept: str, kind: str
) -> None:
    ask = {"query": "subscription ($id: ID!) { book(id: $id) { id } }", "variables": {"id": "x"}}
    async with asking(an_app(library)) as client:
        answer = await client.post("/graphql", json=ask, headers={"accept": accept})

    assert answer.headers["content-type"].startswith(kind)
