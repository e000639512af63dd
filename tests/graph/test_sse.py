"""Server-sent events: framed to the byte, kept alive, at the client's pace, ended in good order."""

import asyncio
import json
import socket
from collections.abc import AsyncGenerator
from itertools import pairwise
from typing import Any

import httpx
import pytest
from support.library.engines import Library
from support.library.seed import fill
from support.library.streams import SECRET, Client, Streams, answer, served
from support.patience import AT_ONCE_SECONDS, PATIENCE_SECONDS
from support.servers import serving

from graph.responses import Response
from graph.sse import EventStream


@pytest.fixture
def streams(library: Library) -> Streams:
    return Streams(library)


def events(streams: Streams, query: str, **options: Any) -> EventStream:
    return EventStream(streams.responses(query), draining=streams.draining, **options)


async def test_each_response_is_an_event_and_the_end_is_one(streams: Streams) -> None:
    client = await answer(events(streams, "subscription { ticks(count: 2) }"))

    assert client.sent[0]["status"] == 200
    assert client.headers == {
        "content-type": "text/event-stream; charset=utf-8",
        "cache-control": "no-store, no-transform",
        "x-accel-buffering": "no",
    }
    assert client.body == (
        b":\n\n"
        b'event: next\ndata: {"data":{"ticks":"0"}}\n\n'
        b'event: next\ndata: {"data":{"ticks":"1"}}\n\n'
        b"event: complete\ndata:\n\n"
    )
    assert client.is_complete


async def test_a_query_is_one_event(streams: Streams) -> None:
    client = await answer(events(streams, "{ gate { name } }", endless=False))

    assert client.body == (
        b':\n\nevent: next\ndata: {"data":{"gate":{"name":"west"}}}\n\nevent: complete\ndata:\n\n'
    )


async def test_a_request_that_is_not_executed_is_an_event_too(streams: Streams) -> None:
    client = await answer(events(streams, "subscription ($id: ID!) { book(id: $id) { id } }"))

    _, event, complete, _ = client.body.split(b"\n\n")
    assert (
        json.loads(event.removeprefix(b"event: next\ndata: "))["errors"][0]["extensions"]["code"]
        == "BAD_USER_INPUT"
    )
    assert complete == b"event: complete\ndata:"


async def test_a_comment_shows_life_only_while_there_is_no_event(streams: Streams) -> None:
    quiet = Client(events(streams, "subscription { ticks(seconds: 30) }", heartbeat_seconds=0.05))
    busy = Client(events(streams, "subscription { ticks(seconds: 0.02) }", heartbeat_seconds=0.3))
    await asyncio.sleep(0.5)
    await quiet.until(b":\n\n", times=5)  # ten, on a quiet machine

    assert min(silences_before(quiet, b":\n\n")) > 0.04
    assert all(each > 0.25 for each in silences_before(busy, b":\n\n"))
    for client in (quiet, busy):
        client.leave()
        await client.call


def silences_before(client: Client, body: bytes) -> list[float]:
    """How long nothing was sent before each of these, but for the first body."""
    times = pairwise(client.sent_at[1:])
    return [
        at - before
        for message, (before, at) in zip(client.sent[2:], times, strict=True)
        if message["body"] == body
    ]


async def test_the_work_stops_when_the_client_leaves(streams: Streams) -> None:
    await fill(streams.library, 1)
    client = Client(events(streams, "subscription { ticks(seconds: 30) }"))
    await client.until(b'"0"')

    client.leave()
    async with asyncio.timeout(AT_ONCE_SECONDS):
        await client.call

    assert streams.ended == ["ticks"]
    assert not client.is_complete


@pytest.mark.parametrize("query", ["subscription { ticks(seconds: 30) }", "{ gate { slow(seconds: 30) } }"])
async def test_the_work_stops_when_the_connection_breaks(streams: Streams, query: str) -> None:
    app = served(streams, lambda query: events(streams, query, endless=False))
    async with serving(app) as url, httpx.AsyncClient(base_url=url) as client:
        async with client.stream("POST", "/", json={"query": query}) as response:
            async for chunk in response.aiter_raw():
                assert chunk
                break
            await asyncio.sleep(0.05)

        assert await streams.until_ended() < AT_ONCE_SECONDS


async def test_a_server_sends_it_as_it_is(streams: Streams) -> None:
    app = served(streams, lambda query: events(streams, query))
    async with serving(app) as url, httpx.AsyncClient(base_url=url) as client:
        response = await client.post("/", json={"query": "subscription { ticks(count: 1) }"})

    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert response.content == (
        b':\n\nevent: next\ndata: {"data":{"ticks":"0"}}\n\nevent: complete\ndata:\n\n'
    )


