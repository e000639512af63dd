"""A client that takes nothing of what it is sent is cut off: it holds no connection, and no memory."""

import asyncio
import socket
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send
from support.patience import until
from support.servers import serving
from uvicorn.server import ServerState

from agreements_api import fair_transport
from agreements_api.http_protocol import BoundedProtocol

GET = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n"
UPGRADE = (
    b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: Upgrade\r\nupgrade: websocket\r\n"
    b"sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
MUCH = bytes(64 * 1024)
MANY = 400
"""Of these: more than the machine's own buffers hold."""


class Seen(BoundedProtocol):
    """Tells what the server knows of its connections."""

    state = ServerState()

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        Seen.state = self.server_state


async def answers(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for _ in range(MANY):
        await send({"type": "http.response.body", "body": MUCH, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def gives_up(scope: Scope, receive: Receive, send: Send) -> None:
    try:
        async with asyncio.timeout(0.3):
            await answers(scope, receive, send)
    except TimeoutError:
        return


async def answers_in_small_pieces(_scope: Scope, _receive: Receive, send: Send) -> None:
    """Each fits the buffer; the next one waits before it begins."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"65536")]})
    await send({"type": "http.response.body", "body": MUCH})


async def talks(_scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    for _ in range(MANY):
        await send({"type": "websocket.send", "bytes": MUCH})


async def leaves_it_at_that(scope: Scope, receive: Receive, send: Send) -> None:
    try:
        async with asyncio.timeout(0.3):
            await talks(scope, receive, send)
    except TimeoutError:
        await send({"type": "websocket.close", "code": 4421})


@asynccontextmanager
async def silent_client(url: str) -> AsyncGenerator[asyncio.StreamWriter]:
    """It never reads: so little is taken on its side that the server notices soon."""
    plug = socket.socket()
    plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    plug.setblocking(False)  # noqa: FBT003  # its one argument
    host, port = url.removeprefix("http://").split(":")
    await asyncio.get_running_loop().sock_connect(plug, (host, int(port)))
    reader, writer = await asyncio.open_connection(sock=plug, limit=1)
    try:
        yield writer
    finally:
        del reader
        writer.transport.abort()


@pytest.mark.parametrize(
    ("app", "asked"),
    [
        pytest.param(answers, GET, id="an answer"),
        pytest.param(gives_up, GET, id="an answer that was given up"),
        pytest.param(answers_in_small_pieces, GET * MANY, id="many answers asked for at once"),
        pytest.param(talks, UPGRADE, id="messages"),
        pytest.param(leaves_it_at_that, UPGRADE, id="messages that were given up"),
    ],
)
async def test_a_client_that_takes_nothing_is_cut_off(
    app: Callable[[Scope, Receive, Send], Awaitable[None]], asked: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fair_transport, "CUT_SECONDS", 0.8)
    monkeypatch.setattr(Seen, "state", ServerState())
    async with serving(app, http=Seen, lifespan="off") as url, silent_client(url) as writer:
        writer.write(asked)
        await until(lambda: Seen.state.connections)
        await until(lambda: not Seen.state.connections and not Seen.state.tasks)


async def test_a_client_that_takes_it_slowly_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fair_transport, "CUT_SECONDS", 3)
    async with serving(answers, http=Seen, lifespan="off") as url:
        host, port = url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port), limit=len(MUCH))
        writer.write(GET.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"))
        taken, began = 0, time.monotonic()
        while piece := await reader.read(4 * len(MUCH)):
            taken += len(piece)
            await asyncio.sleep(0.045)
        writer.close()

    assert time.monotonic() - began > 3.5
    assert taken > MANY * len(MUCH)
