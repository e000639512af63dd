"""Bulk creation: exactly those who lack an agreement get one, once, whatever happens meanwhile."""

import asyncio
import signal
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import create_engine, delete, select, update
from support.contexts import utc_now
from support.factories import CLOUD_AGREEMENT, CUSTOMER_AGREEMENT, NOWHERE, PARTNER_CENTER, an_account
from support.jobs import Program, customers, job_process, until
from support.patience import AT_ONCE_SECONDS
from support.plans import look

from jobs.system import system_url
from models import (
    Agreement,
    AgreementOrigin,
    AgreementTemplate,
    AuditEvent,
    DomainError,
    ErrorCode,
    Job,
    JobItem,
    JobStatus,
    Provider,
    ProviderAccount,
    SearchWord,
)
from models.agreement import default_name
from repositories.bulk_statements import select_targets
from resolvers.bulk import BulkCreate, bulk_create_customer_agreements
from resolvers.jobs import cancel_job
from resolvers.operations import require

MANY = 10_000
EFFORT = {"sqlite": 100, "postgresql": 5}
"""Steps and rows for each customer at most, however many have come before."""
ALL = BulkCreate()
TERMS = "Microsoft Customer Agreement"


async def bulk_create(
    program: Program, command: BulkCreate = ALL, *, idempotency_key: str | None = None
) -> Job:
    """Run a bulk creation to its end."""
    job = await bulk_create_customer_agreements(program.context, command, idempotency_key=idempotency_key)
    return await program.ended(job.id)


def counts(job: Job) -> tuple[int, int, int, int]:
    return job.considered, job.created, job.unchanged, job.skipped


def some(program: Program) -> int:
    """As many customers as make a run long enough to be interrupted."""
    return MANY if program.database.is_sqlite else MANY // 2


async def change(program: Program, statement: object) -> None:
    async with program.database.writes.begin() as connection:
        await connection.execute(statement)  # type: ignore[call-overload]  # any DML


async def each_has_one(program: Program, expected: int) -> bool:
    [row] = await program.rows(
        "SELECT count(*) AS agreements, count(DISTINCT provider_account_id) AS customers,"
        " count(DISTINCT number) AS numbers FROM agreements WHERE status = 'ACTIVE'"
    )
    return tuple(row) == (expected, expected, expected)


async def test_all_who_lack_an_agreement_get_one_and_a_second_run_creates_none(program: Program):
    many = some(program)
    await customers(program.database, many)

    async with program.doing_jobs():
        first = await bulk_create(program)
        second = await bulk_create(program)

    assert (first.status, *counts(first)) == (JobStatus.SUCCEEDED, many, many, 0, 0)
    assert (second.status, *counts(second)) == (JobStatus.SUCCEEDED, many, 0, many, 0)
    assert await each_has_one(program, many)
    for table, where in (
        ("job_items", "outcome = 'CREATED' AND agreement_id IS NOT NULL"),
        ("audit_events", "entity = 'Agreement' AND type = 'CREATED'"),
        ("search_words", "kind = 'Agreement' AND word = 'gmbh'"),
    ):
        [written] = await program.rows(f"SELECT count(*) FROM {table} WHERE {where}")  # noqa: S608  # ours
        assert written[0] == many, table


async def test_who_comes_next_is_read_without_those_who_came_before(program: Program):
    many, few = some(program), 100
    *_, last = sorted(await customers(program.database, many))[:-few]
    async with program.doing_jobs():
        await bulk_create(program)

    async with program.context.look() as view:
        template = require(await view.templates.peek(CUSTOMER_AGREEMENT), "template")
    engine = create_engine(system_url(program.database.url))
    with engine.connect() as connection:
        seen = look(connection, select_targets(template, after=last, accounts=None).limit(few))
    engine.dispose()

    assert len(seen.rows) == few
    assert seen.effort < EFFORT[program.database.url.get_backend_name()] * few


async def test_only_active_mapped_provider_accounts_without_an_active_agreement_count(program: Program):
    _, had_one, unmapped, inactive, _ = await customers(program.database, 5)
    async with program.doing_jobs():
        await bulk_create(program, BulkCreate(account_ids=await accounts_of(program, "tenant-1", "tenant-2")))
        ended = {"status": "INACTIVE", "status_reason": "WITHDRAWN", "deactivated_on": utc_now().date()}
        await change(
            program, update(Agreement).where(Agreement.provider_account_id == had_one).values(**ended)
        )
        for provider_account, values in (
            (unmapped, {"account_id": None, "mapping": "UNMAPPED"}),
            (inactive, {"status": "INACTIVE"}),
        ):
            await change(
                program,
                update(ProviderAccount).where(ProviderAccount.id == provider_account).values(**values),
            )

        job = await bulk_create(program)

    assert counts(job) == (5, 2, 1, 2)
    async with program.database.reads.connect() as connection:
        items = await connection.execute(
            select(JobItem.key, JobItem.outcome, JobItem.reason)
            .where(JobItem.job_id == job.id)
            .order_by(JobItem.key)
        )
    assert [tuple(item) for item in items] == [
        ("tenant-1", "UNCHANGED", "AGREEMENT_ALREADY_EXISTS"),
        ("tenant-2", "CREATED", None),
        ("tenant-3", "SKIPPED", "UNMAPPED"),
        ("tenant-4", "SKIPPED", "PROVIDER_ACCOUNT_INACTIVE"),
        ("tenant-5", "CREATED", None),
    ]


