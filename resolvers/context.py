"""What a resolver may use: who asks, the database, the providers, the clock, jobs, and documents."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Protocol, Self
from uuid import UUID

from providers.base import Provider
from repositories import Transactions, UnitOfWork
from repositories.view import View
from resolvers.document_store import Documents
from resolvers.lookouts import Lookouts
from resolvers.waiting import JobSignals


class Providers(Protocol):
    """Where the client of a configured provider comes from."""

    async def get(self, provider_id: UUID) -> Provider:
        """Give the client; the caller does not close it.

        Raises:
            AdministratorNeeded: Nobody has configured how to reach this provider.
        """
        ...


@dataclass(frozen=True)
class Context:
    """One caller's way into the resolvers.

    Attributes:
        actor: Who acts, as the audit trail names it.
        transactions: How units of work are begun.
        providers: The clients of the outside.
        now: The clock, in UTC.
        signals: Tells the requests of this process that wait for a job that it has ended.
        documents: Where the contents of documents are kept.
        lookouts: What this process looks for on behalf of all who follow.
        request_id: The request, or the job, in whose course this happens.
    """

    actor: str
    transactions: Transactions
    providers: Providers
    now: Callable[[], datetime]
    signals: JobSignals
    documents: Documents
    lookouts: Lookouts
    request_id: str | None = None

    def unit_of_work(self, *, is_single: bool = False) -> AbstractAsyncContextManager[UnitOfWork]:
        """Begin to write; single if a `repeated` operation changes one entity and mostly nothing else."""
        return self.transactions.begin(actor=self.actor, request_id=self.request_id, is_single=is_single)

    def look(self) -> AbstractAsyncContextManager[View]:
        """Read what is committed; nothing can be written."""
        return self.transactions.look(actor=self.actor)

    def today(self) -> date:
        """The current calendar day in UTC."""
        return self.now().date()

    def acting_as(self, actor: str, *, request_id: str | None = None) -> Self:
        return replace(self, actor=actor, request_id=request_id or self.request_id)
