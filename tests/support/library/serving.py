"""The library as a server offers it: an engine over its schema, with operations that take long or fail."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import strawberry
from strawberry import Info
from support.library import schema
from support.library.engines import KEY, Library
from support.library.schema import BookChange, Caller, build_schema
from support.patience import PATIENCE_SECONDS

import graph
from graph.refusals import Refused

SECRET = "the password is swordfish"  # noqa: S105  # to look for in answers


@dataclass
class Watch:
    """What runs, and what has come to its end, of the operations that take long."""

    running: int = 0
    begun: int = 0
    tags: list[str] = field(default_factory=list)

    @contextmanager
    def over(self, tag: str) -> Iterator[None]:
        self.running += 1
        self.begun += 1
        self.tags.append(tag)
        try:
            yield
        finally:
            self.running -= 1

    async def until(self, running: int, *, begun: int = 0) -> None:
        """Wait until so many are running, and so many have begun."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while self.running != running or self.begun < begun:  # noqa: ASYNC110  # counted by resolvers
                await asyncio.sleep(0.002)


@dataclass
class Context(schema.Context):
    watch: Watch = field(default_factory=Watch)


@strawberry.type(name="Query", description="Reads.")
class Query(schema.Query):
    @strawberry.field(description="Takes this many seconds.")
    async def wait(self, info: Info, seconds: float) -> str:
        with info.context.watch.over(info.context.request_id):
            await asyncio.sleep(seconds)
        return "done"


@strawberry.type(name="Subscription", description="Watches.")
class Subscription(schema.Subscription):
    @graph.subscription(description="A text of so many characters, again and again.")
    async def flood(self, info: Info, size: int, pause: float = 0.0) -> AsyncIterator[str]:
        with info.context.watch.over(info.context.request_id):
            while True:
                yield "x" * size
                await asyncio.sleep(pause)

    @graph.subscription(description="Changes of the book, without end.")
    async def all_changes(self, info: Info, id: strawberry.ID) -> AsyncIterator[BookChange]:
        number = 0
        with info.context.watch.over(info.context.request_id):
            while True:
                yield BookChange(sequence=number, book=schema.Book.ref(graph.parse_id(id, "Book")))
                number += 1

    @graph.subscription(description="One event, then nothing more.")
    async def silence(self, info: Info) -> AsyncIterator[str]:
        with info.context.watch.over(info.context.request_id):
            yield "first"
            await asyncio.sleep(3_600)

    @graph.subscription(description="Fails after its first event.")
    async def breaks(self, info: Info) -> AsyncIterator[str]:
        yield "first"
        raise RuntimeError(SECRET)

    @graph.subscription(description="The caller's right ends after its first event.")
    async def expires(self, info: Info) -> AsyncIterator[str]:
        yield "first"
        raise Refused(401, "UNAUTHENTICATED", "The token has expired.")


@cache
def served_schema() -> graph.Schema:
    return build_schema(query=Query, subscription=Subscription)


def engine(**options: Any) -> graph.Engine:
    """An engine over the library's schema and the operations above."""
    core = served_schema().core
    demand = graph.Demand(core, graph.DemandLimits(), graph.Limits())
    return graph.Engine(served_schema(), graph.Documents(demand), **options)


def context_of(library: Library, watch: Watch, request_id: str) -> Context:
    reader = graph.Reader(library.reads, Caller(), key=KEY)
    return Context(reader, library.writes, request_id, watch)
