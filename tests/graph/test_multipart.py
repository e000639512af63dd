"""multipart/mixed: subscriptions as Apollo takes them, parts of a response in both formats."""

import asyncio
import json
from typing import Any

import httpx
import pytest
from support.library.engines import Library
from support.library.seed import fill
from support.library.streams import SECRET, Client, Streams, answer, merged, merged_by_path, served
from support.patience import AT_ONCE_SECONDS, PATIENCE_SECONDS
from support.servers import serving

from graph.engine import Bounds
from graph.multipart import MultipartParts, MultipartSubscription, Spec, spec_of
from graph.wire.media_types import accepted

HEAD = b"\r\nContent-Type: application/json; charset=utf-8\r\n\r\n"


@pytest.fixture
def streams(library: Library) -> Streams:
    return Streams(library)


def subscription(streams: Streams, query: str, **options: Any) -> MultipartSubscription:
    return MultipartSubscription(streams.responses(query), draining=streams.draining, **options)


async def in_parts(streams: Streams, query: str, *, legacy: bool = False, **options: Any) -> MultipartParts:
    return MultipartParts(await streams.parts(query), legacy=legacy, draining=streams.draining, **options)


def parts_of(body: bytes) -> list[Any]:
    """The parts of a complete answer."""
    before, *parts, end = body.split(b"\r\n--graphql")
    assert before == b""
    assert end == b"--\r\n"
    assert all(part.startswith(HEAD) for part in parts)
    return [json.loads(part.removeprefix(HEAD)) for part in parts]


async def test_each_event_is_a_part_with_its_delimiter(streams: Streams) -> None:
    client = await answer(subscription(streams, "subscription { ticks(count: 2) }"))

    assert client.headers["content-type"] == "multipart/mixed; boundary=graphql; subscriptionSpec=1.0"
    assert client.headers["cache-control"] == "no-store, no-transform"
    assert client.body == (
        b"\r\n--graphql"
        + HEAD
        + b'{"payload":{"data":{"ticks":"0"}}}\r\n--graphql'
        + HEAD
        + b'{"payload":{"data":{"ticks":"1"}}}\r\n--graphql'
        + b"--\r\n"
    )
    assert b'{"payload":{"data":{"ticks":"0"}}}\r\n--graphql' in client.sent[2]["body"]


async def test_an_empty_part_shows_life(streams: Streams) -> None:
    client = Client(subscription(streams, "subscription { ticks(seconds: 30) }", heartbeat_seconds=0.05))

    await client.until(HEAD + b"{}\r\n--graphql" + HEAD + b"{}\r\n--graphql")
    client.leave()
    await client.call

    assert streams.ended == ["ticks"]


async def test_what_an_event_lacks_is_told_in_its_payload(streams: Streams) -> None:
    client = await answer(subscription(streams, "subscription ($id: ID!) { book(id: $id) { id } }"))

    [part] = parts_of(client.body)
    assert part["payload"]["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_subscription_that_breaks_says_so_beside_an_empty_payload(
    streams: Streams, caplog: pytest.LogCaptureFixture
) -> None:
    client = await answer(subscription(streams, "subscription { ticks(brokenAt: 1) }"))

    first, last = parts_of(client.body)
    assert first == {"payload": {"data": {"ticks": "0"}}}
    assert last["payload"] is None
    assert [error["extensions"] for error in last["errors"]] == [
        {"code": "INTERNAL", "requestId": "request-1"}
    ]
    assert SECRET.encode() not in client.body
    assert SECRET in caplog.text


async def test_a_server_that_drains_tells_subscribers_to_come_back(streams: Streams) -> None:
    client = Client(subscription(streams, "subscription { ticks(seconds: 30) }"))
    await client.until(b'"0"')

    streams.draining.begin()
    async with asyncio.timeout(AT_ONCE_SECONDS):
        await client.call

    _, last = parts_of(client.body)
    assert last["payload"] is None
    assert last["errors"][0]["extensions"]["code"] == "SERVER_ENDING"
    assert client.is_complete
    assert streams.ended == ["ticks"]


async def test_a_subscriber_that_takes_nothing_is_given_up(streams: Streams) -> None:
    client = Client(subscription(streams, "subscription { ticks }", stall_seconds=0.1))
    await client.until(b'"3"')

    client.takes.clear()
    async with asyncio.timeout(PATIENCE_SECONDS):
        await client.call

    assert streams.ended == ["ticks"]


async def test_parts_are_told_by_id_or_by_path(streams: Streams) -> None:
    query = '{ gate { name ... @defer(label: "later") { slow(seconds: 0.01) } } }'

    current = await answer(await in_parts(streams, query))
    legacy = await answer(await in_parts(streams, query, legacy=True))

    assert current.headers["content-type"] == "multipart/mixed; boundary=graphql; incrementalSpec=v0.2"
    assert parts_of(current.body) == [
        {
            "data": {"gate": {"name": "west"}},
            "pending": [{"id": "0", "path": ["gate"], "label": "later"}],
            "hasNext": True,
        },
        {
            "hasNext": False,
            "incremental": [{"data": {"slow": "slow"}, "id": "0"}],
            "completed": [{"id": "0"}],
        },
    ]
    assert legacy.headers["content-type"] == "multipart/mixed; boundary=graphql; deferSpec=20220824"
    assert legacy.body == (
        b"\r\n--graphql"
        + HEAD
        + b'{"data":{"gate":{"name":"west"}},"hasNext":true}\r\n--graphql'
        + HEAD
        + b'{"incremental":[{"data":{"slow":"slow"},"path":["gate"],"label":"later"}],"hasNext":false}'
        + b"\r\n--graphql--\r\n"
    )


