"""The work of a sync: a pass over the provider's customers, a small batch a transaction.

Doing a batch again changes nothing. A walk that is done again after a crash, or when a failed job is started
anew days later, therefore looks at every customer afresh, and its items are made good for what it finds.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from models import (
    DomainError,
    ErrorCode,
    Job,
    JobItemOutcome,
    JobStatus,
    ProviderAccount,
    ProviderAccountStatus,
)
from providers import base
from providers.errors import ProviderError, ProviderUnavailable
from resolvers.context import Context
from resolvers.jobs import stop_if_asked
from resolvers.operations import repeated, require
from resolvers.sync_batch import revisit, take_customers
from resolvers.sync_import import Import
from resolvers.sync_items import Finding, note
from resolvers.sync_reading import Reading, capabilities_of, changes_of

BATCH = 200
MISSING = "MISSING"
NEW_CUSTOMERS_SHOW_WITHIN = timedelta(hours=1)
"""A customer that was made during the last hour may be absent from the list without being missing."""


async def walk(context: Context, job_id: str) -> None:
    """Do the sync; repeating it is harmless.

    A list that breaks off fails the job: what came before it stays, and nobody is declared missing.
    """
    job = await _begin(context, UUID(job_id))
    if job is None or job.provider_id is None:
        return
    try:
        client = await context.providers.get(job.provider_id)
        capabilities = await capabilities_of(context, client, job)
        wanted = capabilities.agreement_sync and not job.dry_run
        walk_ = _Walk(context, job, client, Import(context, client, job, wanted=wanted))
        reading = await walk_.read()
    except ProviderError as error:
        silent = isinstance(error, ProviderUnavailable)
        code = ErrorCode.PROVIDER_UNAVAILABLE if silent else ErrorCode.PROVIDER_REFUSED
        await _fail(context, job.id, str(error), code)
    except DomainError as error:
        await _fail(context, job.id, error.message, error.code)
    else:
        if reading is not None:
            await _finish(context, job, reading)


class _Walk:
    """One pass over the provider, from its beginning; `seen_at` marks what it has come by."""

    def __init__(self, context: Context, job: Job, client: base.Provider, imports: Import) -> None:
        self._context, self._job, self._client, self._imports = context, job, client, imports
        self._seen_at = context.now()

    async def read(self) -> Reading | None:
        """Do the work; None once somebody has asked the job to stop."""
        changes = await changes_of(self._context, self._client, self._job)
        whole = changes is None
        if changes is None:
            done = await self._take_list()
        else:
            done = await self._take_changes(changes) and await self._revisit()
            if done:
                await self._imports.take_all()
        if not done:
            return None
        return Reading(self._seen_at, self._imports.trouble, listed=whole)

    async def _take_list(self) -> bool:
        async for customers in self._client.list_customers():
            for start in range(0, len(customers), BATCH):
                batch = [*{each.id: each for each in customers[start : start + BATCH]}.values()]
                if not await self._take(batch):
                    return False
                await self._imports.take([each.id for each in batch])
        while await _note_missing(self._context, self._job.id, self._seen_at):
            pass
        return True

    async def _take_changes(self, changes: AsyncIterator[Sequence[base.Customer | str]]) -> bool:
        async for batch in changes:
            customers = [each for each in batch if isinstance(each, base.Customer)]
            gone = [each for each in batch if isinstance(each, str)]
            if not await self._take(customers) or not await _note_gone(self._context, self._job.id, gone):
                return False
        return True

    async def _revisit(self) -> bool:
        after: UUID | None = None
        while True:
            going, after = await self._revisit_some(after)
            if not going or after is None:
                return going

    @repeated
    async def _revisit_some(self, after: UUID | None) -> tuple[bool, UUID | None]:
        """Do what has become possible here for customers that did not change there."""
        async with self._context.unit_of_work() as uow:
            job = require(await uow.jobs.get(self._job.id), "job")
            if stop_if_asked(job, uow):
                await uow.commit()
                return False, None
            places = await uow.places.list_listed(_provider(job), after=after, limit=BATCH)
            findings = await revisit(uow, job, places)
            if not job.dry_run:
                await note(uow, job, findings)
                await uow.commit()
        if job.dry_run:
            await _note(self._context, job.id, findings)
        return True, places[-1].id if places else None

    async def _take(self, customers: Sequence[base.Customer]) -> bool:
        """Do a batch.

        Returns:
            Whether to go on; False once somebody has asked the job to stop.
        """
        if not self._job.dry_run:
            return await _write(self._context, self._job.id, customers, self._seen_at)
        findings = await _try(self._context, self._job.id, customers, self._seen_at)
        return await _note(self._context, self._job.id, findings)


@repeated
async def _begin(context: Context, job_id: UUID) -> Job | None:
    async with context.unit_of_work() as uow:
        job = require(await uow.jobs.get(job_id), "job")
        ended = stop_if_asked(job, uow)
        if not ended:
            job.begin(uow.now)
            if job.dry_run:  # it has had no effects that its items would have to keep
                await uow.sync.delete_items(job.id)
                job.considered = job.created = job.updated = job.unchanged = job.skipped = job.failed = 0
        await uow.commit()
    return None if ended else job


@repeated
async def _write(
    context: Context, job_id: UUID, customers: Sequence[base.Customer], seen_at: datetime
) -> bool:
    async with context.unit_of_work() as uow:
        job = require(await uow.jobs.get(job_id), "job")
        ended = stop_if_asked(job, uow)
        if not ended:
            await note(uow, job, await take_customers(uow, job, customers, seen_at=seen_at))
        await uow.commit()
    return not ended


@repeated
async def _try(
    context: Context, job_id: UUID, customers: Sequence[base.Customer], seen_at: datetime
) -> Sequence[Finding]:
    """Do a batch and take it back, to learn what it would have done."""
    async with context.unit_of_work() as uow:
        job = require(await uow.jobs.get(job_id), "job")
        return await take_customers(uow, job, customers, seen_at=seen_at)


@repeated
async def _note(context: Context, job_id: UUID, findings: Sequence[Finding]) -> bool:
    """Write what a batch that was taken back would have done: without what does not exist."""
    async with context.unit_of_work() as uow:
        job = require(await uow.jobs.get(job_id), "job")
        ended = stop_if_asked(job, uow)
        if not ended:
            await note(uow, job, [_of_dry_run(each) for each in findings])
        await uow.commit()
    return not ended


def _of_dry_run(finding: Finding) -> Finding:
    place = finding.provider_account_id if finding.known else None
    return replace(finding, provider_account_id=place, agreement_id=None)


@repeated
async def _note_missing(context: Context, job_id: UUID, seen_at: datetime) -> bool:
    """Note which customers the whole list lacks, some at a time; nothing else is done to them.

    Returns:
        Whether there may be more.
    """
    async with context.unit_of_work() as uow:
        job = require(await uow.jobs.get(job_id), "job")
        if stop_if_asked(job, uow):
            await uow.commit()
            return False
        before = seen_at - NEW_CUSTOMERS_SHOW_WITHIN
        missing = await uow.places.list_unlisted(job, seen_at=seen_at, created_before=before, limit=BATCH)
        for each in missing:
            if not job.dry_run:
                each.missing_since = uow.now
        await note(uow, job, [_missing(each.provider_specific_id, each.id) for each in missing])
        await uow.commit()
    return bool(missing)


@repeated
async def _note_gone(context: Context, job_id: UUID, customer_ids: Sequence[str]) -> bool:
    """Note which customers the provider says that it has lost; nothing else is done to them."""
    async with context.unit_of_work() as uow:
        job = require(await uow.jobs.get(job_id), "job")
        ended = stop_if_asked(job, uow)
        known = await uow.places.list_for_change(_provider(job), customer_ids) if customer_ids else ()
        gone = [] if ended else [each for each in known if _is_missed(each)]
        for each in gone:
            if not job.dry_run:
                each.missing_since = uow.now
        await note(uow, job, [_missing(each.provider_specific_id, each.id) for each in gone])
        await uow.commit()
    return not ended


def _is_missed(place: ProviderAccount) -> bool:
    """Whether it is news that its customer is gone: one that was off-boarded is gone on purpose."""
    return place.status is ProviderAccountStatus.ACTIVE and place.missing_since is None


def _missing(key: str, provider_account_id: UUID) -> Finding:
    return Finding(key, JobItemOutcome.UPDATED, MISSING, provider_account_id)


@repeated
async def _finish(context: Context, job: Job, reading: Reading) -> None:
    async with context.unit_of_work() as uow:
        current = require(await uow.jobs.get(job.id), "job")
        if stop_if_asked(current, uow):  # perhaps while the missing were noted
            await uow.commit()
            return
        failed = bool(current.failed or reading.trouble)
        current.finish(JobStatus.PARTIAL if failed else JobStatus.SUCCEEDED, uow.now, reading.trouble)
        if not current.dry_run:
            await uow.sync.note_synced(
                _provider(current), uow.now, read_at=reading.began_at, listed=reading.listed
            )
        await uow.commit()


@repeated
async def _fail(context: Context, job_id: UUID, message: str, code: ErrorCode) -> None:
    async with context.unit_of_work() as uow:
        job = require(await uow.jobs.get(job_id), "job")
        job.finish(JobStatus.FAILED, uow.now, message, code)
        await uow.commit()


def _provider(job: Job) -> UUID:
    if job.provider_id is None:
        raise LookupError("A sync is of a provider.")
    return job.provider_id
