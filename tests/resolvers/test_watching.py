"""However many follow, the database is looked at once for all, and each is told everything."""

import asyncio
import traceback
from collections.abc import AsyncGenerator, Generator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, contextmanager
from functools import partial
from time import monotonic
from types import TracebackType
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, insert, select, text
from support.contexts import a_context
from support.factories import an_account, an_agreement
from support.followers import count_joined
from support.patience import PATIENCE_SECONDS, until

from agreements_api.database import Database
from models import Agreement, AuditEvent, Job, JobKind, JobStatus
from repositories.audit import RecordedEvent
from repositories.history import History
from resolvers import lookouts
from resolvers.agreements import update_agreement
from resolvers.context import Context
from resolvers.jobs import finish_job
from resolvers.lookouts import LookingFailed
from resolvers.watching import watch_agreements, watch_job

LOOKS = {"AgreementLookout", "JobLookout"}
ATTEMPTS = 3


class Following:
    """A client that takes whatever comes, until it is left."""

    def __init__(self, made: AsyncGenerator[Any]) -> None:
        self.seen: list[Any] = []
        self.going_on = asyncio.Event()
        self.going_on.set()
        self._task = asyncio.create_task(self._take(made))

    @property
    def ids(self) -> set[UUID]:
        return {each.id for each in self.seen}

    async def _take(self, made: AsyncGenerator[Any]) -> None:
        async with aclosing(made):
            async for each in made:
                self.seen.append(each)
                await self.going_on.wait()

    async def leave(self) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])

    async def end(self) -> None:
        await asyncio.wait_for(self._task, PATIENCE_SECONDS)


@asynccontextmanager
async def following(context: Context, *made: AsyncGenerator[Any]) -> AsyncGenerator[list[Following]]:
    """Have each follow; entered when all that happens from then on is told to them."""
    before = count_joined(context.lookouts)
    followers = [Following(each) for each in made]

    def all_follow() -> bool:
        of_jobs = sum(bool(each.seen) for each in followers)  # which are told at once how their job is
        return count_joined(context.lookouts) - before + of_jobs == len(followers)

    try:
        await until(all_follow)
        yield followers
    finally:
        for each in followers:
            await each.leave()


