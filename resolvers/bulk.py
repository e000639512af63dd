"""Bulk creation: pending agreements for every customer of a provider that has none in place."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from models import (
    AgreementTemplate,
    DomainError,
    ErrorCode,
    Job,
    JobItemOutcome,
    JobKind,
    JobStatus,
    ProviderAccountStatus,
)
from repositories import UnitOfWork
from repositories.bulk import Item, Target
from resolvers.context import Context
from resolvers.errors import NotFound
from resolvers.jobs import check_wait, restart_if_failed, start_and_wait, stop_if_asked
from resolvers.operations import claim, keep, repeated, require

MUTATION = "bulkCreateCustomerAgreements"
MAX_ACCOUNTS = 250
PORTION_SIZE = 1000

# A step of the job engine costs a tenth of a portion: in this time it does several.
_CHUNK_SECONDS = 1.0
# SQLite's way of waiting for the one writer is unfair: portion upon portion without a gap kept requests of
# other processes waiting for many seconds, and the engine's own records with them.
_GAP_SECONDS = 0.01

INACTIVE, UNMAPPED, EXISTS, ELSEWHERE = (
    "PROVIDER_ACCOUNT_INACTIVE",
    "UNMAPPED",
    "AGREEMENT_ALREADY_EXISTS",
    "NO_PROVIDER_ACCOUNT",
)


@dataclass(frozen=True)
class BulkCreate:
    """What to create.

    Attributes:
        template_id: None for the Microsoft Customer Agreement in force.
        account_ids: Only for these accounts; None for all.
        dry_run: Only say what would be created.
    """

    template_id: UUID | None = None
    account_ids: tuple[UUID, ...] | None = None
    dry_run: bool = False


@repeated
async def bulk_create_customer_agreements(
    context: Context, command: BulkCreate, *, idempotency_key: str | None = None, wait_seconds: float = 0
) -> Job:
    """Start creating a pending agreement for each active, mapped provider account that has no active one.

    Any number of these may run at once: each agreement is made once. The same key gives the same job,
    started again if it had failed.

    Returns:
        The job as it is when it has ended, or after `wait_seconds`.

    Raises:
        NotFound: The template, or one of the accounts.
        DomainError: INVALID, TEMPLATE_REQUIRED, TEMPLATE_INACTIVE, TEMPLATE_EXPIRED, PROVIDER_INACTIVE,
            IDEMPOTENCY_CONFLICT.
    """
    check_wait(wait_seconds)
    if command.account_ids is not None and len(command.account_ids) > MAX_ACCOUNTS:
        raise DomainError(f"At most {MAX_ACCOUNTS} accounts can be named.", field=("accountIds",))
    command = _canonical(command)

    async def start(uow: UnitOfWork) -> Job:
        made = await claim(uow, MUTATION, idempotency_key, command)
        if made is not None:
            job = require(await uow.jobs.get(made["job"]), "job")
            await restart_if_failed(uow, job)
            return job
        job = await _new_job(context, uow, command)
        await uow.start(job)
        await keep(uow, MUTATION, idempotency_key, job=job.id)
        return job

    return await start_and_wait(context, start, seconds=wait_seconds)


def _canonical(command: BulkCreate) -> BulkCreate:
    """The same, whatever the order in which the accounts were named, and however often."""
    accounts = command.account_ids
    return command if accounts is None else replace(command, account_ids=tuple(sorted(set(accounts))))


async def _new_job(context: Context, uow: UnitOfWork, command: BulkCreate) -> Job:
    template = await _template(context, uow, command.template_id)
    template.require_usable(context.today(), "agreementTemplateId")
    provider = require(await uow.providers.peek(template.provider_id), "provider")
    provider.require_active("agreementTemplateId")
    accounts = command.account_ids
    if accounts is not None and len(await uow.bulk.list_known_accounts(accounts)) < len(accounts):
        raise NotFound("account", "accountIds")
    return Job(
        kind=JobKind.BULK_CREATE,
        status=JobStatus.QUEUED,
        requested_at=uow.now,
        requested_by=uow.actor,
        dry_run=command.dry_run,
        template_id=template.id,
        provider_id=template.provider_id,
        arguments={} if accounts is None else {"account_ids": [str(each) for each in accounts]},
    )


async def _template(context: Context, uow: UnitOfWork, template_id: UUID | None) -> AgreementTemplate:
    if template_id is not None:
        return require(await uow.templates.peek(template_id), "agreement template", "agreementTemplateId")
    default = await uow.templates.get_default_customer_agreement(today=context.today())
    if default is None:
        raise DomainError(
            "There is no Microsoft Customer Agreement in force: name a template.",
            code=ErrorCode.TEMPLATE_REQUIRED,
            field=("agreementTemplateId",),
        )
    return default


async def create_chunk(context: Context, job_id: str) -> bool:
    """Do the next part of a bulk creation: portions for about a second, so that few calls do many.

    Repeating it after a crash goes on from the last commit.

    Returns:
        Whether there may be more to do; if not, the job has ended.
    """
    ends_at = time.monotonic() + _CHUNK_SECONDS
    while not await _create_portion(context, UUID(job_id)):
        await asyncio.sleep(_GAP_SECONDS)
        if time.monotonic() >= ends_at:
            return True
    return False


async def _create_portion(context: Context, job_id: UUID) -> bool:
    """Write agreements, items, counts and position in one commit; gives whether the job has ended."""
    async with context.unit_of_work() as uow:
        job = require(await uow.jobs.get(job_id), "job")
        if not stop_if_asked(job, uow):
            job.begin(uow.now)
            if await _go_on(uow, job):
                # Not at the transaction's instant, which is when the portion began.
                job.finish(JobStatus.SUCCEEDED, context.now())
        await uow.commit()
    if job.is_finished:
        context.signals.ended(job.id)
    return job.is_finished


async def _go_on(uow: UnitOfWork, job: Job) -> bool:
    """Deal with the next portion; gives whether it was the last."""
    template = require(await uow.templates.peek(require(job.template_id, "template")), "template")
    accounts = _accounts(job)
    after = None if job.cursor is None else UUID(job.cursor)
    targets = await uow.bulk.list_targets(template, after=after, accounts=accounts, limit=PORTION_SIZE)
    items = await _deal_with(uow, job, template, targets)
    is_last = len(targets) < PORTION_SIZE
    if is_last:
        elsewhere = await uow.bulk.list_accounts_elsewhere(template.provider_id, accounts or [])
        items += [Item(str(account), JobItemOutcome.SKIPPED, ELSEWHERE) for account in elsewhere]
    else:
        job.cursor = str(targets[-1].provider_account_id)
    await uow.bulk.add_items(job.id, items)
    _count(job, items)
    return is_last


async def _deal_with(
    uow: UnitOfWork, job: Job, template: AgreementTemplate, targets: Sequence[Target]
) -> list[Item]:
    lacking = [target for target in targets if _reason_to_skip(target) is None and not target.agreement_id]
    made: Mapping[UUID, UUID] = {}
    if not job.dry_run:
        made = await uow.bulk.create_pending(template, lacking)
    would_be_made = {target.provider_account_id for target in lacking} if job.dry_run else made.keys()
    return [
        Item(
            key=target.key,
            outcome=outcome,
            reason=reason,
            agreement_id=made.get(target.provider_account_id, target.agreement_id),
            provider_account_id=target.provider_account_id,
        )
        for target in targets
        for outcome, reason in [_outcome(target, target.provider_account_id in would_be_made)]
    ]


def _outcome(target: Target, created: bool) -> tuple[JobItemOutcome, str | None]:  # noqa: FBT001  # one fact of two
    reason = _reason_to_skip(target)
    if reason is not None:
        return JobItemOutcome.SKIPPED, reason
    return (JobItemOutcome.CREATED, None) if created else (JobItemOutcome.UNCHANGED, EXISTS)


def _reason_to_skip(target: Target) -> str | None:
    if target.status is not ProviderAccountStatus.ACTIVE:
        return INACTIVE
    return UNMAPPED if target.account_id is None else None


def _accounts(job: Job) -> list[UUID] | None:
    named = job.arguments.get("account_ids")
    return None if named is None else [UUID(each) for each in named]


def _count(job: Job, items: Sequence[Item]) -> None:
    outcomes = [item.outcome for item in items]
    job.considered += len(items)
    job.created += outcomes.count(JobItemOutcome.CREATED)
    job.unchanged += outcomes.count(JobItemOutcome.UNCHANGED)
    job.skipped += outcomes.count(JobItemOutcome.SKIPPED)
