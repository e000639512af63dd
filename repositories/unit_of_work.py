"""The transaction: one session, all repositories, written only when `commit` is awaited."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from types import TracebackType
from typing import Final, Generic, Protocol, Self, TypeVar
from uuid import UUID

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from models import Agreement, Audited, Base, Job
from repositories.accounts import AccountRepository
from repositories.agreements import AgreementRepository
from repositories.alone.at_hand import AtHand
from repositories.alone.drivers import Bound
from repositories.alone.entity import Alone
from repositories.alone.together import Together
from repositories.base import FOR_CHANGE
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


E = TypeVar("E", bound=Audited)
R = TypeVar("R")

_HISTORY: Final = "history"
_NO_TURN: Final = nullcontext()


class Enqueue(Protocol):
    """Hands durable work to the job engine, in the transaction of the session.

    Work with an id that was enqueued before is not enqueued again.
    """

    async def __call__(
        self, session: AsyncSession, work: str, work_id: str, arguments: Mapping[str, str]
    ) -> None: ...


class _Recorded(Session):
    """A session whose flushes are told to the history that its `info` has."""


@event.listens_for(_Recorded, "before_flush")
def _tell(session: Session, *_: object) -> None:
    history: History = session.info[_HISTORY]
    history.before_flush(session)


class _made(Generic[R]):  # noqa: N801 -- reads as what it does: accounts = _made(…)
    """What a unit of work has from when it is first asked for: most need few of their repositories."""

    def __init__(self, make: Callable[["UnitOfWork"], R]) -> None:
        self._make = make

    def __set_name__(self, _owner: type, name: str) -> None:
        self._name = name

    def __get__(self, unit: "UnitOfWork", _owner: type) -> R:
        made = vars(unit)[self._name] = self._make(unit)
        return made


again: ContextVar[bool] = ContextVar("again", default=False)
"""Set where an operation runs again after a conflict: by a lock or its turn it then keeps others from what it
reads, so that it ends."""


class UnitOfWork:
    """One transaction with its repositories; leaving it without `commit` writes nothing.

    Use it as `async with … as uow`, once, by one task: entered, it has its turn to write until it commits.
    One for a single entity (`is_single`) does not wait for that on SQLite: whatever it does beside `only` and
    `commit` raises Conflict there, and the operation, which must be `repeated`, has its turn the next time.
    System fields, audit events and the search index follow from what changed and are written in the same
    transaction.
    """

    def __init__(self, begun: "Transactions", history: History, *, is_single: bool) -> None:
        self.history, self._begun = history, begun
        self._is_without_turn = is_single and begun.together is not None and not again.get()
        self._turn = _NO_TURN if self._is_without_turn else begun.turn()
        self._alone: Alone | None = None
        self._is_over = False

    @cached_property
    def session(self) -> AsyncSession:
        """The session, from when it is first needed; what was read alone becomes one of its entities.

        Raises:
            Conflict: It has no turn to write.
            RuntimeError: It has been committed without one: it would begin another transaction.
        """
        self._require_open()
        if self._is_without_turn:
            raise Conflict("It did not wait for its turn, and needs more than a single entity.")
        session = AsyncSession(
            self._begun.engine,
            sync_session_class=_Recorded,
            expire_on_commit=False,
            autoflush=False,
            info={_HISTORY: self.history},
        )
        if self._alone is not None and self._alone.entity is not None:
            session.add(self._alone.entity)
        return session

    accounts = _made(lambda uow: AccountRepository(uow.session))
    agreements = _made(lambda uow: AgreementRepository(uow.session, uow.history))
    templates = _made(lambda uow: TemplateRepository(uow.session))
    providers = _made(lambda uow: ProviderRepository(uow.session))
    provider_accounts = _made(lambda uow: ProviderAccountRepository(uow.session, uow.history))
    billing_contracts = _made(lambda uow: BillingContractRepository(uow.session))
    documents = _made(lambda uow: DocumentRepository(uow.session))
    bulk = _made(lambda uow: BulkRepository(uow.session, uow.history, uow.agreements))
    jobs = _made(lambda uow: JobRepository(uow.session))
    sync = _made(lambda uow: SyncRepository(uow.session))
    places = _made(lambda uow: PlaceRepository(uow.session))
    idempotency = _made(lambda uow: IdempotencyRepository(uow.session, uow.history))

    @property
    def now(self) -> datetime:
        """The instant under which everything in this transaction is recorded."""
        return self.history.now

    @property
    def actor(self) -> str:
        return self.history.actor

    async def only(self, model: type[E], entity_id: UUID) -> E | None:
        """Read the one entity that this transaction is about, to be changed: much cheaper than `get`.

        The row is not locked: if others change it before the commit, that raises Conflict. The operation
        must be `repeated`; its next run waits for its turn at the row. Whatever else is asked or written
        in the transaction works as ever, and takes away what was saved.
        """
        may_be_alone = not again.get() or self._begun.together is not None  # which keeps its turn then
        if may_be_alone and self._alone is None and "session" not in vars(self):
            line = await self._begun.at_hand.take()
            if line is not None:
                self._alone = Alone(line, entity_id)
                return await self._alone.read(model)
        return await self.session.get(model, entity_id, with_for_update={**FOR_CHANGE})

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
        await self._begun.enqueue(self.session, work, job.workflow_id, {"job_id": str(job.id), **arguments})

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
        await self._begun.enqueue(self.session, "push", work_id, {"agreement_id": str(agreement.id)})

    async def commit(self) -> None:
        """Write everything.

        Raises:
            Conflict: Another transaction got there first; nothing was written.
        """
        self._require_open()
        with _conflicts():
            if self._alone is not None and "session" not in vars(self) and self._alone.is_simple:
                self._is_over = True
                bound = self._alone.bound(self.history)
                if bound is not None and not await self._write_alone(self._alone, bound):
                    raise Conflict("The entity was changed after it had been read.")
                return
            await self.session.flush()
            connection = await self.session.connection()
            await connection.run_sync(self.history.write)
            await self.session.commit()

    def _require_open(self) -> None:
        if self._is_over:
            raise RuntimeError("The unit of work is over: nothing follows a commit without a session.")

    async def _write_alone(self, alone: Alone, bound: Bound) -> bool:
        together = self._begun.together
        if together is not None and not again.get():
            await self._let_go()
            return await together.write(bound)
        change = (lambda: bound) if together is None else together.guarded(lambda: bound)
        [outcome] = await alone.line.driven(lambda driver: driver.write([change]))
        if isinstance(outcome, Exception):
            raise await alone.line.told(outcome) from outcome
        return outcome

    async def _let_go(self) -> None:
        """Leave the connection at hand and the turn to others; harmless when repeated."""
        alone, turn = self._alone, self._turn
        self._alone, self._turn = None, _NO_TURN
        try:
            if alone is not None:
                await self._begun.at_hand.give_back(alone.line)
        finally:
            await turn.__aexit__(None, None, None)

    async def __aenter__(self) -> Self:
        await self._turn.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if "session" in vars(self):
                await self.session.__aexit__(kind, error, traceback)
        finally:
            await self._let_go()
        _raise_conflict(error)


@dataclass(frozen=True)
class Transactions:
    """How units of work are begun; made once by the composition root.

    Attributes:
        engine: Opens connections that begin ready to write.
        at_hand: Connections that are kept open for whoever needs no session.
        turn: Waits for this process's turn to write.
        enqueue: Hands a job to the job engine.
        now: The clock.
        reads: Opens connections of which each transaction is a snapshot that cannot write.
        together: Commits at once what is changed by many that need no session; None where a commit waits for
            no other.
    """

    engine: AsyncEngine
    at_hand: AtHand
    turn: Callable[[], AbstractAsyncContextManager[None]]
    enqueue: Enqueue
    now: Callable[[], datetime]
    reads: AsyncEngine
    together: Together | None

    @asynccontextmanager
    async def look(self, *, actor: str) -> AsyncGenerator[View]:
        """Read what is committed, without a turn: for whoever asks or watches; keys are the actor's."""
        async with AsyncSession(self.reads, expire_on_commit=False) as session:
            yield View(session, History(actor, self.now(), None, None))

    def begin(
        self,
        *,
        actor: str,
        request_id: str | None = None,
        correlation_id: str | None = None,
        is_single: bool = False,
    ) -> UnitOfWork:
        """Make a unit of work, to be entered; entities read in it stay readable afterwards.

        Args:
            actor: Who acts.
            request_id: In whose course.
            correlation_id: What else belongs to it.
            is_single: Whether it is for a single entity, which need not wait for its turn to be read.
        """
        history = History(actor, self.now(), request_id, correlation_id)
        return UnitOfWork(self, history, is_single=is_single)


class _conflicts:  # noqa: N801 -- reads as a clause: with _conflicts()
    """Translates what the database says when another transaction got there first."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
        _raise_conflict(error)


def _raise_conflict(error: BaseException | None) -> None:
    if isinstance(error, Exception) and is_conflict(error):
        raise Conflict("Another transaction changed the same rows.") from error