@contextmanager
def counted(database: Database) -> Generator[list[str]]:
    """Give the questions that are asked meanwhile."""
    statements: list[str] = []

    def count(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("SELECT"):
            statements.append(statement)

    event.listen(database.reads.sync_engine, "before_cursor_execute", count)
    try:
        yield statements
    finally:
        event.remove(database.reads.sync_engine, "before_cursor_execute", count)


async def jobs_under_way(context: Context, count: int) -> list[UUID]:
    async with context.unit_of_work() as uow:
        jobs = [Job(kind=JobKind.SYNC, requested_at=uow.now, requested_by="local") for _ in range(count)]
        uow.add(*jobs)
        await uow.commit()
    return [job.id for job in jobs]


async def events_of(database: Database, agreement: Agreement | None = None) -> set[UUID]:
    statement = select(AuditEvent.id).where(AuditEvent.entity == "Agreement")
    if agreement is not None:
        statement = statement.where(AuditEvent.entity_id == agreement.id)
    async with database.reads.connect() as connection:
        return set(await connection.scalars(statement))


@pytest.mark.parametrize("many", [1, 300])
async def test_any_number_of_followers_costs_the_looks_of_one(
    many: int, context: Context, database: Database
) -> None:
    account = await an_account(context)
    ids = await jobs_under_way(context, many)
    agreements = [watch_agreements(context, account_id=account.id if n % 2 else None) for n in range(many)]

    async with following(context, *agreements):
        with counted(database) as of_agreements:
            looking = await seconds_of(of_agreements, 1)
    async with following(context, *(watch_job(context, id_) for id_ in ids)) as followers:
        with counted(database) as of_jobs:
            looking_at_jobs = await seconds_of(of_jobs, 5)  # eight, on a quiet machine
        assert [len(each.seen) for each in followers] == [1] * many

    assert 1 <= len(of_agreements) <= looking + 1
    assert 5 <= len(of_jobs) <= 4 * looking_at_jobs + 1


async def seconds_of(looks: list[str], at_least: int) -> float:
    """Let looks be made for two seconds after one, and on until there are so many; how long that was."""
    await until(lambda: looks)
    looks.clear()
    began = monotonic()
    await asyncio.sleep(2)
    await until(lambda: len(looks) >= at_least)
    return monotonic() - began


async def test_nobody_is_looked_for_when_nobody_follows(context: Context, database: Database) -> None:
    [job] = await jobs_under_way(context, 1)
    async with following(
        context, watch_agreements(context), watch_agreements(context), watch_job(context, job)
    ):
        assert {task.get_name() for task in asyncio.all_tasks()} >= LOOKS

    assert not {task.get_name() for task in asyncio.all_tasks()} & LOOKS
    with counted(database) as statements:
        await asyncio.sleep(1.5)
    assert statements == []


async def test_whoever_leaves_as_it_comes_leaves_no_look_behind(context: Context) -> None:
    [job] = await jobs_under_way(context, 1)
    for lookout, follow in (
        (context.lookouts.agreements, partial(context.lookouts.agreements.follow, None)),
        (context.lookouts.jobs, partial(context.lookouts.jobs.follow, job)),
    ):
        async with asyncio.timeout(PATIENCE_SECONDS), follow():
            await asyncio.sleep(0.2)  # it waits for its next look
            lookout.early.set()  # as the next one does that follows

        assert not {task.get_name() for task in asyncio.all_tasks()} & LOOKS


async def test_no_look_outlives_what_looks(context: Context) -> None:
    [job] = await jobs_under_way(context, 1)
    async with following(context, watch_agreements(context), watch_job(context, job)):
        await context.lookouts.aclose()
        assert not {task.get_name() for task in asyncio.all_tasks()} & LOOKS


async def test_each_follower_is_told_of_its_account_only(context: Context) -> None:
    mine, others = [await an_agreement(context) for _ in range(2)]
    async with following(
        context,
        watch_agreements(context),
        watch_agreements(context, account_id=mine.account_id),
        watch_agreements(context, account_id=others.account_id),
    ) as followers:
        for agreement in (mine, others):
            await update_agreement(context, agreement.id, {"description": "x"})
        await until(lambda: [len(each.seen) for each in followers] == [2, 1, 1])

    assert [[each.agreement_id for each in follower.seen] for follower in followers] == [
        [mine.id, others.id],
        [mine.id],
        [others.id],
    ]


async def write_on(context: Context, agreement: Agreement, changes: int) -> None:
    for n in range(changes):
        await update_agreement(context, agreement.id, {"description": f"{n}"})


async def commit_late(database: Database, agreement: Agreement, times: int) -> None:
    """Record events, each of which is committed a moment after it took its id."""
    for _ in range(times):
        async with database.turn(), database.writes.begin() as connection:
            history = History("local", a_context(database).now(), None, None)
            row = history.row("Agreement", agreement.id, "UPDATED", before={}, after={})
            await connection.execute(insert(AuditEvent), [row])
            await asyncio.sleep(0.0 if database.is_sqlite else 0.4)
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("most_events", [lookouts.MOST_EVENTS, 3])
async def test_nothing_is_missed_whenever_one_joins_and_however_much_comes(
    most_events: int, context: Context, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookouts, "MOST_EVENTS", most_events)
    monkeypatch.setattr("resolvers.bookmark.EVENTS_AT_ONCE", 7)
    agreement = await an_agreement(context)
    await an_agreement(context)
    elsewhere = a_context(database)  # as another process
    elsewhere_turn = context.acting_as("other")
    since = max(await events_of(database))
    writing = asyncio.gather(
        write_on(elsewhere, agreement, 120),
        write_on(elsewhere_turn, await an_agreement(context), 60),
        commit_late(database, agreement, 8),
    )
    from_then: list[Following] = []
    from_now: list[tuple[Following, set[UUID]]] = []
    while not writing.done() and len(from_then) < 25:
        account_id = agreement.account_id if len(from_then) % 2 else None
        from_then.append(Following(watch_agreements(context, account_id=account_id, after=since)))
        joined = Following(watch_agreements(context))
        await asyncio.sleep(0.15)
        await until(lambda: count_joined(context.lookouts) == 2 * len(from_then))
        from_now.append((joined, await events_of(database)))
    await writing
    everything = {id_ for id_ in await events_of(database) if id_ > since}
    of_account = everything & await events_of(database, agreement)

    expected = [of_account if n % 2 else everything for n in range(len(from_then))]
    await until(
        lambda: (
            all(each.ids >= wanted for each, wanted in zip(from_then, expected, strict=True))
            and all(each.ids >= everything - before for each, before in from_now)
        )
    )
    for each in (*from_then, *(each for each, _ in from_now)):
        await each.leave()

    assert len(everything) > 180
    for each, wanted in zip(from_then, expected, strict=True):
        assert each.ids - {since} >= wanted
        assert {id_ for id_ in each.ids if id_ > since} == wanted
        assert len(each.seen) == len(each.ids)  # known is known, for as long as one follows


async def test_one_that_stops_reading_holds_nobody_up_and_misses_nothing(
    context: Context, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookouts, "MOST_EVENTS", 5)
    agreement = await an_agreement(context)
    before = await events_of(database)
    async with following(context, watch_agreements(context), watch_agreements(context)) as (slow, quick):
        slow.going_on.clear()
        for _ in range(3):
            await write_on(context, agreement, 4)
            recorded = await events_of(database) - before
            await until(lambda recorded=recorded: quick.ids == recorded)
        assert len(slow.seen) == 1
        slow.going_on.set()
        await until(lambda: slow.ids == recorded)

    assert [each.id for each in slow.seen] == [each.id for each in quick.seen] == sorted(recorded)


async def test_jobs_are_told_apart_and_followed_to_their_ends(context: Context) -> None:
    ids = await jobs_under_way(context, 3)
    async with following(context, *(watch_job(context, id_) for id_ in (*ids, ids[0]))) as followers:
        for id_ in ids[:2]:
            await finish_job(context, str(id_), JobStatus.SUCCEEDED)
        for ended in (followers[0], followers[1], followers[3]):
            await ended.end()

    statuses = [[job.status for job in each.seen] for each in followers]
    done = [JobStatus.QUEUED, JobStatus.SUCCEEDED]
    assert statuses == [done, done, [JobStatus.QUEUED], done]


async def test_the_end_of_a_job_of_this_process_is_told_before_the_next_look_is_due(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(context.lookouts.jobs, "_every_seconds", 60)
    [job] = await jobs_under_way(context, 1)
    async with following(context, watch_job(context, job)) as [follower]:
        await finish_job(context, str(job), JobStatus.SUCCEEDED)
        context.signals.ended(job)
        await follower.end()

    assert follower.seen[-1].status is JobStatus.SUCCEEDED


@asynccontextmanager
async def without_the_trail(database: Database) -> AsyncGenerator[None]:
    """Have every look for changes fail meanwhile."""

    async def rename(old: str, new: str) -> None:
        async with database.turn(), database.writes.begin() as connection:
            await connection.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))

    await rename("audit_events", "audit_events_away")
    try:
        yield
    finally:
        await rename("audit_events_away", "audit_events")


