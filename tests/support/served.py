"""Small applications behind our own protocol, and clients that write to them by the byte."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from support.patience import PATIENCE_SECONDS
from support.servers import serving

from agreements_api.http_protocol import BoundedProtocol

GET = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n"


def start(*headers: tuple[bytes, bytes]) -> Message:
    return {"type": "http.response.start", "status": 200, "headers": list(headers)}


def body(content: bytes, *, more: bool = False) -> Message:
    return {"type": "http.response.body", "body": content, "more_body": more}


def an_app(*messages: Message) -> ASGIApp:
    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        for message in messages:
            await send(message)

    return app


@asynccontextmanager
async def connected(
    app: ASGIApp, **options: object
) -> AsyncGenerator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    async with serving(app, http=BoundedProtocol, lifespan="off", **options) as url:
        host, port = url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                yield reader, writer
        finally:
            writer.close()


async def told(app: ASGIApp, sent: bytes = GET) -> bytes:
    """All that is answered to one request, after which the client sends nothing more."""
    async with connected(app) as (reader, writer):
        writer.write(sent)
        writer.write_eof()
        return await reader.read()
