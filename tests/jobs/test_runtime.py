"""The job engine: committed work is done, goes on after any end of a process, and says how it ended."""

import asyncio
import logging
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from dbos import DBOS
from sqlalchemy import update
from support.contexts import InMemory, utc_now
from support.documents import Handed
from support.factories import CUSTOMER_AGREEMENT
from support.jobs import SETTINGS, Program, a_program, customers, job_process, until
from support.patience import PATIENCE_SECONDS

from jobs import upkeep
from jobs.errors import AlreadyRunning
from jobs.schedules import Schedule, every, schedules
from jobs.settings import EngineSettings
from jobs.system import ENGINE_SCHEMA_VERSION
from jobs.work import Work
from models import Agreement, AgreementTemplate, DomainError, ErrorCode, Job, JobKind, JobStatus
from providers.errors import InputRefused, ProviderUnavailable
from resolvers.bulk import BulkCreate, bulk_create_customer_agreements
from resolvers.context import Context
from resolvers.expiry import expire_agreements
from resolvers.jobs import finish_job

ROOT = Path(__file__).parents[2]


async def a_job(program: Program, *, commit: bool = True) -> Job:
    """Start a job of kind SYNC, which the tests give workflows of their own."""
    job = Job(kind=JobKind.SYNC, status=JobStatus.QUEUED, requested_at=utc_now(), requested_by="test")
    async with program.context.unit_of_work() as uow:
        await uow.start(job)
        if commit:
            await uow.commit()
    return job


async def succeed(context: Context, job_id: str) -> None:
    await finish_job(context, job_id, "SUCCEEDED")


async def test_work_is_done_if_and_only_if_its_transaction_commits(program: Program):
    done: list[str] = []

    async def sync(work: Work, job_id: str) -> None:
        done.append(job_id)
        await work.step(succeed, job_id)

    discarded = await a_job(program, commit=False)
    async with program.doing_jobs({"sync": sync}):
        committed = await a_job(program)
        await program.ended(committed.id)
        await asyncio.sleep(0.3)

    assert done == [str(committed.id)]
    assert str(discarded.id) not in done


async def test_the_same_work_enqueued_again_is_done_once(program: Program):
    done: list[str] = []

    async def push(work: Work, agreement_id: str) -> None:
        done.append(agreement_id)

    async def all_is_done() -> bool:
        return "b" in done

    async with program.doing_jobs({"push": push}):
        for name in ("a", "a", "b"):
            async with program.context.unit_of_work() as uow:
                await program.context.transactions.enqueue(
                    uow.session, "push", f"push:{name}:1", {"agreement_id": name}
                )
                await uow.commit()
        await until(all_is_done)
        await asyncio.sleep(0.5)  # for a second time

    assert sorted(done) == ["a", "b"]


async def test_work_under_way_at_the_end_goes_on_at_the_next_start(
    program: Program, caplog: pytest.LogCaptureFixture
):
    calls: list[str] = []
    waits = asyncio.Event()

    async def first(context: Context, job_id: str) -> str:
        calls.append("first")
        return "kept"

    async def second(context: Context, job_id: str, seen: str) -> None:
        calls.append(f"second after {seen}")
        if not waits.is_set():
            waits.set()
            await asyncio.sleep(60)

    async def sync(work: Work, job_id: str) -> None:
        seen = await work.step(first, job_id)
        await work.step(second, job_id, seen)
        await work.step(succeed, job_id)

    engine = program.engine({"sync": sync})
    await engine.launch()
    job = await a_job(program)
    await waits.wait()
    before = time.monotonic()
    with caplog.at_level(logging.DEBUG):
        await engine.close()
    took = time.monotonic() - before
    async with program.doing_jobs({"sync": sync}):
        ended = await program.ended(job.id)

    assert took < PATIENCE_SECONDS  # the step sleeps for twice that
    assert not [each for each in caplog.records if each.levelno >= logging.WARNING]
    assert ended.status is JobStatus.SUCCEEDED
    assert calls == ["first", "second after kept", "second after kept"]


async def test_a_refusal_ends_the_job_with_its_message_and_code(program: Program):
    async def refuse(context: Context, job_id: str) -> None:
        raise DomainError("No such domain.", code=ErrorCode.DOMAIN_UNAVAILABLE, field=("domain",))

    async def sync(work: Work, job_id: str) -> None:
        await work.step(refuse, job_id)

    async with program.doing_jobs({"sync": sync}):
        ended = await program.ended((await a_job(program)).id)

    assert (ended.status, ended.error, ended.error_code) == (
        JobStatus.FAILED,
        "No such domain.",
        "DOMAIN_UNAVAILABLE",
    )


