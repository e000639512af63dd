"""Frames of graphql-transport-ws: each is one known message, or a close code."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph import GraphQLRequest
from graph.wire import frames
from graph.wire.frames import CloseCode, Closed, Complete, Init, Ping, Pong, Subscribe, decode

MOST = 1_000


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ('{"type": "connection_init"}', Init({})),
        ('{"type": "connection_init", "payload": null}', Init({})),
        ('{"type": "connection_init", "payload": {"a": 1}, "more": 2}', Init({"a": 1})),
        ('{"type": "ping"}', Ping(None)),
        ('{"type": "ping", "payload": {"a": [1]}}', Ping(b'{"a":[1]}')),
        ('{"type": "pong", "payload": {}}', Pong()),
        ('{"type": "complete", "id": "1", "payload": 5}', Complete("1")),
        (
            '{"type": "subscribe", "id": "1", "payload": {"query": "{ a }", "variables": null}}',
            Subscribe("1", GraphQLRequest("{ a }")),
        ),
        (
            '{"type": "subscribe", "id": "é", "payload": {"documentId": "d", "variables": {"v": 1}}}',
            Subscribe("é", GraphQLRequest(None, "d", None, {"v": 1})),
        ),
    ],
)
def test_a_known_message_is_read(frame: str, message: object) -> None:
    assert decode(frame, MOST) == message


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (None, CloseCode.BAD_MESSAGE),
        ("é" * 501, CloseCode.MESSAGE_TOO_LARGE),
        (" " * 1_001, CloseCode.MESSAGE_TOO_LARGE),
        (" " * 1_000, CloseCode.BAD_MESSAGE),
        ("\ud800", CloseCode.BAD_MESSAGE),
        ('{"type": "complete", "id": "' + "i" * 257 + '"}', CloseCode.BAD_MESSAGE),
        ('{"type": "ping", "payload": {"a": ' + "[" * 300 + "]" * 300 + "}}", CloseCode.BAD_MESSAGE),
    ],
)
def test_what_cannot_be_read_closes_the_socket(frame: str | None, code: CloseCode) -> None:
    with pytest.raises(Closed) as closed:
        decode(frame, MOST)

    assert closed.value.code == code


def test_a_reason_fits_into_a_close_frame_and_stays_a_text() -> None:
    reason = Closed(CloseCode.DUPLICATE_ID, "é" * 200 + "\ud800").reason

    assert reason == "é" * 61


def test_what_is_written_is_the_body_as_it_stands() -> None:
    assert frames.following('"', b'{"data": 1}') == b'{"id":"\\"","type":"next","payload":{"data": 1}}'
    assert frames.completed("1") == b'{"id":"1","type":"complete"}'
    assert frames.failed("1", [{"message": "\ud800"}]) == (
        b'{"id":"1","type":"error","payload":[{"message":"?"}]}'
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
TYPES = st.sampled_from(
    ["connection_init", "ping", "pong", "subscribe", "complete", "next", "error", "connection_ack"]
)
MESSAGES = st.fixed_dictionaries(
    {"type": TYPES | JSON},
    optional={
        "id": st.text(max_size=3) | JSON,
        "payload": st.fixed_dictionaries(
            {}, optional={"query": st.text(max_size=9) | JSON, "variables": JSON, "extensions": JSON}
        )
        | JSON,
    },
)


def decoded(frame: str) -> frames.ClientMessage | Closed:
    try:
        return decode(frame, MOST)
    except Closed as closed:
        return closed


@settings(max_examples=1_000, deadline=None)
@given(st.text() | MESSAGES.map(json.dumps) | JSON.map(json.dumps))
def test_any_frame_is_a_message_or_a_close_code(frame: str) -> None:
    found = decoded(frame)

    if isinstance(found, Closed):
        assert found.code in {CloseCode.BAD_MESSAGE, CloseCode.MESSAGE_TOO_LARGE}
        assert 0 < len(found.reason.encode()) <= 123
    else:
        assert isinstance(found, Init | Ping | Pong | Subscribe | Complete)
        if isinstance(found, Ping):
            json.loads(frames.ponged(found))
