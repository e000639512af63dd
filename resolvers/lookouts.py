"""One look at the database for all who follow: a process looks once, however many clients it serves."""

import asyncio
import contextvars
import logging
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Final, Generic, TypeVar
from uuid import UUID

from models import Job
from repositories import Transactions
from repositories.audit import RecordedEvent
from resolvers.bookmark import Bookmark

LOOK_EVERY_SECONDS = 0.25
"""Between looks at jobs; the end of one that this process does is seen at once."""
LOOK_WHEN_IDLE_SECONDS = 1.0
"""Between looks for agreements' changes."""
MOST_EVENTS = 1_000
"""Kept for one follower that is busy; one that has more before it reads them by itself."""

# Whoever begins to follow is waited for no longer than this, so that hundreds at once share a few looks.
_PAUSE_SECONDS = 0.05
_ATTEMPTS: Final = 3
_LOOK_SECONDS = 15.0
"""For one look, which takes milliseconds."""

_logger = logging.getLogger(__name__)


class LookingFailed(Exception):
    """The database was looked at in vain, time after time; the log holds the cause."""


class Follower:
    """One who follows: it waits here, and takes what a look has left for it."""

    def __init__(self) -> None:
        self._woken = asyncio.Event()
        self._failed = False

    async def wait(self) -> None:
        """Wait until something was left.

        Raises:
            LookingFailed: Nothing will be.
        """
        await self._woken.wait()
        self._woken.clear()
        if self._failed:
            # Each has one of its own: the traceback of one that all share would grow with each of them.
            raise LookingFailed("What is followed cannot be looked at just now. Subscribe again.")

    def wake(self) -> None:
        self._woken.set()

    def fail(self) -> None:
        self._failed = True
        self.wake()


F = TypeVar("F", bound=Follower)


