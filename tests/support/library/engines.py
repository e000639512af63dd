"""The library's engines, and a way to ask its schema that counts the statements."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import event, insert
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.types import Scope
from support.counted_source import CountedSource
from support.library.models import Author, Base, Book
from support.library.schema import Caller, Context, build_schema

import graph
from agreements_api.database import Database
from graph.admission import Admission
from graph.compiler import Plans
from graph.guards import request_id
from graph.source import Source

KEY = b"a secret of the tests"
SCHEMA = cache(build_schema)


def an_engine(  # noqa: PLR0913  # options, all by name
    *,
    demand: graph.DemandLimits | None = None,
    sizes: graph.Limits | None = None,
    trusted: graph.TrustedDocuments | None = None,
    bounds: graph.Bounds | None = None,
    admission: Admission | None = None,
    plans: bool = False,
    introspection: bool = True,
    **options: Any,
) -> graph.Engine:
    """Make an engine over the library's schema; options are those of the documents."""
    schema = SCHEMA()
    checks = graph.Demand(
        schema.core, demand or graph.DemandLimits(), sizes or graph.Limits(), introspection=introspection
    )
    documents = graph.Documents(checks, **options)
    return graph.Engine(
        schema,
        documents,
        trusted=trusted,
        bounds=bounds,
        admission=admission,
        plans=Plans(schema) if plans else None,
    )


ENGINE = cache(an_engine)


@dataclass(frozen=True)
class Answer:
    """A response as a client reads it; `errors` is None when there are none."""

    data: Any
    errors: list[dict[str, Any]] | None
    extensions: dict[str, Any] | None = None


def answer_of(response: graph.Response) -> Answer:
    content = orjson.loads(response.body)
    return Answer(content.get("data"), content.get("errors"), content.get("extensions"))


@dataclass
class Library:
    """A library's database. With `plans` its queries are answered by plans, where they can be."""

    reads: AsyncEngine
    writes: AsyncEngine
    plans: Source | None = None
    statements: list[str] = field(default_factory=list)

    @property
    def engine(self) -> graph.Engine:
        """The engine that runs operations which name no other."""
        return ENGINE(plans=True) if self.plans else ENGINE()

    def context(self, *, restricted: bool = False, limits: graph.Limits | None = None) -> Context:
        reader = graph.Reader(
            self.reads, Caller(restricted=restricted), key=KEY, limits=limits, source=self.plans
        )
        return Context(reader, self.writes)

    async def context_of(self, scope: Scope, _params: Mapping[str, object]) -> Context:
        """Make the context of a request."""
        context = self.context()
        context.request_id = request_id(scope)
        return context

    async def ask(
        self,
        query: str,
        *,
        restricted: bool = False,
        limits: graph.Limits | None = None,
        engine: graph.Engine | None = None,
        **variables: Any,
    ) -> Answer:
        """Run an operation; `statements` then holds the SQL of its reads."""
        self.statements.clear()
        engine = engine or self.engine
        context = self.context(restricted=restricted, limits=limits)
        operation = engine.prepare(graph.GraphQLRequest(query, variables=variables), context.request_id)
        if isinstance(operation, graph.Response):
            return answer_of(operation)
        return answer_of(await engine.run(operation, context))

    async def data(self, query: str, **options: Any) -> dict[str, Any]:
        """The data of an operation that must not fail."""
        result = await self.ask(query, **options)
        assert result.errors is None, result.errors
        assert result.data is not None
        return result.data

    async def code(self, query: str, **options: Any) -> str:
        """The code of the one error of an operation that must fail."""
        [error] = (await self.ask(query, **options)).errors or []
        return error["extensions"]["code"]

    async def events(self, query: str, **variables: Any) -> AsyncGenerator[Answer, None]:
        """Subscribe; close it at the end."""
        context = self.context()
        operation = ENGINE().prepare(graph.GraphQLRequest(query, variables=variables), context.request_id)
        assert isinstance(operation, graph.Operation)
        async with aclosing(ENGINE().subscribe(operation, context)) as responses:
            async for response in responses:
                yield answer_of(response)

    async def add_author_without_books(self, id: UUID) -> None:
        row = {"id": id, "name": "zero", "publisher_id": number(0)}
        await self.add(Author, [row])

    async def add_pupils(self, count: int) -> None:
        """Authors of whom each is the mentor of the next; each has a book."""
        for i in range(100, 100 + count):
            mentor = number(i - 1) if i > 100 else None
            row = {"id": number(i), "name": f"pupil {i}", "publisher_id": number(0), "mentor_id": mentor}
            await self.add(Author, [row])
            await self.add(Book, [{"id": number(i), "title": "thesis", "author_id": number(i)}])

    async def add(self, model: type[Base], rows: Iterable[dict[str, Any]]) -> None:
        async with self.writes.begin() as connection:
            await connection.execute(insert(model), list(rows))


@asynccontextmanager
async def open_library(url: str, *, plans: bool = False) -> AsyncIterator[Library]:
    async with Database(url) as database:
        library = Library(database.reads, database.writes)
        if plans:
            library.plans = CountedSource(database.plans, library.statements)

        @event.listens_for(database.reads.sync_engine, "before_cursor_execute")
        def count(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
            if not statement.startswith("BEGIN"):
                library.statements.append(statement)

        async with database.writes.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        yield library


def number(value: int) -> UUID:
    return UUID(int=value)