async def test_what_is_not_meant_for_users_is_logged_and_not_shown(
    program: Program, caplog: pytest.LogCaptureFixture
):
    async def break_down(context: Context, job_id: str) -> None:
        raise RuntimeError("password=hunter2")

    async def sync(work: Work, job_id: str) -> None:
        await work.step(break_down, job_id)

    async with program.doing_jobs({"sync": sync}):
        ended = await program.ended((await a_job(program)).id)

    assert (ended.status, ended.error, ended.error_code) == (JobStatus.FAILED, "Internal error.", None)
    assert "hunter2" in caplog.text


class OfAProvider(ProviderUnavailable):
    """A provider may tell more kinds of an error apart than the port does."""


async def test_what_a_provider_said_is_the_same_when_a_run_is_repeated(program: Program):
    caught: list[tuple[str, str, float | None, str | None]] = []
    again = asyncio.Event()

    async def ask(context: Context, kind: str) -> None:
        if kind == "refused":
            raise InputRefused("The postal code is wrong.", provider_code="2005")
        if kind == "unavailable":
            raise ProviderUnavailable("Too busy.", retry_after_seconds=7, correlation_id="c-1")
        raise OfAProvider("An HTML page.")

    async def sync(work: Work, job_id: str) -> None:
        for kind in ("refused", "unavailable", "of a kind of its own"):
            try:
                await work.step(ask, kind)
            except (InputRefused, ProviderUnavailable) as error:
                wait = getattr(error, "retry_after_seconds", None)
                caught.append((type(error).__name__, str(error), wait, error.provider_code))
        if not again.is_set():
            again.set()
            await asyncio.sleep(60)
        await work.step(succeed, job_id)

    engine = program.engine({"sync": sync})
    await engine.launch()
    job = await a_job(program)
    await again.wait()
    await engine.close()
    async with program.doing_jobs({"sync": sync}):
        await program.ended(job.id)

    assert caught[:3] == [
        ("InputRefused", "The postal code is wrong.", None, "2005"),
        ("ProviderUnavailable", "Too busy. [correlation c-1]", 7, None),
        ("ProviderUnavailable", "An HTML page.", None, None),
    ]
    assert caught[3:] == caught[:3]


async def test_a_step_waits_for_a_provider_that_is_away(program: Program):
    calls: list[float] = []

    async def ask(context: Context, job_id: str) -> str:
        calls.append(time.monotonic())
        if len(calls) < 3:
            raise ProviderUnavailable("Too busy.", retry_after_seconds=0.2)
        return "yes"

    async def sync(work: Work, job_id: str) -> None:
        assert await work.step_until_answered(ask, job_id) == "yes"
        await work.step(succeed, job_id)

    async with program.doing_jobs({"sync": sync}):
        ended = await program.ended((await a_job(program)).id)

    assert ended.status is JobStatus.SUCCEEDED
    assert len(calls) == 3
    assert calls[2] - calls[0] >= 0.4


async def test_request_ids_stay_the_same_and_differ_by_step_and_work(program: Program):
    one, other = Work("a", program.context), Work("b", program.context)

    assert one.request_id("create") == Work("a", program.context).request_id("create")
    assert len({one.request_id("create"), one.request_id("confirm"), other.request_id("create")}) == 3
    UUID(one.request_id("create"))


async def test_only_one_process_does_the_jobs_of_an_sqlite_file(program: Program, database_url: str):
    if not program.database.is_sqlite:
        return
    async with job_process(database_url) as process:
        with pytest.raises(AlreadyRunning, match=f"Process {process.pid} runs the jobs"):
            await program.engine().launch()
        process.send_signal(signal.SIGKILL)
        await process.wait()
    async with program.doing_jobs(), a_program(database_url) as other:
        with pytest.raises(AlreadyRunning):
            await other.engine().launch()


async def test_a_living_process_takes_over_from_a_killed_one(program: Program, database_url: str):
    if program.database.is_sqlite:
        return
    await customers(program.database, 3_000)
    async with job_process(database_url) as process:
        job = await bulk_create_customer_agreements(program.context, BulkCreate())

        async def has_begun() -> bool:
            return (await program.job(job.id)).considered > 0

        await until(has_begun)
        async with program.doing_jobs():
            process.send_signal(signal.SIGKILL)
            await process.wait()
            ended = await program.ended(job.id)

    assert (ended.status, ended.created) == (JobStatus.SUCCEEDED, 3_000)