class Lookout(ABC, Generic[F]):
    """Looks again and again while anybody follows, in one task that ends when the last one leaves.

    Attributes:
        early: Set it to have the next look at once.
    """

    def __init__(self, transactions: Transactions, every_seconds: float) -> None:
        self.early = asyncio.Event()
        self._transactions = transactions
        self._every_seconds = every_seconds
        self._followers: set[F] = set()
        self._task: asyncio.Task[None] | None = None

    async def aclose(self) -> None:
        """Stop looking; harmless when repeated."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    @asynccontextmanager
    async def _with(self, follower: F) -> AsyncGenerator[F]:
        self._followers.add(follower)
        self.early.set()
        if self._task is None:
            self._begin()
            # In a context of its own: what is logged there concerns no request.
            self._task = asyncio.create_task(
                self._go_on(), name=type(self).__name__, context=contextvars.Context()
            )
        try:
            yield follower
        finally:
            self._followers.discard(follower)
            if not self._followers:
                await self.aclose()

    def _begin(self) -> None:
        """Forget what an earlier task has seen."""

    @abstractmethod
    async def _look(self) -> None:
        """Look once, and leave what was found with the followers."""

    async def _go_on(self) -> None:
        failures = 0
        while True:
            self.early.clear()
            try:
                async with asyncio.timeout(_LOOK_SECONDS):
                    await self._look()
                failures = 0
            except Exception:  # whatever it is, who follows is told
                failures += 1
                if failures == _ATTEMPTS:
                    _logger.exception("Looking for what is followed failed again; who follows is told.")
                    return self._give_up()
                _logger.warning("Looking for what is followed failed; it is tried again.", exc_info=True)
                await asyncio.sleep(failures * self._every_seconds)  # however many join meanwhile
            await asyncio.sleep(_PAUSE_SECONDS)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._every_seconds - _PAUSE_SECONDS):
                    await self.early.wait()

    def _give_up(self) -> None:
        followers, self._followers = self._followers, set()
        self._task = None
        for follower in followers:
            follower.fail()


class AgreementFollower(Follower):
    """Follows agreements' changes.

    Attributes:
        account_id: Only agreements of this account; None for all.
        joined: Where everything stood when this one had joined: what comes later is left for it.
        behind: Whether it must read by itself from its place on, since it was not left everything.
    """

    def __init__(self, account_id: UUID | None) -> None:
        super().__init__()
        self.account_id = account_id
        self.joined: Bookmark | None = None
        self.behind = False
        self._news: list[RecordedEvent] = []

    async def present(self) -> Bookmark:
        """Wait until it has joined; gives a place to go on from."""
        while self.joined is None:
            await self.wait()
        return self.joined.copy()

    def leave(self, events: Sequence[RecordedEvent]) -> None:
        if self.joined is None or self.behind or not events:
            return
        self._news += events
        if len(self._news) > MOST_EVENTS:
            self._news, self.behind = [], True
        self.wake()

    def take(self) -> Sequence[RecordedEvent]:
        news, self._news = self._news, []
        return news

    def rejoin(self) -> None:
        """Be left everything from now on; what was found before is then there to be read."""
        self._news, self.behind = [], False


class AgreementLookout(Lookout[AgreementFollower]):
    """Finds what happens to agreements."""

    _bookmark: Bookmark | None = None

    def follow(self, account_id: UUID | None) -> AbstractAsyncContextManager[AgreementFollower]:
        return self._with(AgreementFollower(account_id))

    def _begin(self) -> None:
        self._bookmark = None

    async def _look(self) -> None:
        joining = [each for each in self._followers if each.joined is None]
        async with self._transactions.look(actor="system") as view:
            if self._bookmark is None:
                self._bookmark = await Bookmark.present(view.audit)
            else:
                more = True
                while more:
                    news, more = await self._bookmark.read(view.audit, account_id=None)
                    self._hand_out(news)
        for follower in joining:
            follower.joined = self._bookmark.copy()
            follower.wake()

    def _hand_out(self, news: Sequence[RecordedEvent]) -> None:
        of_account: defaultdict[UUID | None, list[RecordedEvent]] = defaultdict(list)
        for event in news:
            of_account[event.account_id].append(event)
        for follower in self._followers:
            everything = follower.account_id is None
            follower.leave(news if everything else of_account.get(follower.account_id, ()))


class JobFollower(Follower):
    """Follows a job."""

    def __init__(self, job_id: UUID) -> None:
        super().__init__()
        self.job_id = job_id
        self._job: Job | None = None
        self._seen: tuple[object, ...] | None = None
        self._changed = False

    async def changed(self) -> Job | None:
        """Wait until the job is not as it was given last, and give it; None if there is none."""
        while not self._changed:
            await self.wait()
        self._changed = False
        return self._job

    def leave(self, job: Job | None) -> None:
        state = () if job is None else _state(job)
        if state != self._seen:
            self._job, self._seen, self._changed = job, state, True
            self.wake()


def _state(job: Job) -> tuple[object, ...]:
    counts = (job.considered, job.created, job.updated, job.unchanged, job.skipped, job.failed)
    return (job.status, *counts, job.error, job.started_at, job.finished_at)


class JobLookout(Lookout[JobFollower]):
    """Finds how jobs go on."""

    def follow(self, job_id: UUID) -> AbstractAsyncContextManager[JobFollower]:
        return self._with(JobFollower(job_id))

    async def _look(self) -> None:
        followed = {each.job_id for each in self._followers}
        async with self._transactions.look(actor="system") as view:
            found = {job.id: job for job in await view.jobs.list_by_ids(followed)}
        for follower in self._followers:
            if follower.job_id in followed:
                follower.leave(found.get(follower.job_id))


class Lookouts:
    """All that a process follows in its database; made and closed by the composition root."""

    def __init__(self, transactions: Transactions) -> None:
        self.agreements = AgreementLookout(transactions, LOOK_WHEN_IDLE_SECONDS)
        self.jobs = JobLookout(transactions, LOOK_EVERY_SECONDS)

    async def aclose(self) -> None:
        """Stop looking; harmless when repeated."""
        await self.agreements.aclose()
        await self.jobs.aclose()
