"""Asking for a customer to be taken off a provider: what stands against it, and the wait for the work."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from models import DomainError, ErrorCode, Job, JobKind, JobStatus, Provider, ProviderAccount
from providers.errors import ProviderError, ProviderUnavailable, Unsupported
from repositories import UnitOfWork
from resolvers.agreements import require_active_place
from resolvers.context import Context
from resolvers.jobs import check_wait, restart_if_failed, start_and_wait
from resolvers.offboarding_steps import list_or_none
from resolvers.operations import check_idempotency_key, claim, input_hash, keep, repeated, require

MUTATION = "offboardProviderAccount"
LONGEST_CHECK_SECONDS = 20
NAMED_AGREEMENTS = 10
_FIELD = "providerAccountId"


@dataclass(frozen=True, kw_only=True)
class OffboardProviderAccount:
    """End all that a customer has at a provider.

    Attributes:
        remove_relationship: End the partner's relationship with the customer, too, once nothing is left.
        dry_run: Only say what would be ended.
    """

    provider_account_id: UUID
    remove_relationship: bool = False
    dry_run: bool = False


@dataclass(frozen=True, kw_only=True)
class OffboardResult:
    """How the work stands when the wait ends; it may go on.

    Attributes:
        warnings: What a person should know, one sentence each.
        refusal: Why nothing could be done, if so.
    """

    job_id: UUID
    provider_account_id: UUID
    warnings: tuple[str, ...]
    refusal: DomainError | None


async def offboard_provider_account(
    context: Context,
    command: OffboardProviderAccount,
    *,
    wait_seconds: float = 5,
    idempotency_key: str | None = None,
) -> OffboardResult:
    """Start ending what the customer has, and wait a while for the end of the work.

    Agreements are left as they are. A repeated key makes no checks: it answers with the same job, which is
    gone on with if it failed.

    Args:
        context: Who asks.
        command: What is asked for.
        wait_seconds: How long to wait for the work, 0 to 20.
        idempotency_key: Makes repeating the call harmless.

    Raises:
        DomainError: NOT_FOUND, INVALID, PROVIDER_INACTIVE, PROVIDER_ACCOUNT_INACTIVE,
            OFFBOARDING_UNSUPPORTED, OFFBOARDING_ALREADY_RUNNING with the job that runs as its entity,
            PROVIDER_REFUSED, IDEMPOTENCY_CONFLICT.
    """
    check_wait(wait_seconds)
    if not await _was_asked_before(context, command, idempotency_key):
        await _ask_provider(context, command)
    job = await _start(context, command, idempotency_key, wait_seconds)
    return await _result(context, job, command)


async def _was_asked_before(context: Context, command: OffboardProviderAccount, key: str | None) -> bool:
    """Whether a job was made under the key; a lost race for a new key is found out when it is claimed."""
    if check_idempotency_key(key) is None:
        return False
    async with context.look() as view:
        return await view.idempotency.recall(MUTATION, key or "", input_hash(command)) is not None


async def _ask_provider(context: Context, command: OffboardProviderAccount) -> None:
    """Learn whether the provider can do this at all; one that does not answer is left to the work."""
    async with context.unit_of_work() as uow:  # left without a commit
        place, provider = await _checked(uow, command)
    try:
        async with asyncio.timeout(LONGEST_CHECK_SECONDS):
            client = await context.providers.get(provider.id)
            await list_or_none(context, client, place)
    except (ProviderUnavailable, TimeoutError):
        return
    except Unsupported as error:
        raise _unsupported(provider) from error
    except ProviderError as error:
        raise DomainError(str(error), code=ErrorCode.PROVIDER_REFUSED, field=(_FIELD,)) from error


@repeated
async def _start(
    context: Context, command: OffboardProviderAccount, key: str | None, wait_seconds: float
) -> Job:
    async def start(uow: UnitOfWork) -> Job:
        made = await claim(uow, MUTATION, key, command)
        if made is not None:
            job = require(await uow.jobs.get(made["job"]), "job")
            await _go_on(uow, job, command)
            return job
        place, provider = await _checked(uow, command)
        job = _job(uow, place, provider, command)
        await uow.start(job)
        await keep(uow, MUTATION, key, job=job.id)
        return job

    return await start_and_wait(context, start, seconds=wait_seconds)


async def _go_on(uow: UnitOfWork, job: Job, command: OffboardProviderAccount) -> None:
    """Take up a job that failed: what was not done is tried again, what was done stays done."""
    if job.status is not JobStatus.FAILED:
        return
    await _checked(uow, command)
    await uow.jobs.forget_undone_items(job.id)
    job.considered -= job.failed + job.skipped
    job.failed = job.skipped = 0
    await restart_if_failed(uow, job)


def _job(
    uow: UnitOfWork, place: ProviderAccount, provider: Provider, command: OffboardProviderAccount
) -> Job:
    return Job(
        kind=JobKind.OFFBOARD,
        status=JobStatus.QUEUED,
        requested_at=uow.now,
        requested_by=uow.actor,
        dry_run=command.dry_run,
        provider_id=provider.id,
        account_id=place.account_id,
        provider_account_id=place.id,
        arguments={"remove_relationship": command.remove_relationship},
    )


async def _checked(uow: UnitOfWork, command: OffboardProviderAccount) -> tuple[ProviderAccount, Provider]:
    """Make all checks that need no answer of the provider; the provider account is locked."""
    place = require(await uow.provider_accounts.get(command.provider_account_id), "provider account", _FIELD)
    provider = require(await uow.providers.peek(place.provider_id), "provider")
    provider.require_active(_FIELD)
    if not provider.is_automatic:
        raise _unsupported(provider)
    require_active_place(place, _FIELD)
    running = await uow.jobs.get_unfinished_offboarding(place.id)
    if running is not None:
        raise DomainError(
            f"«{place.provider_name}» is being off-boarded.",
            code=ErrorCode.OFFBOARDING_ALREADY_RUNNING,
            field=(_FIELD,),
            entity=running.id,
        )
    return place, provider


def _unsupported(provider: Provider) -> DomainError:
    return DomainError(
        f"«{provider.name}» cannot be asked to end what a customer has: a person does that there.",
        code=ErrorCode.OFFBOARDING_UNSUPPORTED,
        field=(_FIELD,),
    )


async def _result(context: Context, job: Job, command: OffboardProviderAccount) -> OffboardResult:
    place_id = command.provider_account_id
    async with context.look() as view:
        numbers = await view.agreements.list_active_numbers(place_id, limit=NAMED_AGREEMENTS + 1)
    refusal = None
    if job.status is JobStatus.FAILED:
        code = ErrorCode(job.error_code) if job.error_code else ErrorCode.PROVIDER_REFUSED
        refusal = DomainError(job.error or "The work failed.", code=code, field=(_FIELD,))
    return OffboardResult(
        job_id=job.id, provider_account_id=place_id, warnings=tuple(_warnings(numbers)), refusal=refusal
    )


def _warnings(numbers: Sequence[str]) -> list[str]:
    """Name the agreements that the customer still stands in, as many as a person reads."""
    warnings = [
        f"{number} is still active; deactivate it if it has ended." for number in numbers[:NAMED_AGREEMENTS]
    ]
    if len(numbers) > NAMED_AGREEMENTS:
        warnings.append("More agreements of this provider account are still active.")
    return warnings