async def test_a_client_that_takes_nothing_is_given_up(streams: Streams) -> None:
    client = Client(events(streams, "subscription { ticks }", stall_seconds=0.1))
    await client.until(b'"3"')

    client.takes.clear()
    async with asyncio.timeout(PATIENCE_SECONDS):
        await client.call

    assert streams.ended == ["ticks"]
    assert not client.is_complete


async def test_a_client_that_wakes_up_late_is_told_that_it_was_slow(streams: Streams) -> None:
    client = Client(events(streams, "subscription { ticks }", stall_seconds=0.1))
    await client.until(b'"3"')

    client.takes.clear()
    await streams.until_ended()
    client.takes.set()
    await client.call

    *_, last, complete, _ = client.body.split(b"\n\n")
    assert b"SLOW_CONSUMER" in last
    assert complete == b"event: complete\ndata:"
    assert client.is_complete


async def test_a_slow_client_is_given_the_time_it_takes(streams: Streams) -> None:
    """A response of many slices, taken slowly: none takes long, all together do."""
    stream = events(streams, "{ gate { letters(count: 1000000) } }", endless=False, stall_seconds=2)
    slow = Client(stream)
    for _ in range(30):
        slow.takes.set()
        await asyncio.sleep(0)
        slow.takes.clear()
        await asyncio.sleep(0.08)
    slow.takes.set()
    await slow.call

    assert slow.is_complete
    assert b"a" * 1_000_000 in slow.body
    assert max(len(message.get("body", b"")) for message in slow.sent) == 64 * 1024


async def test_what_is_not_taken_over_a_connection_is_not_made(streams: Streams) -> None:
    made = 0

    async def counted(query: str) -> AsyncGenerator[Response, None]:
        nonlocal made
        async for response in streams.responses(query):
            made += 1
            yield response

    app = served(
        streams,
        lambda query: EventStream(counted(query), draining=streams.draining, stall_seconds=0.5),
    )
    async with serving(app) as url:
        host, port = url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as stuck:
            query = json.dumps({"query": "subscription { ticks(letters: 100000) }"}).encode()
            stuck.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(query) + query)
            await streams.until_ended()

    assert made < 100


async def test_a_server_that_drains_ends_it_so_that_clients_come_back(streams: Streams) -> None:
    client = Client(events(streams, "subscription { ticks(seconds: 30) }"))
    await client.until(b'"0"')

    streams.draining.begin()
    async with asyncio.timeout(AT_ONCE_SECONDS):
        await client.call

    assert client.is_complete
    assert b"complete" not in client.body
    assert client.body.endswith(b"\n\n")
    assert streams.ended == ["ticks"]


async def test_a_server_that_drains_waits_for_what_ends_by_itself(streams: Streams) -> None:
    client = Client(events(streams, "{ gate { slow(seconds: 0.5) } }", endless=False))
    await client.until(b":\n\n")
    await asyncio.sleep(0.05)

    streams.draining.begin()
    await client.call

    assert b'{"data":{"gate":{"slow":"slow"}}}' in client.body
    assert client.body.endswith(b"event: complete\ndata:\n\n")


async def test_draining_does_not_tear_an_event(streams: Streams) -> None:
    client = Client(events(streams, "subscription { ticks(letters: 300000, seconds: 30) }"))
    client.takes.clear()
    await asyncio.sleep(0.02)

    streams.draining.begin()
    await asyncio.sleep(0.02)
    client.takes.set()
    await client.call

    assert client.is_complete
    *frames, rest = client.body.split(b"\n\n")
    assert rest == b""
    for frame in frames:
        assert frame == b":" or json.loads(frame.removeprefix(b"event: next\ndata: "))


async def test_a_stream_that_breaks_ends_with_a_masked_error(
    streams: Streams, caplog: pytest.LogCaptureFixture
) -> None:
    client = await answer(events(streams, "subscription { ticks(brokenAt: 1) }"))

    assert SECRET.encode() not in client.body
    assert SECRET in caplog.text
    assert [record.request_id for record in caplog.records] == ["request-1"]  # type: ignore[attr-defined]
    *_, event, complete, _ = client.body.split(b"\n\n")
    [error] = json.loads(event.removeprefix(b"event: next\ndata: "))["errors"]
    assert error == {
        "message": "Internal error.",
        "extensions": {"code": "INTERNAL", "requestId": "request-1"},
    }
    assert complete == b"event: complete\ndata:"


async def test_a_source_that_breaks_under_the_engine_is_masked_as_well(
    streams: Streams, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken() -> AsyncGenerator[Response, None]:
        yield Response(b'{"data":{}}')
        raise RuntimeError(SECRET)

    client = await answer(EventStream(broken(), draining=streams.draining))

    assert SECRET.encode() not in client.body
    assert SECRET in caplog.text
    assert b'"code":"INTERNAL"' in client.body
    assert client.body.endswith(b"event: complete\ndata:\n\n")