async def test_planned_work_is_done_when_its_time_comes(program: Program):
    done = asyncio.Event()

    async def note(context: Context) -> None:
        assert context.actor == "job:every_second"
        done.set()

    async def body(work: Work) -> None:
        await work.step(note)

    async with program.doing_jobs({}, [Schedule("every_second", "* * * * * *", body)]):
        await asyncio.wait_for(done.wait(), PATIENCE_SECONDS)


async def test_what_was_stored_in_vain_is_swept_away_as_planned(program: Program):
    [planned] = [each for each in schedules(SETTINGS) if each.name == "sweep_documents"]
    store, orphan = program.context.documents.store, uuid4()
    assert isinstance(store, InMemory)
    async with program.context.unit_of_work() as uow:
        await uow.documents.begin_upload(orphan, uow.now - timedelta(days=2))
        await uow.commit()
    await store.put(str(orphan), Handed().chunks(), Handed().size)

    async def is_gone() -> bool:
        return not store.keys() and not await program.rows("SELECT id FROM document_uploads")

    async with program.doing_jobs({}, [replace(planned, cron="* * * * * *")]):
        await until(is_gone)


async def test_a_job_whose_work_broke_down_unnoticed_is_ended(program: Program):
    async def sync(work: Work, job_id: str) -> None:
        await DBOS.cancel_workflow_async(work.id)
        await work.step(succeed, job_id)

    async with program.doing_jobs({"sync": sync}):
        job = await a_job(program)

        async def is_broken() -> bool:
            return await upkeep.end_broken_jobs(program.context) > 0

        await until(is_broken)
        ended = await program.job(job.id)

    assert (ended.status, ended.error) == (JobStatus.FAILED, "Internal error.")


async def test_records_of_finished_work_are_deleted_when_their_time_is_up(program: Program):
    async def sync(work: Work, job_id: str) -> None:
        await work.step(succeed, job_id)

    async with program.doing_jobs({"sync": sync}):
        job = await a_job(program)
        await program.ended(job.id)
        kept = await upkeep.delete_finished_work(program.context, 3600)

        async def is_deleted() -> bool:  # the engine records the end of work after the job's own
            return await upkeep.delete_finished_work(program.context, -3600) == 1

        await until(is_deleted)

    assert kept == 0
    assert (await program.job(job.id)).status is JobStatus.SUCCEEDED


async def test_pending_agreements_end_when_their_template_has_expired(program: Program):
    await customers(program.database, 3)
    async with program.doing_jobs():
        await bulk_create_customer_agreements(program.context, BulkCreate(), wait_seconds=20)
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    async with program.database.writes.begin() as connection:
        await connection.execute(
            update(AgreementTemplate)
            .where(AgreementTemplate.id == CUSTOMER_AGREEMENT)
            .values(expires_on=yesterday)
        )
        await connection.execute(
            update(Agreement)
            .where(Agreement.serial == 3)
            .values(status_reason="ACCEPTED", executed_on=yesterday)
        )

    assert await expire_agreements(program.context) == 2
    assert await expire_agreements(program.context) == 0
    ended = await program.rows("SELECT serial, status_reason FROM agreements ORDER BY serial")
    assert [tuple(row) for row in ended] == [(1, "EXPIRED"), (2, "EXPIRED"), (3, "ACCEPTED")]


@pytest.mark.parametrize(
    ("seconds", "cron"),
    [(0.2, "*/1 * * * * *"), (20, "*/20 * * * * *"), (300, "*/5 * * * *"), (900, "*/15 * * * *"),
     (3590, "0 */1 * * *"), (7200, "0 */2 * * *"), (10**6, "0 */23 * * *")],
)  # fmt: skip
def test_an_interval_becomes_the_nearest_cron_expression(seconds: float, cron: str):
    assert every(timedelta(seconds=seconds)) == cron


def test_planned_work_has_names_of_its_own():
    names = [schedule.name for schedule in schedules(EngineSettings())]

    assert len(names) == len(set(names))


async def test_the_known_version_of_the_engine_s_tables_is_the_one_it_makes(program: Program):
    table = "dbos_migrations" if program.database.is_sqlite else "dbos.dbos_migrations"

    [made] = await program.rows(f"SELECT version FROM {table}")  # noqa: S608  # ours

    assert made.version == ENGINE_SCHEMA_VERSION


def test_enqueueing_and_migrating_again_load_no_job_engine(database_url: str):
    code = (
        "import asyncio, sys, jobs, jobs.queue; jobs.queue.JobQueue(sys.argv[1]).close();"
        "asyncio.run(jobs.migrate(sys.argv[1])); sys.exit('dbos' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", code, database_url], cwd=ROOT, check=False)  # noqa: S603  # ours

    assert result.returncode == 0
