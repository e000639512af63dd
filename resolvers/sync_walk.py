"""The work of a sync: a walk over the provider's customers, a small batch a transaction.

What the walk has come by has an item in the job, written with its effects in one commit: a walk that is done
again after a crash passes over it, so that nothing is done or counted twice.
"""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from models import ErrorCode, Job, JobItem, JobItemOutcome, JobStatus
from providers import base
from providers.errors import ProviderError, ProviderUnavailable
from repositories import UnitOfWork
from resolvers.context import Context
from resolvers.jobs import stop_if_asked
from resolvers.operations import repeated, require
from resolvers.sync_batch import Finding, count, take_customers
from resolvers.sync_import import Import

BATCH = 200
MISSING = "MISSING"
NEW_CUSTOMERS_SHOW_WITHIN = timedelta(hours=1)
"""A customer that was made during the last hour may be absent from the list without being missing."""


async def walk(context: Context, job_id: str) -> None:
    """Do the sync; repeating it goes on from where it was.

    A list that breaks off fails the job: what came before it stays, and nobody is declared missing.
    """
    job = await _begin(context, UUID(job_id))
    if job is None or job.provider_id is None:
        return
    try:
        client = await context.providers.get(job.provider_id)
        imports = await Import.of(context, client, job)
        async for customers in client.list_customers():
            for start in range(0, len(customers), BATCH):
                batch = customers[start : start + BATCH]
                if not await _take(context, job, batch):
                    return
                await imports.take(batch)
    except ProviderError as error:
        await _fail(context, job.id, error)
        return
    while await _note_missing(context, job.id):
        pass
    await _finish(context, job, imports.trouble)


@repeated
async def _begin(context: Context, job_id: UUID) -> Job | None:
    async with context.unit_of_work() as uow:
        job = require(await uow.jobs.get(job_id), "job")
        ended = stop_if_asked(job, uow)
        if not ended:
            job.begin(uow.now)
        await uow.commit()
    return None if ended else job


async def _take(context: Context, job: Job, customers: Sequence[base.Customer]) -> bool:
    """Do a batch.

    Returns:
        Whether to go on; False once somebody has asked the job to stop.
    """
    if not job.dry_run:
        return await _write(context, job.id, customers)
    findings = await _try(context, job.id, customers)
    return await _note(context, job.id, findings)


@repeated
async def _write(context: Context, job_id: UUID, customers: Sequence[base.Customer]) -> bool:
    async with context.unit_of_work() as uow:
        job = require(await uow.jobs.get(job_id), "job")
        ended = stop_if_asked(job, uow)
        if not ended:
            new = await _not_done(uow, job, customers)
            _add_items(uow, job, await take_customers(uow, job, new))
        await uow.commit()
    return not ended


@repeated
async def _try(context: Context, job_id: UUID, customers: Sequence[base.Customer]) -> list[Finding]:
    """Do a batch and take it back, to learn what it would have done."""
    async with context.unit_of_work() as uow:
        job = require(await uow.jobs.get(job_id), "job")
        new = await _not_done(uow, job, customers)
        findings = await take_customers(uow, job, new)
    return [
        Finding(each.key, each.outcome, each.reason, each.provider_account_id if each.known else None)
        for each in findings
    ]


@repeated
async def _note(context: Context, job_id: UUID, findings: Sequence[Finding]) -> bool:
    async with context.unit_of_work() as uow:
        job = require(await uow.jobs.get(job_id), "job")
        ended = stop_if_asked(job, uow)
        if not ended:
            _add_items(uow, job, findings)
        await uow.commit()
    return not ended


@repeated
async def _note_missing(context: Context, job_id: UUID) -> bool:
    """Note which customers the whole list lacks, some at a time; nothing else is done to them.

    Returns:
        Whether there may be more.
    """
    async with context.unit_of_work() as uow:
        job = require(await uow.jobs.get(job_id), "job")
        if stop_if_asked(job, uow):
            await uow.commit()
            return False
        before = (job.started_at or uow.now) - NEW_CUSTOMERS_SHOW_WITHIN
        missing = await uow.sync.list_unlisted(job, created_before=before, limit=BATCH)
        for each in missing:
            if not job.dry_run:
                each.missing_since = uow.now
        _add_items(
            uow,
            job,
            [
                Finding(each.provider_specific_id, JobItemOutcome.UPDATED, MISSING, each.id)
                for each in missing
            ],
        )
        await uow.commit()
    return bool(missing)


@repeated
async def _finish(context: Context, job: Job, trouble: str | None) -> None:
    async with context.unit_of_work() as uow:
        current = require(await uow.jobs.get(job.id), "job")
        if stop_if_asked(current, uow):  # perhaps while the missing were noted
            await uow.commit()
            return
        failed = bool(current.failed or trouble)
        current.finish(JobStatus.PARTIAL if failed else JobStatus.SUCCEEDED, uow.now, trouble)
        if current.provider_id is not None and not current.dry_run:
            await uow.sync.touch_provider(current.provider_id, uow.now)
        await uow.commit()


@repeated
async def _fail(context: Context, job_id: UUID, error: ProviderError) -> None:
    silent = isinstance(error, ProviderUnavailable)
    code = ErrorCode.PROVIDER_UNAVAILABLE if silent else ErrorCode.PROVIDER_REFUSED
    async with context.unit_of_work() as uow:
        job = require(await uow.jobs.get(job_id), "job")
        job.finish(JobStatus.FAILED, uow.now, str(error), code)
        await uow.commit()


async def _not_done(uow: UnitOfWork, job: Job, customers: Sequence[base.Customer]) -> Sequence[base.Customer]:
    """Leave out what an earlier walk has done, and what the list names twice."""
    by_id = {each.id: each for each in customers}
    done = {item.key for item in await uow.sync.list_items(job.id, by_id.keys())}
    return [each for each in by_id.values() if each.id not in done]


def _add_items(uow: UnitOfWork, job: Job, findings: Sequence[Finding]) -> None:
    for each in findings:
        count(job, each.outcome)
        uow.add(
            JobItem(
                job_id=job.id,
                key=each.key,
                outcome=each.outcome,
                reason=each.reason,
                provider_account_id=each.provider_account_id,
                agreement_id=each.agreement_id,
            )
        )
    job.considered += len(findings)
