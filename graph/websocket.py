"""GraphQL over WebSocket (graphql-transport-ws): whatever is sent, a message or a close code answers."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, aclosing, nullcontext, suppress
from dataclasses import dataclass

from graphql import GraphQLError, OperationType
from starlette.datastructures import Headers
from starlette.responses import Response as HTTPResponse
from starlette.types import Message, Receive, Scope, Send
from strawberry.http.websocket_origin import is_same_origin, normalize_allowed_origins, normalize_origin

from graph.admission import Budget, Overloaded
from graph.context import Context, MakeContext
from graph.draining import Draining
from graph.engine import Engine, Operation
from graph.errors import Code, CodedError, public_errors
from graph.guards import refusal, request_id
from graph.refusals import Refused
from graph.responses import Response
from graph.wire import frames
from graph.wire.bodies import BODY_BYTES
from graph.wire.frames import CloseCode, Closed, Complete, Init, Ping, Pong, Subscribe
from graph.wire.outbox import Outbox, Rate, SlowConsumer

_FAREWELL_SECONDS = 1.0


@dataclass(frozen=True)
class SocketBounds:
    """What one client, and all together, may ask of the sockets.

    Attributes:
        message_bytes: Of a client's message; a longer one closes the socket (1009).
        messages_per_second: From one client on average; more close the socket (4420).
        messages_at_once: From one client after some rest, such as a page that subscribes to all it shows.
        operations: That run at the same time on one socket; a further one gets an error.
        connections: Sockets of the process; a further one is answered 503.
        init_seconds: Until the client is let in; 4408 after that.
        ping_seconds: Between two pings of ours.
        pong_seconds: For any message from the client after a ping; 4408 after that.
        waiting_messages: For one client; with so many, operations wait before they go on.
        waiting_bytes: For one client; likewise.
        patience_seconds: For which an operation waits so; after that it ends with SLOW_CONSUMER.
        send_seconds: For which a client may take nothing at all; 4421 after that.
        drain_seconds: For running queries and mutations when the server ends; 1012 after that.
    """

    message_bytes: int = BODY_BYTES
    messages_per_second: float = 25.0
    messages_at_once: int = 250
    operations: int = 100
    connections: int = 1_000
    init_seconds: float = 5.0
    ping_seconds: float = 25.0
    pong_seconds: float = 20.0
    waiting_messages: int = 100
    waiting_bytes: int = 1024 * 1024
    patience_seconds: float = 10.0
    send_seconds: float = 30.0
    drain_seconds: float = 10.0


class Sockets:
    """An ASGI app for the scope `websocket`: all kinds of operations, on the sockets of one process.

    Args:
        engine: Runs the operations.
        make_context: Makes each operation's context; see `MakeContext`.
        draining: When it begins, queries and mutations may end, then every socket is told 1012.
        bounds: What clients may ask.
        budget: Of bytes that wait for clients.
        allowed_origins: Of pages that may open a socket, besides our own.
        bind: Makes the context to run an operation in, for example one that adds its id to each log line.
        log: Gets what is masked.
    """

    def __init__(  # noqa: PLR0913  # options, all by name
        self,
        engine: Engine,
        make_context: MakeContext,
        *,
        draining: Draining,
        bounds: SocketBounds | None = None,
        budget: Budget | None = None,
        allowed_origins: tuple[str, ...] = (),
        bind: Callable[[str], AbstractContextManager[object]] = nullcontext,
        log: logging.Logger = logging.getLogger(__name__),  # noqa: B008  # the same for all
    ) -> None:
        self.engine, self.make_context, self.draining = engine, make_context, draining
        self.bounds, self.bind, self.log = bounds or SocketBounds(), bind, log
        self.budget = budget or Budget()
        self._origins = normalize_allowed_origins(allowed_origins)
        self._open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (await receive())["type"] != "websocket.connect":
            return
        refused = self._refuse(scope)
        if refused is None:
            self._open += 1
            try:
                with self.draining.hold():
                    await _Socket(self, scope, receive, send).serve()
            finally:
                self._open -= 1
        elif "websocket.http.response" in scope.get("extensions", {}):
            await refused(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    def _refuse(self, scope: Scope) -> HTTPResponse | None:
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        ours = origin is None or is_same_origin(origin, headers.get("host"))
        if not ours and normalize_origin(origin or "") not in self._origins:
            return refusal(
                scope, 403, Code.ORIGIN_NOT_ALLOWED, "Pages of this origin may not call the server."
            )
        if self.draining.begun:
            return refusal(scope, 503, Code.OVERLOADED, "The server is about to end.", **{"Retry-After": "1"})
        if self._open >= self.bounds.connections:
            return refusal(scope, 503, Code.OVERLOADED, "Too many sockets are open.", **{"Retry-After": "5"})
        return None


class _Socket:
    """One socket: whoever reads, sends or runs an operation on it is a task of its group, and ends with it.

    What ends the socket is raised as `Closed`, in whichever task that comes to light.
    """

    def __init__(self, sockets: Sockets, scope: Scope, receive: Receive, send: Send) -> None:
        self._sockets, self._bounds = sockets, sockets.bounds
        self._scope, self._receive, self._send = scope, receive, send
        self._request_id = request_id(scope)
        self._rate = Rate(self._bounds.messages_per_second, self._bounds.messages_at_once)
        self._outbox = Outbox(
            most_messages=self._bounds.waiting_messages,
            most_bytes=self._bounds.waiting_bytes,
            patience=self._bounds.patience_seconds,
            budget=sockets.budget,
        )
        self._params: Mapping[str, object] | None = None
        self._let_in = False
        self._heard = asyncio.Event()
        self._subscribed = 0
        self._operations: dict[str, asyncio.Task[None]] = {}
        self._running: dict[asyncio.Task[None], OperationType] = {}
        self._tasks = asyncio.TaskGroup()

    async def serve(self) -> None:
        known = frames.PROTOCOL in self._scope["subprotocols"]
        protocol = frames.PROTOCOL if known else None
        with suppress(Closed, TimeoutError):
            await self._transmit({"type": "websocket.accept", "subprotocol": protocol, "headers": []})
            end = Closed(CloseCode.WRONG_PROTOCOL, f"Speak {frames.PROTOCOL}")
            if known:
                end = await self._run()
                self._outbox.close()
            if end.code is not None:
                async with asyncio.timeout(_FAREWELL_SECONDS):
                    await self._transmit(
                        {"type": "websocket.close", "code": end.code.value, "reason": end.reason}
                    )

    async def _run(self) -> Closed:
        try:
            async with self._tasks:
                self._tasks.create_task(self._outbox.send_all(self._write))
                self._tasks.create_task(self._expect_init())
                self._tasks.create_task(self._drain())
                await self._read()
        except ExceptionGroup as group:
            ends, faults = group.split(Closed)
            if faults is not None:
                self._sockets.log.exception("A socket failed", extra={"request_id": self._request_id})
                return Closed(CloseCode.INTERNAL, "Internal error")
            first = ends.exceptions[0] if ends else None
            return first if isinstance(first, Closed) else Closed(None)
        return Closed(None)

    # What comes in

    async def _read(self) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            received = await self._receive()
            if received["type"] != "websocket.receive":
                raise Closed(None)
            if not self._rate.passes(clock()):
                raise Closed(CloseCode.TOO_MANY_MESSAGES, "Too many messages")
            message = frames.decode(received.get("text"), self._bounds.message_bytes)
            self._heard.set()
            await self._take(message)
            await asyncio.sleep(0)  # many messages may have come at once: let others have their turn

    async def _take(self, message: frames.ClientMessage) -> None:
        match message:
            case Init(params):
                self._init(params)
            case Ping():
                await self._say(frames.ponged(message))
            case Pong():
                pass
            case Subscribe():
                await self._subscribe(message)
            case Complete(id):
                if task := self._operations.pop(id, None):
                    task.cancel()

    def _init(self, params: Mapping[str, object]) -> None:
        if self._params is not None:
            raise Closed(CloseCode.TOO_MANY_INITS, "Too many initialisation requests")
        self._params = params
        self._tasks.create_task(self._admit(params))

    async def _subscribe(self, asked: Subscribe) -> None:
        if not self._let_in:
            raise Closed(CloseCode.UNAUTHORIZED, "Unauthorized")
        if asked.id in self._operations:
            raise Closed(CloseCode.DUPLICATE_ID, f"Subscriber for {asked.id} already exists")
        self._subscribed += 1
        tag = f"{self._request_id}/{self._subscribed}"
        found = self._prepare(asked, tag)
        if isinstance(found, Operation):
            self._start(asked.id, found, tag)
        else:
            await self._say(found)

    def _prepare(self, asked: Subscribe, tag: str) -> Operation | bytes:
        """What to run, or the message that says why nothing is."""
        try:
            self._require_room()
            with self._sockets.bind(tag):
                found = self._sockets.engine.prepare(asked.request, tag)
        except Exception as error:  # noqa: BLE001  # whatever it is, the client gets an answer with a code
            return self._failed(asked.id, error, tag)
        return frames.failed(asked.id, found.errors) if isinstance(found, Response) else found

    def _require_room(self) -> None:
        if self._sockets.draining.begun:
            raise CodedError("The server is about to end: connect again.", code=Code.OVERLOADED)
        most = self._bounds.operations
        # Those that are given up take a moment to end. Whoever makes many of them waits for it.
        if len(self._operations) >= most or len(self._running) >= 2 * most:
            message = f"A socket runs at most {most} operations at a time."
            raise CodedError(message, code=Code.TOO_MANY_SUBSCRIPTIONS)

    # What runs

    def _start(self, id: str, operation: Operation, tag: str) -> None:
        task = self._tasks.create_task(self._operate(id, operation, tag))
        self._operations[id] = task
        self._running[task] = operation.definition.kind
        task.add_done_callback(self._running.pop)

    async def _operate(self, id: str, operation: Operation, tag: str) -> None:
        with self._sockets.bind(tag):
            try:
                last = await self._follow(id, operation, tag)
            except Overloaded as error:
                last = self._failed(id, CodedError(error.message, code=error.code), tag)
            except Refused as error:
                raise Closed(CloseCode.FORBIDDEN, error.message) from error
            except Exception as error:  # noqa: BLE001  # whatever it is, the client gets an answer with a code
                last = self._failed(id, error, tag)
        if self._operations.get(id) is asyncio.current_task():  # else the client has given it up
            del self._operations[id]
            self._say_last(last)

    async def _follow(self, id: str, operation: Operation, tag: str) -> bytes:
        """Send what the operation answers; its last message is returned."""
        context = await self._context(tag)
        async with aclosing(self._sockets.engine.stream(operation, context)) as responses:
            async for response in responses:
                if response.final or not response.executed:
                    return frames.failed(id, response.errors)
                await self._outbox.put(frames.following(id, response.body))
        return frames.completed(id)

    async def _context(self, tag: str) -> Context:
        scope = {**self._scope, "state": {**self._scope.get("state", {}), "request_id": tag}}
        return await self._sockets.make_context(scope, self._params or {})

    async def _admit(self, params: Mapping[str, object]) -> None:
        try:
            context = await self._context(self._request_id)
            await context.reader.close()
        except (Refused, CodedError) as error:
            raise Closed(CloseCode.FORBIDDEN, error.message) from error
        self._let_in = True
        await self._say(frames.ACK)
        await self._keep_alive()

    def _failed(self, id: str, error: Exception, tag: str) -> bytes:
        shown = error if isinstance(error, GraphQLError) else GraphQLError("", original_error=error)
        errors = public_errors([shown], tag, executed=True, log=self._sockets.log)
        return frames.failed(id, errors)

    # What ends it

    async def _expect_init(self) -> None:
        await asyncio.sleep(self._bounds.init_seconds)
        if not self._let_in:
            raise Closed(CloseCode.TIMEOUT, "Connection initialisation timeout")

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(self._bounds.ping_seconds)
            if len(self._outbox):
                continue  # a message is on its way, which has a time limit of its own
            self._heard.clear()
            await self._say(frames.PING)
            try:
                async with asyncio.timeout(self._bounds.pong_seconds):
                    await self._heard.wait()
            except TimeoutError as error:
                raise Closed(CloseCode.TIMEOUT, "No pong") from error

    async def _drain(self) -> None:
        await self._sockets.draining.wait()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._bounds.drain_seconds):
                while brief := [
                    task for task, kind in self._running.items() if kind is not OperationType.SUBSCRIPTION
                ]:
                    await asyncio.wait(brief)
                await self._outbox.emptied()
        raise Closed(CloseCode.RESTART, "Service restart")

    # What goes out

    async def _say(self, message: bytes) -> None:
        try:
            await self._outbox.put(message)
        except SlowConsumer as error:
            raise Closed(CloseCode.SLOW_CONSUMER, "Messages are not taken") from error

    def _say_last(self, message: bytes) -> None:
        """Say how an operation ended. It waits for nothing; there are only so many of them at a time."""
        if len(self._outbox) >= self._bounds.waiting_messages + self._bounds.operations:
            raise Closed(CloseCode.SLOW_CONSUMER, "Messages are not taken")
        self._outbox.put_now(message)

    async def _write(self, message: bytes) -> None:
        try:
            async with asyncio.timeout(self._bounds.send_seconds):
                await self._transmit({"type": "websocket.send", "text": message.decode()})
        except TimeoutError as error:
            raise Closed(CloseCode.SLOW_CONSUMER, "Messages are not taken") from error

    async def _transmit(self, message: Message) -> None:
        try:
            await self._send(message)
        except (
            OSError,
            RuntimeError,
        ) as error:  # uvicorn's, when the client has left or it has closed itself
            raise Closed(None) from error
