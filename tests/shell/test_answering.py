"""How answers are written, and how long a connection is kept for the next request."""

import asyncio
import gc
import itertools
import re
from contextvars import ContextVar

import pytest
from starlette.types import Receive, Scope, Send
from support.served import CHUNKED, GET, an_app, body, connected, start, told

from agreements_api.answering import Cycle
from graph.guards import PROMISE, RequestIds
from graph.wire.answers import TAKEN, WHOLE
from graph.wire.bodies import AT_ONCE


async def test_an_answered_request_leaves_nothing_for_the_garbage_collector() -> None:
    """What it leaves takes memory until the collector looks, which a server has it do seldom."""
    async with connected(an_app(start((b"content-length", b"2")), body(b"ok"))) as (reader, writer):
        gc.collect()
        gc.disable()
        try:
            for _ in range(20):
                writer.write(GET)
                await reader.readuntil(b"ok")
            assert sum(isinstance(each, Cycle) for each in gc.get_objects()) <= 2  # the last ones
        finally:
            gc.enable()


@pytest.mark.parametrize("size", [0, 1, 20_000, 200_000])
async def test_a_body_of_any_length_comes_behind_its_head(size: int) -> None:
    content = b"x" * size
    answer = await told(an_app(start((b"content-length", b"%d" % size)), body(content)))

    head, _, rest = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\ncontent-length: %d" % size in head
    assert rest == content


@pytest.mark.parametrize("sent", [GET, GET.replace(b"GET", b"HEAD")])
async def test_an_answer_may_come_in_one_message(sent: bytes) -> None:
    whole = {**start((b"content-length", b"2")), "body": b"ok"}

    async def app(scope: Scope, _receive: Receive, send: Send) -> None:
        assert WHOLE in scope["extensions"]
        await send(whole)

    async with connected(app) as (reader, writer):
        for _ in range(2):  # the connection is kept
            writer.write(sent)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 OK\r\n")
            assert b"\r\ncontent-length: 2\r\n" in head
            if sent == GET:
                assert await reader.readexactly(2) == b"ok"


@pytest.mark.parametrize(
    ("method", "status", "content", "length"),
    [
        (b"GET", 200, b"ok", b"2"),
        (b"GET", 200, b"", b"0"),
        (b"HEAD", 200, b"ok", b"2"),
        (b"GET", 204, b"", None),
        (b"GET", 304, b"", None),
    ],
)
async def test_the_length_of_what_comes_in_one_message_need_not_be_said(
    method: bytes, status: int, content: bytes, length: bytes | None
) -> None:
    sent: list[object] = []

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        sent.append(send({**start(), "status": status, "body": content}))

    async with connected(app) as (reader, writer):
        for _ in range(2):  # the connection is kept
            writer.write(GET.replace(b"GET", method))
            head = await reader.readuntil(b"\r\n\r\n")
            assert b"\r\ntransfer-encoding:" not in head
            assert re.findall(rb"\r\ncontent-length: (\d+)", head) == ([length] if length else [])
            if method == b"GET":
                assert await reader.readexactly(len(content)) == content
    assert sent == [TAKEN] * 2


async def test_an_answer_has_the_headers_that_were_promised_unless_it_says_them() -> None:
    async def app(scope: Scope, _receive: Receive, send: Send) -> None:
        scope["extensions"][PROMISE](((b"x-usual", b"1"), (b"x-said", b"1")), (b"x-own", b"mine"))
        await send({**start((b"X-Said", b"2"), (b"X-Own", b"theirs")), "body": b"ok"})

    head, _, rest = (await told(app)).partition(b"\r\n\r\n")

    assert rest == b"ok"
    found = sorted(line for line in head.split(b"\r\n") if line.startswith(b"x-"))
    assert found == [b"x-own: mine", b"x-said: 2", b"x-usual: 1"]


async def test_what_is_told_of_a_fault_can_be_found_again(caplog: pytest.LogCaptureFixture) -> None:
    """The answer and the line in the log carry the request's id; browsers are told what they always are."""
    tags = ContextVar("tags", default="")
    logged: list[str] = []

    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise RuntimeError("the content is gone")

    caplog.handler.addFilter(lambda _: logged.append(tags.get()) or True)
    served = RequestIds(app, bind=tags.set, headers={"cache-control": "no-store"})
    answer = await told(served, GET.replace(b"\r\n\r\n", b"\r\nx-request-id: one\r\n\r\n"))

    assert answer.startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
    assert b"\r\nx-request-id: one\r\n" in answer
    assert b"\r\ncache-control: no-store\r\n" in answer
    assert logged == ["one"]


@pytest.mark.parametrize("content", [b"", b"ok", b"x" * 20_000])
async def test_a_body_that_has_come_is_had_without_a_message(content: bytes) -> None:
    bodies: list[bytes | None] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        at_once = scope["extensions"][AT_ONCE]
        while (found := at_once()) is None:  # noqa: ASYNC110  # it tells, and does not wait
            await asyncio.sleep(0.001)
        bodies.extend([found, at_once()])
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await receive()  # there is nothing but the client to leave
        await send({**start((b"content-length", b"2")), "body": b"ok"})
        assert (await receive())["type"] == "http.disconnect"

    post = b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: %d\r\n\r\n" % len(content) + content
    async with connected(app) as (reader, writer):
        for _ in range(2):
            writer.write(post)
            await reader.readuntil(b"\r\n\r\nok")
    assert bodies == [content, None] * 2


