"""Streamed answers over the library, with fields that are slow, fail, or never end, and a client by hand."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import strawberry
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from strawberry import Info
from support.library import schema
from support.library.engines import Library
from support.patience import PATIENCE_SECONDS

import graph
from graph.draining import Draining
from graph.engine import Bounds, Engine, Operation
from graph.incremental import Part, Parts
from graph.responses import Response

SECRET = "the password is swordfish"  # noqa: S105  # planted, to be looked for


@dataclass
class Context(schema.Context):
    """`ended` gets the name of each slow field and subscription when it ends, for whatever reason."""

    ended: list[str] = field(default_factory=list[str])


@strawberry.type(description="What takes its time.")
class Gate:
    name: str = strawberry.field(description="Its name.")

    @strawberry.field(description="Comes after some time.")
    async def slow(self, info: Info, seconds: float) -> str:
        try:
            await asyncio.sleep(seconds)
        finally:
            info.context.ended.append("slow")
        return "slow"

    @strawberry.field(description="Fails, and may be null.")
    async def failure(self, info: Info) -> str | None:
        raise RuntimeError(SECRET)

    @strawberry.field(description="Fails, and may not be null.")
    async def strict_failure(self, info: Info) -> str:
        raise RuntimeError(SECRET)

    @strawberry.field(description="Some letters.")
    def letters(self, info: Info, count: int) -> str:
        return "a" * count

    @strawberry.field(description="Some gates behind it; the one of this number cannot be read.")
    def gates(self, info: Info, count: int, broken: int | None = None) -> list["NumberedGate"]:
        return [NumberedGate(number=number, broken=number == broken) for number in range(count)]


@strawberry.type(description="One of many.")
class NumberedGate:
    number: int = strawberry.field(description="Its number.")
    broken: strawberry.Private[bool]

    @strawberry.field(description="The same number, unless it is broken.")
    async def again(self, info: Info) -> int:
        if self.broken:
            raise RuntimeError(SECRET)
        return self.number


@strawberry.type(name="Query", description="Reads.")
class Query(schema.Query):
    @strawberry.field(description="A gate.")
    def gate(self, info: Info) -> Gate:
        return Gate(name="west")


@strawberry.type(name="Subscription", description="Watches.")
class Subscription(schema.Subscription):
    @graph.subscription(description="Numbers, one after the other; all but endless, or broken off at one.")
    async def ticks(
        self,
        info: Info,
        seconds: float = 0,
        count: int = 1_000_000,
        letters: int = 0,
        broken_at: int | None = None,
    ) -> AsyncIterator[str]:
        try:
            for number in range(count):
                if number == broken_at:
                    raise RuntimeError(SECRET)
                yield f"{number}{'a' * letters}"
                await asyncio.sleep(seconds)
        finally:
            info.context.ended.append("ticks")


@cache
def build_schema() -> graph.Schema:
    return schema.build_schema(query=Query, subscription=Subscription)


@dataclass
class Streams:
    """An engine over the library's schema and the gates."""

    library: Library
    bounds: Bounds = field(default_factory=Bounds)
    draining: Draining = field(default_factory=Draining)
    ended: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        core = build_schema().core
        demand = graph.Demand(core, graph.DemandLimits(), graph.Limits())
        self.engine = Engine(build_schema(), graph.Documents(demand), bounds=self.bounds)

    def context(self) -> Context:
        read = self.library.context()
        return Context(read.reader, read.writes, ended=self.ended)

    def operation(self, query: str, **variables: Any) -> Operation:
        """An operation that must be valid."""
        found = self.engine.prepare(graph.GraphQLRequest(query, variables=variables), "request-1")
        assert isinstance(found, Operation), found.body
        return found

    async def until_ended(self) -> float:
        """Wait until something slow has ended, for whatever reason; how long that took, in seconds."""
        clock = asyncio.get_running_loop().time
        began = clock()
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not self.ended:  # noqa: ASYNC110  # a list is what is waited for
                await asyncio.sleep(0.005)
        return clock() - began

    def responses(self, query: str) -> AsyncGenerator[Response, None]:
        return self.engine.stream(self.operation(query), self.context())

    async def parts(self, query: str) -> Parts:
        """The parts of an operation that must have some."""
        found = await self.engine.run_in_parts(self.operation(query), self.context())
        assert isinstance(found, Parts), found.body
        return found

    async def all_parts(self, query: str) -> list[Part]:
        """The parts, as they are sent; none is written yet."""
        parts = await self.parts(query)
        async with aclosing(parts.all()) as each:
            return [json.loads(json.dumps(part)) async for part in each]

    async def at_once(self, query: str) -> dict[str, Any]:
        """The response to the same operation without any part."""
        return json.loads((await self.engine.run(self.operation(query), self.context())).body)


