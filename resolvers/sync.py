"""Asking for a provider's customers to be synced: by a person, or by the clock."""

from dataclasses import dataclass
from uuid import UUID

from uuid_utils.compat import uuid7

from models import DomainError, ErrorCode, Job, JobKind, JobStatus, Provider
from repositories import UnitOfWork
from resolvers.context import Context
from resolvers.jobs import check_wait, restart_if_failed, wait_for_job
from resolvers.operations import claim, keep, repeated, require
from resolvers.sync_reading import WHOLE, require_syncable

MUTATION = "syncProviderAccounts"


@dataclass(frozen=True, kw_only=True)
class SyncProviderAccounts:
    """Compare a provider's customers with what is known here; a dry run only counts what would be done."""

    provider_id: UUID
    dry_run: bool = False


async def sync_provider_accounts(
    context: Context,
    command: SyncProviderAccounts,
    *,
    wait_seconds: int = 0,
    idempotency_key: str | None = None,
) -> Job:
    """Start a sync, and wait a while for its end.

    Args:
        context: Who asks.
        command: What is asked for.
        wait_seconds: How long to wait for the work, 0 to 20.
        idempotency_key: Makes repeating the call harmless; the same job is started again if it failed.

    Returns:
        The job as it is when the wait ends.

    Raises:
        DomainError: NOT_FOUND, INVALID, PROVIDER_INACTIVE, PROVIDER_NOT_AUTOMATIC, IDEMPOTENCY_CONFLICT,
            SYNC_ALREADY_RUNNING with the job that runs as its entity.
    """
    check_wait(wait_seconds)
    job_id = uuid7()
    with context.signals.expect(job_id) as ended:
        job = await _take(context, command, job_id, idempotency_key, whole=True)
        return job if job.is_finished else await wait_for_job(context, ended, job.id, wait_seconds)


async def start_scheduled_syncs(context: Context) -> int:
    """Start a sync of each configured provider that gives its customers, unless one is under way there.

    It reads what has changed, where the provider can tell and the whole list was read lately.

    Returns:
        How many were started.
    """
    async with context.look() as view:
        configured = await view.sync.list_configured_providers()
    started = 0
    for provider in (each for each in configured if each.capabilities.customer_sync):
        try:
            await _take(context, SyncProviderAccounts(provider_id=provider.id), uuid7(), None, whole=False)
        except DomainError:
            continue  # it is under way already, or the provider has just been put out of use
        started += 1
    return started


@repeated
async def _take(
    context: Context, command: SyncProviderAccounts, job_id: UUID, key: str | None, *, whole: bool
) -> Job:
    async with context.unit_of_work() as uow:
        made = await claim(uow, MUTATION, key, command)
        job = require(await uow.jobs.get(made["job"]), "job") if made else None
        if job is not None and job.status is not JobStatus.FAILED:
            return job
        provider = require(await uow.providers.get(command.provider_id), "provider", "providerId")
        await _require_ready(uow, provider)
        if job is None:
            job = Job(
                id=job_id,
                kind=JobKind.SYNC,
                status=JobStatus.QUEUED,
                dry_run=command.dry_run,
                requested_at=uow.now,
                requested_by=uow.actor,
                provider_id=provider.id,
                arguments={WHOLE: whole},
            )
            await uow.start(job)
            await keep(uow, MUTATION, key, job=job.id)
        else:
            await restart_if_failed(uow, job)
        await uow.commit()
    return job


async def _require_ready(uow: UnitOfWork, provider: Provider) -> None:
    require_syncable(provider)
    running = await uow.jobs.get_unfinished_sync(provider.id)
    if running is not None:
        raise DomainError(
            f"A sync of «{provider.name}» is under way.",
            code=ErrorCode.SYNC_ALREADY_RUNNING,
            field=("providerId",),
            entity=running.id,
        )
