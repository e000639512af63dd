"""The transaction: one session, all repositories, written only when `commit` is awaited."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol, Self

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from uuid_utils.compat import uuid7

from models import Agreement, Base, Job
from repositories.accounts import AccountRepository
from repositories.agreements import AgreementRepository
from repositories.billing_contracts import BillingContractRepository
from repositories.bulk import BulkRepository
from repositories.documents import DocumentRepository
from repositories.errors import Conflict, is_conflict
from repositories.history import History
from repositories.idempotency import IdempotencyRepository
from repositories.jobs import JobRepository
from repositories.places import PlaceRepository
from repositories.provider_accounts import ProviderAccountRepository
from repositories.providers import ProviderRepository
from repositories.sync import SyncRepository
from repositories.templates import TemplateRepository
from repositories.view import View

PUSH_PREFIX: Final = "push:"
"""What the ids of pushes begin with; the agreement's id follows."""


class Enqueue(Protocol):
    """Hands durable work to the job engine, in the transaction of the session.

    Work with an id that was enqueued before is not enqueued again.
    """

    async def __call__(
        self, session: AsyncSession, work: str, work_id: str, arguments: Mapping[str, str]
    ) -> None: ...


class UnitOfWork:
    """One transaction with its repositories; leaving it without `commit` writes nothing.

    Use it as `async with … as uow`, once, by one task. System fields, audit events and the search index
    follow from what changed and are written in the same transaction.
    """

    def __init__(self, session: AsyncSession, history: History, enqueue: Enqueue) -> None:
        self.session, self.history, self._enqueue = session, history, enqueue
        event.listen(session.sync_session, "before_flush", history.before_flush)
        self.accounts = AccountRepository(session)
        self.agreements = AgreementRepository(session, history)
        self.templates = TemplateRepository(session)
        self.providers = ProviderRepository(session)
        self.provider_accounts = ProviderAccountRepository(session, history)
        self.billing_contracts = BillingContractRepository(session)
        self.documents = DocumentRepository(session)
        self.bulk = BulkRepository(session, history, self.agreements)
        self.jobs = JobRepository(session)
        self.sync = SyncRepository(session)
        self.places = PlaceRepository(session)
        self.idempotency = IdempotencyRepository(session, history)

    @property
    def now(self) -> datetime:
        """The instant under which everything in this transaction is recorded."""
        return self.history.now

    @property
    def actor(self) -> str:
        return self.history.actor

    def add(self, *entities: Base) -> None:
        self.session.add_all(entities)

    async def flush(self) -> None:
        """Send what was changed so far, so that later questions see it.

        Raises:
            Conflict: Another transaction got there first.
        """
        with _conflicts():
            await self.session.flush()

    async def start(self, job: Job, **arguments: str) -> None:
        """Store the job and enqueue its work in this transaction: both happen or neither.

        Args:
            job: A new job, or one that was restarted.
            arguments: What the work needs beside the job's id; ids and public keys, never a secret.
        """
        self.session.add(job)
        await self.flush()
        work = job.kind.value.lower()
        await self._enqueue(self.session, work, job.workflow_id, {"job_id": str(job.id), **arguments})

    async def push(self, agreement: Agreement, *, anew: bool = False) -> None:
        """Enqueue telling the provider of the agreement's acceptance, in this transaction.

        The work is named after the agreement's state: asking twice in one state is one piece of work.

        Args:
            agreement: Which.
            anew: Make it work of its own, whatever became of earlier work in this state.
        """
        await self.flush()
        work_id = f"{PUSH_PREFIX}{agreement.id}:{agreement.revision}"
        if anew:
            work_id += f":{uuid7()}"
        await self._enqueue(self.session, "push", work_id, {"agreement_id": str(agreement.id)})

    async def commit(self) -> None:
        """Write everything.

        Raises:
            Conflict: Another transaction got there first; nothing was written.
        """
        with _conflicts():
            await self.session.flush()
            connection = await self.session.connection()
            await connection.run_sync(self.history.write)
            await self.session.commit()


@dataclass(frozen=True)
class Transactions:
    """How units of work are begun; made once by the composition root.

    Attributes:
        engine: Opens connections that begin ready to write.
        turn: Waits for this process's turn to write.
        enqueue: Hands a job to the job engine.
        now: The clock.
        reads: Opens connections of which each transaction is a snapshot that cannot write.
    """

    engine: AsyncEngine
    turn: Callable[[], AbstractAsyncContextManager[None]]
    enqueue: Enqueue
    now: Callable[[], datetime]
    reads: AsyncEngine | None = None

    @asynccontextmanager
    async def look(self, *, actor: str) -> AsyncGenerator[View]:
        """Read what is committed, without a turn: for whoever asks or watches; keys are the actor's."""
        async with AsyncSession(self.reads or self.engine, expire_on_commit=False) as session:
            yield View(session, History(actor, self.now(), None, None))

    @asynccontextmanager
    async def begin(
        self, *, actor: str, request_id: str | None = None, correlation_id: str | None = None
    ) -> AsyncGenerator[UnitOfWork]:
        """Open a unit of work; entities read in it stay readable afterwards."""
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self.turn())
            session = AsyncSession(self.engine, expire_on_commit=False, autoflush=False)
            await stack.enter_async_context(session)
            history = History(actor, self.now(), request_id, correlation_id)
            with _conflicts():
                yield UnitOfWork(session, history, self.enqueue)


class _conflicts:  # noqa: N801 -- reads as a clause: with _conflicts()
    """Translates what the database says when another transaction got there first."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
        if isinstance(error, Exception) and is_conflict(error):
            raise Conflict("Another transaction changed the same rows.") from error
