"""Answers the browser that comes back from a sign-in, on a port of this machine."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from agreements_api.errors import StartupError

LONGEST_REQUEST = 65_536
PATIENCE_SECONDS = 10

_HEADERS = (
    "Content-Type: text/html; charset=utf-8\r\n"
    "Content-Security-Policy: default-src 'none'\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cache-Control: no-store\r\n"
    "Connection: close\r\n"
)


@dataclass(frozen=True)
class Loopback:
    """A port that waits for one answer; `redirect_uri` is where it is to be sent."""

    redirect_uri: str
    _wanted: "asyncio.Future[Callable[[Mapping[str, str]], bool]]"
    _answer: "asyncio.Future[Mapping[str, str]]"

    async def receive(self, wanted: Callable[[Mapping[str, str]], bool]) -> Mapping[str, str]:
        """Wait for the answer, query or form, that is wanted; anything else that comes is turned away."""
        self._wanted.set_result(wanted)
        return await self._answer

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request and hang up."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                given = await _read(reader)
                wanted = self._wanted.done() and self._wanted.result()(given)
                writer.write(_page(given) if wanted else _turned_away())
                await writer.drain()
            if wanted and not self._answer.done():
                self._answer.set_result(given)
        writer.close()


@asynccontextmanager
async def open_loopback(port: int) -> AsyncGenerator[Loopback]:
    """Listen on this machine alone; port 0 takes any free one.

    Raises:
        StartupError: The port cannot be listened on.
    """
    loop = asyncio.get_running_loop()
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        raise StartupError(
            f"Cannot listen on port {port}: {error.strerror}.", hint="Choose another."
        ) from error
    loopback = Loopback(
        f"http://localhost:{listener.getsockname()[1]}", loop.create_future(), loop.create_future()
    )
    server = await asyncio.start_server(loopback.serve, sock=listener, limit=LONGEST_REQUEST)
    try:
        yield loopback
    finally:
        server.close()


async def _read(reader: asyncio.StreamReader) -> Mapping[str, str]:
    """Read what a request says, in its form or else in its query."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, target, _ = head[0].split(" ")
    if method != "POST":
        return dict(parse_qsl(urlsplit(target).query))
    lengths = [line.split(":")[1] for line in head if line.lower().startswith("content-length:")]
    body = await reader.readexactly(min(int(lengths[0]) if lengths else 0, LONGEST_REQUEST))
    return dict(parse_qsl(body.decode()))


def _page(given: Mapping[str, str]) -> bytes:
    said = "The sign-in was not completed." if "error" in given else "You have signed in."
    return _response("200 OK", f"{said} You may close this window and go back to the terminal.")


def _turned_away() -> bytes:
    return _response("404 Not Found", "Nothing is to be seen here.")


def _response(status: str, said: str) -> bytes:
    html = (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Customer agreements</title></head>'
        f"<body><main><p>{said}</p></main></body></html>"
    )
    body = html.encode()
    return f"HTTP/1.1 {status}\r\n{_HEADERS}Content-Length: {len(body)}\r\n\r\n".encode() + body
