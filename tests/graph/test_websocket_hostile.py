"""GraphQL over WebSocket against clients that mean harm: a message or a close code, never an abnormal end."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.asgi_sockets import AsgiSocket, asgi_socket
from support.library.engines import Library
from support.library.serving import SECRET
from support.library.sockets import Served, client, served, sockets_of
from support.patience import AT_ONCE_SECONDS, PATIENCE_SECONDS

COUNT = "{ books { totalCount } }"
NUMBERED = "query ($n: Int) { books(first: $n) { totalCount } }"
OPEN = 0
"""The socket serves on."""


def subscribe(payload: Any, id: Any = "1", **more: Any) -> str:
    return json.dumps({"type": "subscribe", "id": id, "payload": payload, **more})


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


DEEP_QUERY = "{ authors { edges { node " * 200 + "{ id }" + "}}}" * 200
INIT = '{"type": "connection_init"}'
FRAMES: list[tuple[str | bytes, int]] = [
    ("", 4400), (" ", 4400), ("{", 4400), ("[]", 4400), ("1", 4400), ("null", 4400), ('"text"', 4400),
    ("true", 4400), ("NaN", 4400), ("{}", 4400), ("{'type': 'ping'}", 4400), ("\x00", 4400),
    ("\ufeff{}", 4400),
    ("[" * 100_000, 4400), (nested(3_000), 4400), ('{"a": ' * 20_000, 4400), ("9" * 5_000, 4400),
    ('{"type": "ping"} {"type": "ping"}', 4400), ('{"type": "\\ud800"}', 4400),
    (b"", 4400), (b"\xff\xfe", 4400), (b'{"type": "ping"}', 4400), (b"x" * 10_000, 4400),
    ("x" * 262_145, 1009), ("é" * 131_073, 1009), (b"x" * 300_000, 4400), ("x" * 3_000_000, 1009),
    ('{"type": 1}', 4400), ('{"type": null}', 4400), ('{"type": []}', 4400), ('{"type": {}}', 4400),
    ('{"type": "unknown"}', 4400), ('{"type": ""}', 4400), ('{"type": "PING"}', 4400),
    ('{"type": "start", "id": "1", "payload": {"query": "{ __typename }"}}', 4400),
    ('{"type": "connection_ack"}', 4400), ('{"type": "next", "id": "1", "payload": {}}', 4400),
    ('{"type": "error", "id": "1", "payload": []}', 4400), ('{"type": "connection_terminate"}', 4400),
    (INIT, 4429), ('{"type": "connection_init", "payload": []}', 4400),
    ('{"type": "ping", "payload": []}', 4400), ('{"type": "ping", "payload": 1}', 4400),
    ('{"type": "ping", "payload": "x"}', 4400), ('{"type": "pong", "payload": 1}', 4400),
    ('{"type": "ping", "payload": ' + nested(3_000) + "}", 4400),
    ('{"type": "ping", "payload": {"a": ' + nested(900) + "}}", 4400),
    ('{"type": "ping", "payload": {"a": ' + "9" * 5_000 + "}}", 4400),
    ('{"type": "ping", "payload": {"a": "\\ud800"}}', 4400),
    ('{"type": "ping", "payload": null}', OPEN), ('{"type": "pong"}', OPEN),
    ('{"type": "ping", "payload": {"constructor": {"prototype": 1}, "__proto__": null}}', OPEN),
    ('{"type": "complete"}', 4400), ('{"type": "complete", "id": []}', 4400),
    ('{"type": "complete", "id": 1}', 4400), ('{"type": "complete", "id": ""}', 4400),
    ('{"type": "complete", "id": "never"}', OPEN),
    ('{"type": "complete", "id": "' + "i" * 9_000 + '"}', 4400),
    ('{"type": "subscribe"}', 4400), ('{"type": "subscribe", "id": "1"}', 4400),
    (subscribe(None), 4400), (subscribe([]), 4400), (subscribe(1), 4400), (subscribe("{ a }"), 4400),
    (subscribe({"query": COUNT}, id=None), 4400), (subscribe({"query": COUNT}, id=1), 4400),
    (subscribe({"query": COUNT}, id=""), 4400), (subscribe({"query": COUNT}, id=["1"]), 4400),
    (subscribe({"query": COUNT}, id="i" * 300), 4400), (subscribe({"query": 1}), 4400),
    (subscribe({"query": ["{ a }"]}), 4400), (subscribe({"query": COUNT, "variables": []}), 4400),
    (subscribe({"query": COUNT, "variables": "x"}), 4400),
    (subscribe({"query": COUNT, "extensions": 1}), 4400),
    (subscribe({"query": COUNT, "operationName": 1}), 4400), (subscribe({"documentId": {}}), 4400),
    (subscribe({}), OPEN), (subscribe({"query": None}), OPEN), (subscribe({"query": ""}), OPEN),
    (subscribe({"query": COUNT, "operationName": "B"}), OPEN), (subscribe({"query": "{" * 3_000}), OPEN),
    (subscribe({"query": DEEP_QUERY}), OPEN), (subscribe({"query": "{ a " * 2_000}), OPEN),
    (subscribe({"query": "{ books(first: " + "9" * 5_000 + ") { totalCount } }"}), OPEN),
    (subscribe({"query": "{ ...F } fragment F on Query { ...F }"}), OPEN),
    (subscribe({"query": COUNT, "extensions": {"persistedQuery": 1}}), OPEN),
    (subscribe({"documentId": "unknown"}), OPEN), (subscribe({"query": "\x00"}), OPEN),
    (subscribe({"query": "{ failure }"}), OPEN), (subscribe({"query": "subscription { breaks }"}), OPEN),
    (subscribe({"query": NUMBERED, "variables": {"n": "x"}}), OPEN),
    (subscribe({"query": NUMBERED, "variables": {"n": "@"}}).replace('"@"', nested(900)), OPEN),
]  # fmt: skip


@pytest.fixture
async def server(library: Library) -> AsyncIterator[Served]:
    async with served(library) as opened:
        yield opened


@pytest.mark.parametrize("when", ["before the client is let in", "afterwards"])
async def test_each_hostile_frame_gets_a_message_or_a_close_code(
    library: Library, when: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert len(FRAMES) >= 60
    async with served(library) as server:
        for frame, code in FRAMES:
            if frame == INIT and when != "afterwards":
                continue  # the one that is no offence then
            began = time.process_time()  # of server and client: others of this machine do not count
            async with client(server.url, init=when == "afterwards", compression=None) as socket:
                await socket.say(frame)
                if code == OPEN and when == "afterwards":
                    await socket.answers()
                else:
                    if code == OPEN:
                        await socket.say(subscribe({"query": COUNT}))
                    got, _ = await socket.until_closed()
                    assert got == (code or 4401), (frame[:80], got)
            assert time.process_time() - began < 2, frame[:80]
    assert not [each for each in caplog.records if "failed" in each.message or "ASGI" in each.message]


async def test_a_client_that_vanishes_in_the_middle_leaves_nothing_behind(server: Served) -> None:
    for query in ("subscription { silence }", "{ wait(seconds: 60) }", "subscription { flood(size: 1000) }"):
        begun = server.watch.begun
        async with client(server.url) as socket:
            await socket.subscribe("1", query)
            await server.watch.until(1, begun=begun + 1)
            socket.connection.transport.abort()
        await server.watch.until(0)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await server.draining.emptied()


QUERIES = st.sampled_from(
    [
        COUNT, "{ failure }", "{", "{ nothing }", "subscription { breaks }", "subscription { silence }",
        "subscription { expires }", "subscription { flood(size: 10) }", "{ wait(seconds: 9) }",
        "mutation { __typename }", "query ($a: Int!) { books(first: $a) { totalCount } }",
    ]
)  # fmt: skip
SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=4)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)
IDS = st.sampled_from(["1", "2", "3"])
PAYLOADS = st.fixed_dictionaries({"query": QUERIES}, optional={"variables": st.dictionaries(IDS, JSON)})
GOOD = st.one_of(
    st.builds(lambda key, payload: {"type": "subscribe", "id": key, "payload": payload}, IDS, PAYLOADS),
    st.builds(lambda key: {"type": "complete", "id": key}, IDS),
    st.builds(lambda kind: {"type": kind}, st.sampled_from(["ping", "pong"])),
)
BAD = st.one_of(
    JSON,
    st.fixed_dictionaries(
        {"type": st.sampled_from(["subscribe", "complete", "ping", "next", "connection_init"]) | JSON},
        optional={"id": IDS | JSON, "payload": PAYLOADS | JSON},
    ),
)
SEQUENCES = st.lists(GOOD.map(json.dumps), max_size=8).flatmap(
    lambda good: st.lists(BAD.map(json.dumps) | st.text(max_size=5) | st.binary(max_size=5), max_size=2).map(
        lambda bad: [*good, *bad]
    )
)


@settings(
    max_examples=1_000,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(frames=SEQUENCES, init=st.sampled_from([True, True, True, False]), pauses=st.booleans())
async def test_no_sequence_of_frames_ends_abnormally(
    library: Library, *, frames: list[str | bytes], init: bool, pauses: bool
) -> None:
    made = sockets_of(library)
    async with asgi_socket(made.sockets) as (socket, task):
        await _play(socket, frames, init=init, pauses=pauses)
        socket.leave()
        await asyncio.wait_for(task, AT_ONCE_SECONDS)
    assert socket.closed_with in {None, 4400, 4401, 4403, 4409, 4429}
    assert made.watch.running == made.draining.held == 0
    assert SECRET not in repr(socket.sent)
    for text in socket.texts:
        assert json.loads(text)["type"] in {"connection_ack", "pong", "next", "error", "complete"}


async def _play(socket: AsgiSocket, frames: list[str | bytes], *, init: bool, pauses: bool) -> None:
    if init:
        socket.text(INIT)
        await socket.until_said(1)
    for frame in frames:
        key = "text" if isinstance(frame, str) else "bytes"
        socket.say({"type": "websocket.receive", key: frame})
        if pauses:
            await asyncio.sleep(0.001)