async def test_a_body_that_is_received_in_messages_is_not_had_at_once() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        at_once = scope["extensions"][AT_ONCE]
        assert at_once() is None  # it goes on
        assert (await receive())["body"] == b"one"
        assert at_once() is None
        writer.write(b"3\r\ntwo\r\n0\r\n\r\n")
        await asyncio.sleep(0.05)
        assert at_once() is None
        assert (await receive())["body"] == b"two"
        await send({**start((b"content-length", b"2")), "body": b"ok"})

    async with connected(app) as (reader, writer):
        writer.write(CHUNKED + b"3\r\none\r\n")
        assert (await reader.readuntil(b"\r\n\r\nok")).startswith(b"HTTP/1.1 200")


async def test_nothing_follows_an_answer_in_one_message(caplog: pytest.LogCaptureFixture) -> None:
    whole = {**start((b"content-length", b"2")), "body": b"ok"}

    assert (await told(an_app(whole, body(b"more")))).endswith(b"\r\n\r\nok")
    assert "http.response.body was sent after the end" in caplog.text


async def test_lengths_and_ids_of_answers_may_stand_anywhere() -> None:
    """Behind all other headers they cost the least."""
    lasting, length, tag = (b"x-one", b"1"), (b"content-length", b"2"), (b"x-request-id", b"r")
    for order in itertools.permutations((lasting, length, tag)):
        head, _, rest = (await told(an_app(start(*order), body(b"ok")))).partition(b"\r\n\r\n")
        assert rest == b"ok"
        assert all(b"%b: %b" % each in head.split(b"\r\n") for each in order)


async def test_what_fails_before_its_first_byte_is_told() -> None:
    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send(start((b"content-length", b"3")))
        raise RuntimeError("the content is gone")

    assert (await told(app)).startswith(b"HTTP/1.1 500 Internal Server Error\r\n")


async def test_work_that_the_end_of_the_process_cancels_is_no_fault_of_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise asyncio.CancelledError

    async def polite(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send(start((b"content-length", b"3")))
        await send(body(b"bye"))
        raise asyncio.CancelledError

    assert (await told(app)).startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
    assert (await told(polite)).endswith(b"\r\n\r\nbye")
    assert caplog.records == []


async def test_a_body_of_unknown_length_comes_in_chunks() -> None:
    answer = await told(an_app(start(), body(b"one", more=True), body(b"", more=True), body(b"three")))

    head, _, rest = answer.partition(b"\r\n\r\n")
    assert b"\r\ntransfer-encoding: chunked" in head
    assert rest == b"3\r\none\r\n5\r\nthree\r\n0\r\n\r\n"


async def test_to_http_1_0_a_body_of_unknown_length_ends_with_the_connection() -> None:
    """Whoever speaks that knows no chunks, and would take their lengths for content."""
    app = an_app(start(), body(b"one", more=True), body(b"", more=True), body(b"three"))
    async with connected(app) as (reader, writer):
        writer.write(GET.replace(b"1.1\r\n", b"1.0\r\nconnection: keep-alive\r\n"))
        answer = await reader.read()

    head, _, rest = answer.partition(b"\r\n\r\n")
    assert b"transfer-encoding" not in head
    assert b"\r\nconnection: close" in head
    assert rest == b"onethree"


async def test_a_head_alone_is_answered_to_head() -> None:
    app = an_app(start((b"content-length", b"3")), body(b"one"))
    answer = await told(app, GET.replace(b"GET", b"HEAD"))

    assert b"\r\ncontent-length: 3\r\n" in answer
    assert answer.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    "header",
    [
        (b"x-text", b"a\r\nset-cookie: b"),
        (b"x-text", b"a\nb"),
        (b"x-text", b"a\x00b"),
        (b"x-text\r\nset-cookie", b"b"),
        (b"x text", b"a"),
        (b"x-text:", b"a"),
    ],
)
async def test_no_header_smuggles_another_one(
    header: tuple[bytes, bytes], caplog: pytest.LogCaptureFixture
) -> None:
    answer = await told(an_app(start(header, (b"content-length", b"0")), body(b"")))

    assert answer.startswith(b"HTTP/1.1 500 ")
    assert b"x-text" not in answer
    assert "invalid" in caplog.text


@pytest.mark.parametrize("length", [b"2", b"4"])
async def test_a_body_of_another_length_than_was_said_ends_the_connection(
    length: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Or its client would take the begin of the next answer for the end of this one."""
    app = an_app(start((b"content-length", length)), body(b"one"))
    async with connected(app) as (reader, writer):
        writer.write(GET + GET)
        answer = await reader.read()

    assert answer.count(b"HTTP/1.1 ") <= 1
    assert "Content-Length" in caplog.text


async def test_messages_out_of_order_are_refused(caplog: pytest.LogCaptureFixture) -> None:
    answer = await told(an_app(body(b"one")))
    assert answer.startswith(b"HTTP/1.1 500 ")

    twice = an_app(start((b"content-length", b"3")), body(b"one"), body(b"two"))
    assert (await told(twice)).endswith(b"\r\n\r\none")
    assert "after the end" in caplog.text


async def test_a_refusal_can_be_told_as_long_as_nothing_of_an_answer_is_sent() -> None:
    begun = asyncio.Event()

    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        begun.set()
        while (await receive())["type"] != "http.disconnect":
            pass

    async with connected(app) as (reader, writer):
        writer.write(CHUNKED)
        await begun.wait()
        writer.write(b"zz\r\n")
        answer = await reader.read()

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1
