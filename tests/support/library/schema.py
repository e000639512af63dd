"""The library's GraphQL schema, declared as a product would."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

import strawberry
from sqlalchemy import ColumnElement, update
from sqlalchemy.ext.asyncio import AsyncEngine
from strawberry import UNSET, Info
from strawberry.schema.config import StrawberryConfig
from support.library import models
from support.library.models import Status
from support.library.slow import nap, takes_minutes

import graph
from graph import Connection, Node, Reader, Registry, column, reference, references, relation, shows, value

REGISTRY = Registry()


@dataclass(frozen=True)
class Caller:
    """Who asks: somebody restricted sees no secret row, and no row that belongs to one."""

    restricted: bool = False


@dataclass
class Context:
    reader: Reader
    writes: AsyncEngine
    request_id: str = "request-1"


class Unreadable:
    """A value whose scalar fails."""


def _fails(value: object) -> Unreadable:
    kind = ValueError if isinstance(value, str) else RuntimeError
    raise kind("the password is swordfish")


UNREADABLE = strawberry.scalar(name="Unreadable", description="Fails.", parse_value=_fails, serialize=str)


def not_secret(alias: Any, caller: Caller) -> ColumnElement[bool] | None:
    return alias.secret.is_(False) if caller.restricted else None


def titled(alias: Any, value: str) -> ColumnElement[bool]:
    return alias.title.startswith(value)


graph.enum(Status, "Where a book stands.", DRAFT="Being written.", PRINTED="In the shops.")


@strawberry.type(description="A person's name.")
class Name:
    first: str = strawberry.field(description="Given name.")
    last: str = strawberry.field(description="Family name.")


@strawberry.type(description="A place on the web.")
class Site:
    url: str = strawberry.field(description="Where it is.")
    checked_on: date | None = strawberry.field(description="When it last answered.")


@strawberry.input(description="Conditions on books.")
class BookFilter:
    status: Status | None = graph.equal("status", description="In this state.")
    not_status: Status | None = graph.not_equal("status", description="In another state.")
    author_id: strawberry.ID | None = graph.equal("author_id", node="Author", description="By this author.")
    author_ids: list[strawberry.ID] | None = graph.one_of(
        "author_id", node="Author", description="By one of them."
    )
    printed_from: date | None = graph.at_least("printed_on", description="Printed on this day or later.")
    printed_to: date | None = graph.at_most("printed_on", description="Printed on this day or earlier.")
    unprinted: bool | None = graph.is_null("printed_on", description="Without a day of printing.")
    printed: bool | None = graph.is_set("printed_on", description="With a day of printing.")
    long: bool | None = graph.equal("is_long", description="More than 100 pages.")
    tagged: strawberry.ID | None = graph.has("tags", description="With this tag.")
    not_tagged: strawberry.ID | None = graph.lacks("tags", description="Without this tag.")
    titled: str | None = graph.criterion(titled, description="The title begins so.")
    searched_slowly: bool | None = graph.criterion(takes_minutes, description="Take minutes.")


@strawberry.input(description="Conditions on authors.")
class AuthorFilter:
    wrote: strawberry.ID | None = graph.has("books", description="Of this book.")
    not_wrote: strawberry.ID | None = graph.lacks("books", description="Not of this book.")


@strawberry.input
class ShelfArguments:
    author_id: strawberry.ID = graph.equal("author_id", node="Author", description="Whose shelf.")
    titles: list[str] | None = graph.one_of("title", description="Only these.")


@strawberry.input
class TaggedArguments:
    status: Status | None = graph.equal("status", description="In this state.")


BOOK_ORDER = graph.order(
    "Book",
    TITLE=graph.by("title", "By title."),
    PAGES=graph.by("pages", "By length."),
    PRINTED_ON=graph.by("printed_on_key", "By day of printing."),
)
AUTHOR_ORDER = graph.order("Author", NAME=graph.by("name", "By name."))


@shows(models.Country, description="Where a house is.", registry=REGISTRY)
class Country(Node):
    name: str = column(description="Its name.")


@shows(models.Publisher, description="A house that prints.", visible=not_secret, registry=REGISTRY)
class Publisher(Node):
    name: str = column(description="Its name.")
    country: Country | None = relation(description="Where it is.")
    authors: "Connection[Author]" = relation(description="Its authors.")


@shows(
    models.Author,
    description="Somebody who writes.",
    filter=AuthorFilter,
    order=AUTHOR_ORDER,
    visible="publisher",
    registry=REGISTRY,
)
class Author(Node):
    name: str = column(description="Pen name.")
    full_name: Name | None = value(description="Civil name.")
    site: Site | None = value(
        description="Web site.", parts={"url": "site_url", "checked_on": "site_checked_on"}
    )
    publisher: "Publisher" = relation(description="The house.")
    mentor: "Author | None" = relation(description="Who taught them.")
    books: "Connection[Book]" = relation(description="What they wrote.")

    @strawberry.field(description="The name, loud.")
    def shout(self) -> str:
        return self.name.upper()


@shows(
    models.Book,
    description="A book.",
    filter=BookFilter,
    order=BOOK_ORDER,
    visible="author",
    registry=REGISTRY,
)
class Book(Node):
    name: str = column(description="Its title.", source="title")
    status: Status = column(description="Its state.")
    pages: int = column(description="Its length.")
    printed_on: date | None = column(description="When it was printed.")
    is_long: bool = column(description="Whether it is long.")
    author: "Author" = relation(description="Who wrote it.")
    tags: "Connection[Tag]" = relation(description="Its tags.")


@shows(
    models.Tag,
    description="A label.",
    default_order=[graph.descending("label")],
    visible=not_secret,
    registry=REGISTRY,
)
class Tag(Node):
    label: str = column(description="The label.")
    books: "Connection[Book]" = relation(
        description="Books with it.", arguments=TaggedArguments, filter=False, order=False
    )


@shows(models.Shelf, description="A place on a shelf.", visible="author", registry=REGISTRY)
class Shelf:
    title: str = column(description="The title.")
    longest: int = column(description="The longest.")
    author: "Author" = relation(description="Whose it is.")


@strawberry.type(description="Reads.")
class Query:
    node: Node | None = graph.root_node(registry=REGISTRY)
    nodes: list[Node | None] = graph.root_nodes(registry=REGISTRY)
    author: Author | None = graph.root_one(Author, description="An author.")
    book: Book | None = graph.root_one(Book, description="A book.")
    authors: Connection[Author] = graph.root_page(Author, description="All authors.")
    books: Connection[Book] = graph.root_page(Book, description="All books.")
    tags: Connection[Tag] = graph.root_page(Tag, description="All tags.")
    publishers: Connection[Publisher] = graph.root_page(Publisher, description="All houses.")
    shelves: Connection[Shelf] = graph.root_page(
        Shelf, description="A shelf.", arguments=ShelfArguments, forward_only=True
    )

    @strawberry.field(description="Takes its time.")
    async def nap(self, seconds: Annotated[float, strawberry.argument(description="How much of it.")]) -> str:
        return await nap(seconds)

    @strawberry.field(description="Takes what cannot be read.")
    def unreadable(
        self, value: Annotated[Unreadable | None, strawberry.argument(description="Anything.")] = None
    ) -> str:
        return "never"

    @strawberry.field(description="Fails.")
    def failure(self, info: Info) -> str:
        raise RuntimeError("the password is swordfish")


@strawberry.type(description="What came of a renaming.")
class RenamePayload:
    book: Book | None = reference(description="The book.")
    others: list[Book] = references(description="All other books by the author.")


@strawberry.type(description="A change of a book.")
class BookChange:
    sequence: int = strawberry.field(description="Its number.")
    book: Book = reference(description="The book.")


@strawberry.type(description="Writes.")
class Mutation:
    @graph.mutation(description="Rename a book.")
    async def rename(self, info: Info, id: strawberry.ID, name: str) -> RenamePayload:
        book_id = graph.parse_id(id, "Book")
        async with info.context.writes.begin() as connection:
            await connection.execute(update(models.Book).where(models.Book.id == book_id).values(title=name))
        return RenamePayload(book=Book.ref(book_id), others=[Book.ref(book_id)])

    @graph.mutation(description="Takes its time.")
    async def doze(self, info: Info, seconds: float) -> str:
        return await nap(seconds)


@strawberry.type(description="Watches.")
class Subscription:
    @graph.subscription(description="The book, whenever it is asked for.")
    async def book(self, info: Info, id: strawberry.ID) -> AsyncIterator[Book]:
        for _ in range(2):
            yield Book.ref(graph.parse_id(id, "Book"))

    @graph.subscription(description="Changes of the book.")
    async def changes(self, info: Info, id: strawberry.ID) -> AsyncIterator[BookChange]:
        for number in range(2):
            yield BookChange(sequence=number, book=Book.ref(graph.parse_id(id, "Book")))


def build_schema(
    query: type = Query, mutation: type = Mutation, subscription: type = Subscription
) -> graph.Schema:
    types = graph.bind_all(REGISTRY)
    config = StrawberryConfig(scalar_map={Unreadable: UNREADABLE})
    return graph.Schema(query=query, mutation=mutation, subscription=subscription, types=types, config=config)


__all__ = ["UNSET", "Context", "build_schema"]
