"""Gives tests the resolvers' context over a real database, and keeps what they hand to the job engine."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import obstore
from obstore.store import MemoryStore
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from agreements_api.database import Database
from agreements_api.document_store import Bucket
from providers.base import Provider
from providers.errors import AdministratorNeeded
from resolvers.context import Context, Providers
from resolvers.document_store import Documents
from resolvers.lookouts import Lookouts
from resolvers.waiting import JobSignals

Rows = Callable[..., Awaitable[list[Any]]]


@dataclass
class Queue:
    """What was enqueued, once per id, in transactions whether they were committed or not."""

    work: dict[str, tuple[str, dict[str, str]]] = field(default_factory=dict[str, tuple[str, dict[str, str]]])

    async def __call__(
        self, session: AsyncSession, work: str, work_id: str, arguments: Mapping[str, str]
    ) -> None:
        self.work.setdefault(work_id, (work, dict(arguments)))

    def pushed(self) -> list[UUID]:
        """Ids of the agreements that a provider is to be told of, in order."""
        return [UUID(arguments["agreement_id"]) for work, arguments in self.work.values() if work == "push"]


class NoProviders:
    """Nobody has configured how to reach any provider."""

    async def get(self, provider_id: UUID) -> Provider:
        raise AdministratorNeeded("Nobody has configured how to reach this provider.")


class InMemory(Bucket):
    """A store of documents that lasts as long as it is held, and can be looked into."""

    def __init__(self) -> None:
        self._memory = MemoryStore()
        super().__init__(lambda: self._memory)

    def keys(self) -> list[str]:
        return sorted(each["path"] for batch in obstore.list(self._memory) for each in batch)  # pyright: ignore[reportUnknownMemberType]  # Arrow, which is not asked for


def some_documents(**limits: int) -> Documents:
    """Make a place for documents that lasts as long as it is held."""
    return Documents(InMemory(), b"a key of the tests", **limits)


def utc_now() -> datetime:
    return datetime.now(UTC)


def a_context(
    database: Database,
    queue: Queue | None = None,
    *,
    actor: str = "local",
    providers: Providers | None = None,
    documents: Documents | None = None,
) -> Context:
    """Make the context of one caller; contexts of one test share the database's turn to write."""
    transactions = database.transactions(queue or Queue(), utc_now)
    return Context(
        actor=actor,
        transactions=transactions,
        providers=providers or NoProviders(),
        now=utc_now,
        signals=JobSignals(),
        documents=documents or some_documents(),
        lookouts=Lookouts(transactions),
        request_id="request-1",
    )


def rows_of(database: Database) -> Rows:
    """Ask the database itself in SQL, past our code; values are bound by keyword."""

    async def ask(sql: str, **values: object) -> list[Any]:
        async with database.reads.connect() as connection:
            return list((await connection.execute(text(sql), values)).all())

    return ask
