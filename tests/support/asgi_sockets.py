"""Drives an ASGI application's socket without a network: thousands of sequences in seconds."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from starlette.types import ASGIApp, Message
from support.patience import AT_ONCE_SECONDS, PATIENCE_SECONDS

ENDS = {"websocket.close", "websocket.http.response.body"}


class AsgiSocket:
    """The client's side. `sent` holds all that the application has said."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.taking = asyncio.Event()
        self.taking.set()
        self._said = asyncio.Event()
        self._incoming: asyncio.Queue[Message] = asyncio.Queue()
        self.say({"type": "websocket.connect"})

    def say(self, message: Message) -> None:
        self._incoming.put_nowait(message)

    def text(self, text: str) -> None:
        self.say({"type": "websocket.receive", "text": text})

    def leave(self) -> None:
        self.say({"type": "websocket.disconnect", "code": 1001})

    @property
    def closed_with(self) -> int | None:
        return next((each["code"] for each in self.sent if each["type"] == "websocket.close"), None)

    @property
    def texts(self) -> list[str]:
        return [each["text"] for each in self.sent if each["type"] == "websocket.send"]

    async def until_said(self, count: int) -> list[str]:
        """Wait for so many messages, or the end."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(self.texts) < count and self.closed_with is None:
                self._said.clear()
                await self._said.wait()
        return self.texts

    async def receive(self) -> Message:
        return await self._incoming.get()

    async def send(self, message: Message) -> None:
        await self.taking.wait()
        self.sent.append(message)
        if message["type"] in ENDS:
            self.leave()
        self._said.set()


@asynccontextmanager
async def asgi_socket(
    app: ASGIApp, *, protocols: tuple[str, ...] = ("graphql-transport-ws",), **more: Any
) -> AsyncIterator[tuple[AsgiSocket, asyncio.Task[None]]]:
    """The socket, and the task in which the application serves it; the client leaves in the end."""
    scope = {
        "type": "websocket",
        "path": "/graphql",
        "headers": [(b"host", b"api.test")],
        "subprotocols": list(protocols),
        "state": {},
        "extensions": {"websocket.http.response": {}},
        **more,
    }
    client = AsgiSocket()

    async def serve() -> None:
        await app(scope, client.receive, client.send)

    task = asyncio.create_task(serve())
    try:
        yield client, task
    finally:
        client.leave()
        await asyncio.wait_for(task, AT_ONCE_SECONDS)
