"""The library served by socket on a real server, and a client that speaks the protocol."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import WebSocketRoute
from starlette.types import Scope
from support.library.engines import Library
from support.library.serving import SECRET, Context, Watch, context_of, engine
from support.patience import PATIENCE_SECONDS
from support.servers import serving
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosedError
from websockets.typing import Origin, Subprotocol

from graph import CodedError
from graph.draining import Draining
from graph.guards import RequestIds, request_id
from graph.refusals import Refused
from graph.websocket import SocketBounds, Sockets


@dataclass
class Served:
    sockets: Sockets
    watch: Watch
    draining: Draining
    app: Starlette
    url: str = ""


def sockets_of(library: Library, bounds: SocketBounds | None = None, **options: Any) -> Served:
    """An app that lets in whoever names no reason against it: `{"refuse": …}` and others in their params."""
    watch, draining = Watch(), Draining()
    contexts = 0

    async def make_context(scope: Scope, params: Mapping[str, object]) -> Context:
        nonlocal contexts
        contexts += 1
        if params.get("refuse") or contexts > params.get("allowed_contexts", 1_000_000):  # type: ignore[operator]
            raise Refused(401, "UNAUTHENTICATED", "Who are you?")
        if params.get("coded"):
            raise CodedError("Not now.", code="BUSY")
        if params.get("broken"):
            raise RuntimeError(SECRET)
        await asyncio.sleep(float(params.get("delay", 0)))  # type: ignore[arg-type]
        return context_of(library, watch, request_id(scope))

    sockets = Sockets(
        engine(**options),
        make_context,
        draining=draining,
        bounds=bounds,
        allowed_origins=("https://portal.example.com",),
    )
    app = Starlette(routes=[WebSocketRoute("/graphql", sockets)], middleware=[Middleware(RequestIds)])
    return Served(sockets, watch, draining, app)


@asynccontextmanager
async def served(
    library: Library, bounds: SocketBounds | None = None, **options: Any
) -> AsyncIterator[Served]:
    made = sockets_of(library, bounds, **options)
    async with serving(made.app) as url:
        made.url = url.replace("http", "ws") + "/graphql"
        yield made


class Client:
    """Speaks JSON over a real connection."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def say(self, message: Any) -> None:
        """Send it: a text or bytes as they are, anything else as JSON."""
        raw = message if isinstance(message, str | bytes) else json.dumps(message)
        await self.connection.send(raw)

    async def subscribe(self, id: str, query: str, **payload: Any) -> None:
        await self.say({"type": "subscribe", "id": id, "payload": {"query": query, **payload}})

    async def hear(self) -> dict[str, Any]:
        raw = await asyncio.wait_for(self.connection.recv(), PATIENCE_SECONDS)
        assert isinstance(raw, str), "a binary frame"
        return json.loads(raw)

    async def until_closed(self) -> tuple[int | None, str]:
        """Hear all there is; the code and the reason of the close frame then, 1006 without one."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            with suppress(ConnectionClosedError):
                async for _ in self.connection:
                    pass
        return self.connection.close_code, str(self.connection.close_reason)

    async def answers(self) -> None:
        """Assert that the socket serves a query yet."""
        await self.subscribe("alive", "{ __typename }")
        heard: list[dict[str, Any]] = []
        while len(heard) < 2:  # in between there may be others, and pings
            heard += [each for each in [await self.hear()] if each.get("id") == "alive"]
        assert heard[0]["payload"] == {"data": {"__typename": "Query"}}
        assert heard[1] == {"id": "alive", "type": "complete"}


@asynccontextmanager
async def client(
    url: str,
    *,
    init: bool = True,
    params: Mapping[str, Any] | None = None,
    protocol: str | None = "graphql-transport-ws",
    origin: str | None = None,
    **options: Any,
) -> AsyncIterator[Client]:
    protocols = [Subprotocol(protocol)] if protocol else None
    sender = Origin(origin) if origin else None
    options.setdefault("max_queue", None)  # it reads on while a test does not
    async with connect(url, subprotocols=protocols, origin=sender, **options) as connection:
        made = Client(connection)
        if init:
            await made.say({"type": "connection_init", "payload": params})
            assert await made.hear() == {"type": "connection_ack"}
        yield made