def served(streams: Streams, answer: Any) -> ASGIApp:
    """An application that answers a posted query by what `answer` makes of it."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        given = json.loads(await Request(scope, receive).body())
        made = answer(given["query"])
        await (await made if asyncio.iscoroutine(made) else made)(scope, receive, send)

    return app


class Client:
    """Calls an ASGI application by hand: it takes, takes nothing, or leaves, as it is told.

    `sent` is what it was sent, `sent_at` when that was.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.sent: list[Message] = []
        self.sent_at: list[float] = []
        self.takes = asyncio.Event()
        self.takes.set()
        self._left = asyncio.Event()
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/",
            "headers": [],
            "state": {"request_id": "request-1"},
        }
        self.call: asyncio.Task[Any] = asyncio.ensure_future(app(scope, self._receive, self._send))

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent)

    @property
    def headers(self) -> dict[str, str]:
        return {name.decode(): value.decode() for name, value in self.sent[0]["headers"]}

    @property
    def is_complete(self) -> bool:
        """Whether the answer came to an end that the server wrote."""
        return not self.sent[-1].get("more_body", True)

    def leave(self) -> None:
        self._left.set()

    async def until(self, text: bytes, *, times: int = 1) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while self.body.count(text) < times:  # noqa: ASYNC110  # what is waited for is bytes
                await asyncio.sleep(0.005)

    async def _receive(self) -> Message:
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        await self.takes.wait()
        self.sent.append(message)
        self.sent_at.append(asyncio.get_running_loop().time())


async def answer(app: ASGIApp) -> Client:
    """Take the whole answer."""
    client = Client(app)
    async with asyncio.timeout(PATIENCE_SECONDS):
        await client.call
    return client


def merged(parts: Sequence[Part]) -> tuple[Any, list[Any]]:
    """The data and the errors of parts by id, put together as the draft of the specification says."""
    parts = deepcopy(parts)
    data, errors, places = parts[0]["data"], list(parts[0].get("errors", ())), dict[str, Part]()
    for part in parts:
        places |= {each["id"]: each for each in part.get("pending", ())}
        for piece in part.get("incremental", ()):
            at = _at(data, [*places[piece["id"]]["path"], *piece.get("subPath", ())])
            if "items" in piece:
                at.extend(piece["items"])
            else:
                merge(at, piece["data"])
            errors += piece.get("errors", ())
        for each in part.get("completed", ()):
            errors += each.get("errors", ())
    return data, errors


def merged_by_path(parts: Sequence[Part]) -> tuple[Any, list[Any]]:
    """The same of parts by path, put together as clients do."""
    parts = deepcopy(parts)
    data, errors = parts[0]["data"], list(parts[0].get("errors", ()))
    for part in parts[1:]:
        for patch in part.get("incremental", ()):
            errors += patch.get("errors", ())
            if patch.get("items") is not None:
                *path, start = patch["path"]
                at = _at(data, path)
                assert start == len(at), patch
                at.extend(patch["items"])
            elif patch.get("data") is not None:
                merge(_at(data, patch["path"]), patch["data"])
    return data, errors


def merge(target: Any, data: Any) -> None:
    """Put data into what is there: objects by name, lists by place."""
    if isinstance(target, list):
        assert len(target) == len(data)
        for item, other in zip(target, data, strict=True):
            if isinstance(item, dict | list):
                merge(item, other)
            else:
                assert item == other
        return
    for name, value in data.items():
        if isinstance(target.get(name), dict | list):
            merge(target[name], value)
        else:
            assert target.get(name, value) == value
            target[name] = value


def _at(data: Any, path: Sequence[str | int]) -> Any:
    for step in path:
        data = data[step]
    return data


def sorted_errors(errors: Sequence[Mapping[str, Any]]) -> list[str]:
    return sorted(json.dumps(error, sort_keys=True) for error in errors)
