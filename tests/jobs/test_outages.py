"""What is away for a while, a provider or the database, delays its own work and breaks none."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from dbos import DBOS
from sqlalchemy import update
from support.factories import CUSTOMER_AGREEMENT, PARTNER_CENTER
from support.jobs import Program, customers, until
from support.outages import refusing_connections
from support.patience import PATIENCE_SECONDS

from jobs import upkeep, work
from jobs.schedules import Schedule
from jobs.work import Waited, Work
from models import Agreement, AgreementOrigin, JobStatus, ProviderAccount, SyncState
from providers.errors import CustomerNotVisible, ProviderUnavailable
from repositories import Conflict
from repositories.bulk import Target
from resolvers.agreements import retry_agreement_push
from resolvers.bulk import BulkCreate, bulk_create_customer_agreements
from resolvers.context import Context
from resolvers.operations import require

MANY = 40  # more than any queue does at once


async def enqueue(program: Program, workflow: str, work_id: str, **arguments: str) -> None:
    async with program.context.unit_of_work() as uow:
        await program.context.transactions.enqueue(uow.session, workflow, work_id, arguments)
        await uow.commit()


async def test_work_that_waits_for_a_silent_provider_keeps_no_other_work_waiting(program: Program):
    asked: list[str] = []
    done, ticked = asyncio.Event(), asyncio.Event()

    async def ask(context: Context, name: str) -> None:
        asked.append(name)
        if name.startswith("silent"):
            raise ProviderUnavailable("Away.", retry_after_seconds=3600)
        done.set()

    async def body(work: Work, name: str) -> None:
        await work.step_until_answered(ask, name)

    async def tick(work: Work) -> None:
        ticked.set()

    workflows = {"push": body, "provision": body}
    async with program.doing_jobs(workflows, [Schedule("every_second", "* * * * * *", tick)]):
        for name in workflows:
            for n in range(MANY):
                await enqueue(program, name, f"{name}-{n}", name=f"silent-{name}-{n}")
        await until(lambda: all_asked(asked, len(workflows) * MANY))
        ticked.clear()
        for name in workflows:
            await enqueue(program, name, f"healthy-{name}", name="healthy")
            await asyncio.wait_for(done.wait(), PATIENCE_SECONDS)
            done.clear()
        await asyncio.wait_for(ticked.wait(), PATIENCE_SECONDS)

    assert len(asked) == len(workflows) * (MANY + 1)


async def all_asked(asked: list[str], count: int) -> bool:
    return len(asked) == count


async def test_a_long_wait_ends_the_run_and_the_next_one_goes_on_with_the_patience_that_is_left(
    program: Program, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(work, "_SHORT_WAIT_SECONDS", 0.1)
    runs: list[str] = []
    ended = asyncio.Event()

    async def ask(context: Context) -> None:
        runs.append(DBOS.workflow_id or "")
        raise ProviderUnavailable("Away.", retry_after_seconds=0.5)

    async def push(work: Work) -> None:
        assert work.id == "push:a"
        try:
            await work.step_until_answered(ask, patience=timedelta(seconds=1.2))
        except ProviderUnavailable:
            ended.set()

    async with program.doing_jobs({"push": push}):
        await enqueue(program, "push", "push:a")
        await asyncio.wait_for(ended.wait(), PATIENCE_SECONDS)

    assert runs == ["push:a", "push:a~1", "push:a~2"]


def test_a_customer_that_does_not_show_is_waited_for_minutes_and_a_silent_provider_for_hours():
    an_hour = Waited().at("push", CustomerNotVisible("No.")).more(3600)

    away = an_hour.at("push", ProviderUnavailable("Away."))
    back = away.more(60).at("push", CustomerNotVisible("No."))

    assert (an_hour.alike, an_hour.seconds) == (3600, 3600)
    assert (away.alike, away.seconds) == (0, 3600)
    assert (back.alike, back.seconds) == (0, 3660)
    assert Waited(2, "other", "", 9, 9).at("push", CustomerNotVisible("No.")).seconds == 0


async def test_a_customer_that_has_left_is_given_up_after_minutes(program: Program):
    ended = asyncio.Event()

    async def ask(context: Context) -> None:
        raise CustomerNotVisible("There is no such customer.")

    async def push(work: Work) -> None:
        later = Work(work.id, work.context, Waited(3, "ask", "CustomerNotVisible", 700, 700))
        try:
            await later.step_until_answered(ask)
        except CustomerNotVisible:
            ended.set()

    async with program.doing_jobs({"push": push}):
        await enqueue(program, "push", "push:a")
        await asyncio.wait_for(ended.wait(), PATIENCE_SECONDS)


async def test_a_database_that_is_away_for_seconds_delays_a_job_and_fails_none(
    program: Program, database_url: str
):
    if program.database.is_sqlite:
        return
    await customers(program.database, 5_000)

    async with program.doing_jobs():
        job = await bulk_create_customer_agreements(program.context, BulkCreate())

        async def has_begun() -> bool:
            return (await program.job(job.id)).considered > 0

        await until(has_begun)
        async with refusing_connections(database_url):
            await asyncio.sleep(2)
        ended = await program.ended(job.id)

    assert (ended.status, ended.created, ended.error) == (JobStatus.SUCCEEDED, 5_000, None)


async def test_a_push_that_breaks_down_says_so_and_can_be_tried_again(
    program: Program, caplog: pytest.LogCaptureFixture
):
    agreement_id = await an_agreement_to_push(program)
    pushed: list[str] = []

    async def ask(context: Context, agreement_id: str) -> None:
        pushed.append(agreement_id)
        if len(pushed) == 1:
            raise RuntimeError("password=hunter2")

    async def push(work: Work, agreement_id: str) -> None:
        await work.step(ask, agreement_id)

    async with program.doing_jobs({"push": push}):
        await retry_agreement_push(program.context, agreement_id)
        await until(lambda: has_state(program, "PUSH_FAILED", "Internal error."))
        await retry_agreement_push(program.context, agreement_id)
        await until(lambda: all_asked(pushed, 2))

    assert "hunter2" in caplog.text


async def test_a_push_whose_work_broke_unnoticed_is_ended_and_each_retry_is_work_of_its_own(
    program: Program,
):
    agreement_id = await an_agreement_to_push(program)
    pushed: list[str] = []

    async def push(work: Work, agreement_id: str) -> None:
        pushed.append(work.id)
        if len(pushed) == 1:
            await DBOS.cancel_workflow_async(work.id)
            await work.step(nothing)

    async with program.doing_jobs({"push": push}):
        await retry_agreement_push(program.context, agreement_id)

        async def is_broken() -> bool:
            return await upkeep.end_broken_jobs(program.context) > 0

        await until(is_broken)
        assert await has_state(program, "PUSH_FAILED", "Internal error.")
        assert await upkeep.end_broken_jobs(program.context) == 0
        for _ in range(2):
            await retry_agreement_push(program.context, agreement_id)
        await until(lambda: all_asked(pushed, 3))

    assert len(set(pushed)) == 3


async def nothing(context: Context) -> None: ...


async def has_state(program: Program, state: str, error: str) -> bool:
    [row] = await program.rows("SELECT sync_state, sync_error FROM agreements")
    return tuple(row) == (state, error)


async def an_agreement_to_push(program: Program) -> UUID:
    [place] = await customers(program.database, 1)
    async with program.context.unit_of_work() as uow:
        provider_account = require(await uow.provider_accounts.get(place), "provider account")
        [serial] = await uow.agreements.take_serials()
        agreement = Agreement.pending(
            serial=serial,
            account=require(await uow.accounts.get(require(provider_account.account_id, "id")), "account"),
            template=require(await uow.templates.get(CUSTOMER_AGREEMENT), "template"),
            provider_account=provider_account,
            origin=AgreementOrigin.MANUAL,
        )
        agreement.sync_state = SyncState.TO_PUSH
        uow.add(agreement)
        await uow.commit()
    return agreement.id


async def test_a_mapping_lost_in_a_race_is_a_conflict(program: Program):
    if program.database.is_sqlite:
        return
    [place] = await customers(program.database, 1)
    async with program.context.unit_of_work() as uow:
        template = require(await uow.templates.peek(CUSTOMER_AGREEMENT), "template")
        targets = await uow.bulk.list_targets(template, after=None, accounts=None, limit=10)
        async with program.database.writes.begin() as connection:
            await connection.execute(
                update(ProviderAccount)
                .where(ProviderAccount.id == place)
                .values(account_id=None, mapping="UNMAPPED")
            )
        with pytest.raises(Conflict):
            async with program.context.unit_of_work() as other:
                await other.bulk.create_pending(template, targets)


async def test_agreements_are_inserted_while_a_sync_holds_their_provider_accounts(program: Program):
    if program.database.is_sqlite:
        return
    await customers(program.database, 3)
    async with program.context.unit_of_work() as syncing:
        await syncing.places.list_for_change(PARTNER_CENTER, [f"tenant-{n}" for n in (1, 2, 3)])
        async with asyncio.timeout(PATIENCE_SECONDS), program.context.unit_of_work() as uow:
            template = require(await uow.templates.peek(CUSTOMER_AGREEMENT), "template")
            targets: list[Target] = [
                *await uow.bulk.list_targets(template, after=None, accounts=None, limit=10)
            ]
            made = await uow.bulk.create_pending(template, targets)

    assert len(made) == 3


async def test_a_poll_that_is_still_under_way_is_not_overtaken(program: Program):
    begun: list[str] = []
    first: dict[str, bool] = {}
    release = asyncio.Event()

    async def push(work: Work, name: str) -> None:
        begun.append(name)
        first[name] = await work.step(upkeep.is_first_under_way, "push", work.id)
        await release.wait()

    async with program.doing_jobs({"push": push}):
        for count, name in enumerate("ab", 1):
            await enqueue(program, "push", name, name=name)
            await until(lambda count=count: all_asked(begun, count))
        await until(lambda: all_asked([*first], 2))
        release.set()

    assert first == {"a": True, "b": False}