async def test_a_look_that_fails_once_is_made_again(
    context: Context, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    agreement = await an_agreement(context)
    async with following(context, watch_agreements(context)) as [follower]:
        async with without_the_trail(database):
            await until(lambda: "it is tried again" in caplog.text)
        await write_on(context, agreement, 1)
        await until(lambda: bool(follower.seen))

    [change] = follower.seen
    assert isinstance(change, RecordedEvent)
    assert change.agreement_id == agreement.id


async def test_who_follows_is_told_when_looks_go_on_failing_and_may_come_back(
    context: Context, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    agreement = await an_agreement(context)
    async with following(context, *(watch_agreements(context) for _ in range(50))) as followers:
        async with without_the_trail(database):
            lengths = {len(traceback.extract_tb(await failure(follower))) for follower in followers}
        async with following(context, watch_agreements(context)) as [again]:
            await write_on(context, agreement, 1)
            await until(lambda: bool(again.seen))

    assert len(lengths) == 1  # no error carries what became of others
    assert sum("audit_events" in (record.exc_text or "") for record in caplog.records) == ATTEMPTS


async def failure(follower: Following) -> TracebackType | None:
    with pytest.raises(LookingFailed) as caught:
        await follower.end()
    return caught.value.__traceback__


async def test_a_short_outage_is_outlived_however_many_join_meanwhile(
    context: Context, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(context.lookouts.agreements, "_every_seconds", 3)  # short beside the looks
    async with following(context, watch_agreements(context)) as [follower], AsyncExitStack() as joined:
        async with without_the_trail(database):
            for _ in range(25):
                await joined.enter_async_context(context.lookouts.agreements.follow(None))
                await asyncio.sleep(0.02)

        await write_on(context, await an_agreement(context), 1)
        await until(lambda: bool(follower.seen))


async def test_a_look_that_does_not_end_is_given_up(
    context: Context, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookouts, "_LOOK_SECONDS", 0.2)
    monkeypatch.setattr(lookouts, "_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(context.lookouts.agreements, "_every_seconds", 0.05)
    busy = [await database.reads.connect() for _ in range(15)]  # all that the pool gives
    try:
        with pytest.raises(LookingFailed):
            async with asyncio.timeout(PATIENCE_SECONDS):
                await anext(watch_agreements(context))
    finally:
        for connection in busy:
            await connection.close()