async def test_what_is_created_is_as_if_made_one_by_one(program: Program):
    in_bulk, by_hand = await customers(program.database, 2)
    async with program.context.acting_as("someone").unit_of_work() as uow:
        provider_account = require(await uow.provider_accounts.get(by_hand), "provider account")
        [serial] = await uow.agreements.take_serials()
        agreement = Agreement.pending(
            serial=serial,
            account=require(await uow.accounts.get(require(provider_account.account_id, "id")), "account"),
            template=require(await uow.templates.get(CUSTOMER_AGREEMENT), "template"),
            provider_account=provider_account,
            origin=AgreementOrigin.BULK,
        )
        uow.add(agreement)
        await uow.commit()
    async with program.doing_jobs():
        job = await bulk_create(program)

    assert job.created == 1
    made, like = await kept_of(program, in_bulk), await kept_of(program, by_hand)
    assert made == like
    [created] = await program.rows("SELECT * FROM agreements WHERE serial = 2")
    assert (created.name, created.number) == (default_name(TERMS, "Customer 1 GmbH"), "AGR-000002")
    assert (created.status_reason, created.origin, created.created_by) == ("PENDING", "BULK", f"job:{job.id}")
    assert (created.signer_email, created.executed_on, created.created_on) == (None, None, None)


async def kept_of(program: Program, provider_account_id: UUID) -> tuple[object, ...]:
    """What is stored of a provider account's one agreement, but for what is its own."""
    own = {"id", "name", "name_fold", "number", "serial", "account_id", "provider_account_id"}
    when = {"created_at", "created_by", "updated_at", "updated_by"}
    async with program.database.reads.connect() as connection:
        agreements = select(Agreement.__table__).where(Agreement.provider_account_id == provider_account_id)
        agreement = (await connection.execute(agreements)).mappings().one()
        [event] = await connection.scalars(
            select(AuditEvent.after).where(AuditEvent.entity_id == agreement["id"])
        )
        words = await connection.scalars(
            select(SearchWord.word).where(SearchWord.entity_id == agreement["id"])
        )
    return (
        {key: value for key, value in agreement.items() if key not in own | when},
        {key: None if key in own else value for key, value in event.items()},
        {word for word in words if not word.isdecimal()},
    )


async def test_two_at_once_create_each_agreement_once(program: Program):
    await customers(program.database, 2_000)

    async with program.doing_jobs():
        jobs = await asyncio.gather(bulk_create(program), bulk_create(program))

    assert [job.status for job in jobs] == [JobStatus.SUCCEEDED] * 2
    assert sum(job.created for job in jobs) == 2_000
    assert sum(job.unchanged for job in jobs) == 2_000
    assert await each_has_one(program, 2_000)


async def test_killed_in_the_middle_it_finishes_by_itself(program: Program, database_url: str):
    many = some(program)
    await customers(program.database, many)
    job = await bulk_create_customer_agreements(program.context, ALL)

    done = 0
    for _ in range(3):
        async with job_process(database_url) as process:

            async def goes_on(before: int = done) -> bool:
                return (await program.job(job.id)).considered > before

            await until(goes_on)
            process.send_signal(signal.SIGKILL)
            await process.wait()
        done = (await program.job(job.id)).considered
    assert 0 < done < many
    async with program.doing_jobs():
        job = await program.ended(job.id)

    assert (job.status, *counts(job)) == (JobStatus.SUCCEEDED, many, many, 0, 0)
    assert await each_has_one(program, many)
    [items] = await program.rows("SELECT count(*), count(DISTINCT provider_account_id) FROM job_items")
    assert tuple(items) == (many, many)


async def test_cancelled_it_stops_and_says_how_far_it_got(program: Program):
    many = some(program)
    await customers(program.database, many)

    async with program.doing_jobs():
        job = await bulk_create_customer_agreements(program.context, ALL)

        async def has_begun() -> bool:
            return (await program.job(job.id)).considered > 0

        await until(has_begun)
        await cancel_job(program.context, job.id)
        ended = await program.ended(job.id)
        await asyncio.sleep(0.2)

    assert ended.status is JobStatus.CANCELLED
    assert 0 < ended.created == ended.considered < many
    assert await each_has_one(program, ended.created)
    with pytest.raises(DomainError) as refusal:
        await cancel_job(program.context, job.id)
    assert refusal.value.code is ErrorCode.JOB_FINISHED


