"""How long a connection is kept for the next request, and what becomes of work whose client leaves."""

import asyncio
import time

import pytest
from starlette.types import Receive, Scope, Send
from support.patience import AT_ONCE_SECONDS
from support.served import CHUNKED, GET, an_app, body, connected, start

from graph.deadlines import ClientGone, Deadlines
from graph.wire.waiting import LEAVING, unless_gone


async def test_a_connection_is_kept_from_the_last_answer_on() -> None:
    app = an_app(start((b"content-length", b"0")), body(b""))
    async with connected(app, timeout_keep_alive=3) as (reader, writer):
        began = time.monotonic()
        for _ in range(2):
            writer.write(GET)
            await reader.readuntil(b"\r\n\r\n")
            await asyncio.sleep(1.6)
        writer.write(GET)
        await reader.readuntil(b"\r\n\r\n")
        answered = time.monotonic()
        assert await reader.read() == b""
        closed = time.monotonic()

    assert answered - began > 3
    assert 2.9 < closed - answered < 3 + AT_ONCE_SECONDS


async def test_a_connection_at_work_is_not_idle() -> None:
    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await asyncio.sleep(1.5)
        await send(start((b"content-length", b"0")))
        await send(body(b""))

    async with connected(app, timeout_keep_alive=1) as (reader, writer):
        for _ in range(2):
            writer.write(GET)
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("sent", [GET, CHUNKED + b"2\r\n{}\r\n0\r\n\r\n"])
async def test_work_ends_at_once_when_its_client_leaves(sent: bytes) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def app(scope: Scope, receive: Receive, _send: Send) -> None:
        while (await receive()).get("more_body"):
            pass
        assert LEAVING in scope["extensions"]
        with pytest.raises(ClientGone):
            await unless_gone(scope, receive, work())

    async with connected(app) as (_, writer):
        writer.write(sent)
        await begun.wait()
        writer.transport.abort()
        async with asyncio.timeout(AT_ONCE_SECONDS):
            await ended.wait()


async def test_a_client_that_left_before_is_told_of_at_once() -> None:
    found: list[bool] = []
    heard = asyncio.Event()

    async def app(scope: Scope, receive: Receive, _send: Send) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        found.append(scope["extensions"][LEAVING](None))
        heard.set()

    async with connected(app) as (_, writer):
        writer.write(GET)
        await asyncio.sleep(0.1)
        writer.transport.abort()
        await heard.wait()

    assert found == [True]


async def test_a_request_that_goes_wrong_before_it_is_begun_leaves_no_error_behind(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Its client is told to have left twice: when its body turns out to be none, and when it leaves."""
    begun = asyncio.Event()

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        begun.set()
        with pytest.raises(ClientGone), Deadlines(60).one(scope["extensions"][LEAVING]):
            pass

    async with connected(app) as (reader, writer):
        writer.write(CHUNKED + b"ZZ\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 400 ")
        await begun.wait()
    await asyncio.sleep(0.05)

    assert [each.getMessage() for each in caplog.records if each.levelname == "ERROR"] == []