@pytest.mark.parametrize("legacy", [False, True])
async def test_the_first_part_does_not_wait_for_the_others(streams: Streams, *, legacy: bool) -> None:
    query = "{ gate { name ... @defer { slow(seconds: 30) } } }"

    async def parts(query: str) -> MultipartParts:
        return await in_parts(streams, query, legacy=legacy)

    async with serving(served(streams, parts)) as url, httpx.AsyncClient(base_url=url) as client:
        async with client.stream("POST", "/", json={"query": query}) as response:
            body = b""
            async with asyncio.timeout(AT_ONCE_SECONDS):
                async for chunk in response.aiter_raw():
                    body += chunk
                    if body.endswith(b"\r\n--graphql") and b"west" in body:
                        break

        assert await streams.until_ended() < AT_ONCE_SECONDS


@pytest.mark.parametrize("when", ["before", "after"])
async def test_the_work_stops_when_the_client_leaves(streams: Streams, when: str) -> None:
    await fill(streams.library, 1)
    query = """{ authors { totalCount }
                 gate { ... @defer { slow(seconds: 30) } ... @defer { letters(count: 1) } } }"""
    client = Client(await in_parts(streams, query))
    if when == "after":
        await client.until(b'"letters"')

    client.leave()
    async with asyncio.timeout(AT_ONCE_SECONDS):
        await client.call

    assert streams.library.reads.pool.checkedout() == 0  # type: ignore[attr-defined]
    assert not client.is_complete


@pytest.mark.parametrize("legacy", [False, True])
async def test_at_the_deadline_what_is_missing_is_told(library: Library, *, legacy: bool) -> None:
    streams = Streams(library, Bounds(query_seconds=0.1))
    query = '{ gate { name ... @defer(label: "l") { slow(seconds: 30) } } }'

    client = await answer(await in_parts(streams, query, legacy=legacy))

    *_, last = parts_of(client.body)
    assert last["hasNext"] is False
    [failed] = last["incremental"] if legacy else last["completed"]
    assert failed["errors"][0]["extensions"]["code"] == "DEADLINE_EXCEEDED"
    assert failed.get("path", ["gate"]) == ["gate"]


@pytest.mark.parametrize("legacy", [False, True])
async def test_a_part_that_is_too_large_fails_what_is_awaited(library: Library, *, legacy: bool) -> None:
    streams = Streams(library, Bounds(response_bytes=400))
    query = """{ gate { name ... @defer { letters(count: 5) } ... @defer(label: "big") { slow(seconds: 0.02)
                 big: letters(count: 500) } ... @defer(label: "late") { s: slow(seconds: 30) } } }"""

    client = await answer(await in_parts(streams, query, legacy=legacy))

    parts = parts_of(client.body)
    merge = merged_by_path if legacy else merged
    data, errors = merge(parts)
    assert data == {"gate": {"name": "west", "letters": "aaaaa"}}
    assert [error["extensions"]["code"] for error in errors] == ["RESPONSE_TOO_LARGE"] * 2
    assert parts[-1]["hasNext"] is False
    assert streams.ended == ["slow", "slow"]


@pytest.mark.parametrize("legacy", [False, True])
async def test_a_first_part_that_is_too_large_is_refused(library: Library, *, legacy: bool) -> None:
    streams = Streams(library, Bounds(response_bytes=300))

    client = await answer(
        await in_parts(streams, "{ gate { letters(count: 500) ... @defer { name } } }", legacy=legacy)
    )

    [part] = parts_of(client.body)
    assert part["data"] is None
    assert part["errors"][0]["extensions"]["code"] == "RESPONSE_TOO_LARGE"
    assert part["hasNext"] is False


@pytest.mark.parametrize("legacy", [False, True])
async def test_a_secret_in_a_part_stays_here(
    streams: Streams, caplog: pytest.LogCaptureFixture, *, legacy: bool
) -> None:
    query = """{ gate { gates(count: 3, broken: 1) @stream(initialCount: 0) { again }
                 ... @defer { failure } ... @defer { strictFailure } } }"""

    client = await answer(await in_parts(streams, query, legacy=legacy))

    assert SECRET.encode() not in client.body
    assert client.body.count(b'"code":"INTERNAL","requestId":"request-1"') == 3
    assert caplog.text.count(f"RuntimeError: {SECRET}") == 3
    assert {record.request_id for record in caplog.records} == {"request-1"}  # type: ignore[attr-defined]


async def test_a_server_that_drains_waits_for_the_parts(streams: Streams) -> None:
    client = Client(await in_parts(streams, "{ gate { name ... @defer { slow(seconds: 0.2) } } }"))
    await client.until(b"west")

    streams.draining.begin()
    await client.call

    assert merged(parts_of(client.body))[0] == {"gate": {"name": "west", "slow": "slow"}}


@pytest.mark.parametrize(
    ("accept", "spec"),
    [
        ("multipart/mixed;boundary=graphql;subscriptionSpec=1.0", Spec.SUBSCRIPTION),
        ('multipart/mixed; boundary="graphql"; subscriptionSpec="1.0"', Spec.SUBSCRIPTION),
        ("multipart/mixed;deferSpec=20220824", Spec.LEGACY),
        ("multipart/mixed;incrementalSpec=v0.2", Spec.CURRENT),
        ("multipart/mixed", Spec.LEGACY),
        ("multipart/mixed;boundary=-;q=0.5", Spec.LEGACY),
        ("multipart/mixed;deferSpec=20990101", None),
        ("multipart/form-data", None),
        ("*/*", None),
    ],
)
def test_the_accepted_type_says_which_format_is_meant(accept: str, spec: Spec | None) -> None:
    [element] = accepted([accept])

    assert spec_of(element) is spec