async def test_the_answer_follows_the_end_before_the_next_look_is_due(
    program: Program, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("resolvers.jobs._LOOK_EVERY_SECONDS", 60)
    await customers(program.database, 3)

    async with program.doing_jobs():
        job = await bulk_create_customer_agreements(program.context, ALL, wait_seconds=20)

    assert job.finished_at is not None
    assert utc_now() - job.finished_at < timedelta(seconds=AT_ONCE_SECONDS)


async def test_a_job_of_one_portion_tells_when_that_began_and_when_it_ended(program: Program):
    await customers(program.database, 3)

    async with program.doing_jobs():
        job = await bulk_create(program)

    assert job.started_at is not None
    assert job.finished_at is not None
    assert job.requested_at <= job.started_at < job.finished_at


async def test_a_dry_run_says_what_it_would_create(program: Program):
    await customers(program.database, 3)

    async with program.doing_jobs():
        job = await bulk_create(program, BulkCreate(dry_run=True))

    assert (job.status, *counts(job)) == (JobStatus.SUCCEEDED, 3, 3, 0, 0)
    assert await program.rows("SELECT 1 FROM agreements") == []
    outcomes = await program.rows("SELECT outcome, agreement_id FROM job_items")
    assert [tuple(outcome) for outcome in outcomes] == [("CREATED", None)] * 3


async def test_only_the_named_accounts_are_dealt_with(program: Program):
    await customers(program.database, 3)
    account = await an_account(program.context)
    named = await accounts_of(program, "tenant-2")

    async with program.doing_jobs():
        job = await bulk_create(program, BulkCreate(account_ids=(*named, account.id)))

    assert counts(job) == (2, 1, 0, 1)
    items = await program.rows("SELECT key, outcome, reason FROM job_items ORDER BY outcome")
    assert [tuple(item) for item in items] == [
        ("tenant-2", "CREATED", None),
        (str(account.id), "SKIPPED", "NO_PROVIDER_ACCOUNT"),
    ]


async def accounts_of(program: Program, *keys: str) -> tuple[UUID, ...]:
    async with program.database.reads.connect() as connection:
        found = await connection.scalars(
            select(ProviderAccount.account_id).where(ProviderAccount.provider_specific_id.in_(keys))
        )
    return tuple(account for account in found if account is not None)


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (BulkCreate(template_id=NOWHERE), ErrorCode.NOT_FOUND),
        (BulkCreate(account_ids=(NOWHERE,)), ErrorCode.NOT_FOUND),
        (BulkCreate(account_ids=(NOWHERE,) * 251), ErrorCode.INVALID),
        (BulkCreate(template_id=CLOUD_AGREEMENT), ErrorCode.TEMPLATE_INACTIVE),
    ],
)
async def test_what_cannot_be_created_is_refused(program: Program, command: BulkCreate, code: ErrorCode):
    with pytest.raises(DomainError) as refusal:
        await bulk_create_customer_agreements(program.context, command)

    assert refusal.value.code is code
    assert await program.rows("SELECT 1 FROM jobs") == []


@pytest.mark.parametrize(
    ("entity", "values", "template_id", "code"),
    [
        (AgreementTemplate, {"status": "INACTIVE"}, None, ErrorCode.TEMPLATE_REQUIRED),
        (AgreementTemplate, {"expires_on": utc_now().date() - timedelta(days=1)}, CUSTOMER_AGREEMENT,
         ErrorCode.TEMPLATE_EXPIRED),
        (Provider, {"status": "INACTIVE"}, CUSTOMER_AGREEMENT, ErrorCode.PROVIDER_INACTIVE),
    ],
)  # fmt: skip
async def test_a_template_that_is_not_in_force_is_refused(
    program: Program, entity, values, template_id, code
):
    key = PARTNER_CENTER if entity is Provider else CUSTOMER_AGREEMENT
    await change(program, update(entity).where(entity.id == key).values(**values))

    with pytest.raises(DomainError) as refusal:
        await bulk_create_customer_agreements(program.context, BulkCreate(template_id=template_id))

    assert refusal.value.code is code


async def test_a_key_does_not_mind_in_which_order_and_how_often_accounts_are_named(program: Program):
    one, two = (await an_account(program.context)).id, (await an_account(program.context)).id

    jobs = [
        await bulk_create_customer_agreements(
            program.context, BulkCreate(account_ids=accounts), idempotency_key="once"
        )
        for accounts in ((one, two), (two, one, two))
    ]

    assert jobs[0].id == jobs[1].id


async def test_the_same_key_gives_the_same_job_started_again_if_it_failed(program: Program):
    await customers(program.database, 3)
    async with program.doing_jobs():
        job = await bulk_create(program, idempotency_key="once")
        again = await bulk_create(program, idempotency_key="once")
        await change(program, update(Job).values(status="FAILED", error="Internal error.", cursor=None))
        await change(program, delete(JobItem))
        restarted = await bulk_create(program, idempotency_key="once")
        with pytest.raises(DomainError) as refusal:
            await bulk_create(program, BulkCreate(dry_run=True), idempotency_key="once")

    assert job.id == again.id == restarted.id
    assert (restarted.status, restarted.attempt, restarted.error) == (JobStatus.SUCCEEDED, 2, None)
    assert refusal.value.code is ErrorCode.IDEMPOTENCY_CONFLICT
