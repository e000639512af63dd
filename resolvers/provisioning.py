"""Taking a new customer on: all checks, one commit that takes the request, a wait for the durable work."""

from dataclasses import dataclass, replace
from uuid import UUID

from uuid_utils.compat import uuid7

from models import Agreement, AgreementOrigin, DomainError, ErrorCode, Job, JobKind, JobStatus
from providers.base import TenantCredentials
from repositories import UnitOfWork
from resolvers.checks import checked_text
from resolvers.context import Context
from resolvers.jobs import check_wait, restart_if_failed, wait_for_job
from resolvers.operations import claim, input_hash, keep, repeated, require
from resolvers.provisioning_order import Order
from resolvers.provisioning_request import (
    AlreadyProvisioned,
    ProvisionAccount,
    Request,
    ask_provider,
    check_request,
    require_alone,
)
from resolvers.provisioning_steps import accept_as_ordered, count_created
from resolvers.sealing import Reader

__all__ = ["AlreadyProvisioned", "ProvisionAccount", "ProvisionResult", "provision_account"]

MUTATION = "provisionAccount"


@dataclass(frozen=True, kw_only=True)
class ProvisionResult:
    """What exists when the wait ends; the work may go on.

    Attributes:
        invitation_url: Where an existing customer accepts the partner; for `existing_tenant` only.
        credentials: The tenant's first administrator, if it was created within this very call.
        refusal: Why the provider declined, if it did.
    """

    job_id: UUID
    account_id: UUID | None
    provider_account_id: UUID | None
    agreement_id: UUID | None
    invitation_url: str | None
    credentials: TenantCredentials | None
    refusal: DomainError | None


@dataclass(frozen=True)
class _Draft:
    """What a call brings along to the commit that takes it; `job_id` is for a job that is made there."""

    command: ProvisionAccount
    key: str | None
    job_id: UUID
    public_key: str
    invitation_url: str | None


async def provision_account(
    context: Context,
    command: ProvisionAccount,
    *,
    wait_seconds: int = 5,
    idempotency_key: str | None = None,
) -> ProvisionResult:
    """Take the request if nothing stands against it, and wait a while for its work to be done.

    A repeated key makes no checks: it answers with what exists, and goes on with a job that has failed.
    An existing tenant is only invited: the next sync that finds it opens its agreements.

    Args:
        context: Who asks.
        command: What is asked for.
        wait_seconds: How long to wait for the work, 0 to 20.
        idempotency_key: Makes repeating the call harmless.

    Raises:
        DomainError: What stands against the request; several things together as `Refusals`.
            PROVIDER_UNAVAILABLE or PROVIDER_REFUSED if the provider could not be asked.
    """
    check_wait(wait_seconds)
    command = command.checked()
    reader = Reader()
    job_id, invitation_url = await _checked(context, command, idempotency_key)
    draft = _Draft(command, idempotency_key, job_id or uuid7(), reader.public_key, invitation_url)
    with context.signals.expect(draft.job_id) as ended:
        job = await _take(context, draft)
        if not job.is_finished:
            job = await wait_for_job(context, ended, job.id, wait_seconds)
    return _result(job, reader)


async def _checked(
    context: Context, command: ProvisionAccount, key: str | None
) -> tuple[UUID | None, str | None]:
    """Make all checks, unless a job was made under the key: give its id, or where a customer is invited."""
    job_id = await _recall(context, command, key)
    if job_id is not None:
        return job_id, None
    try:
        return None, await ask_provider(context, command)
    except DomainError:
        # What stands in the way may be what a twin of this call has made since it was looked for.
        job_id = await _recall(context, command, key)
        if job_id is None:
            raise
        return job_id, None


async def _recall(context: Context, command: ProvisionAccount, key: str | None) -> UUID | None:
    """Learn which job was made under the key; a lost race for a new key is found out in `_take`."""
    if key is None:
        return None
    checked_text(key, "idempotencyKey")
    async with context.look() as view:
        made = await view.idempotency.recall(MUTATION, key, input_hash(command))
    return made["job"] if made else None


@repeated
async def _take(context: Context, draft: _Draft) -> Job:
    """Write the job, the idempotency record and a new account in one commit, with the work enqueued.

    Returns:
        The new job, or the one that was made under the key before.
    """
    async with context.unit_of_work() as uow:
        made = await claim(uow, MUTATION, draft.key, draft.command)
        if made is not None:
            return await _resume(uow, made["job"], draft.public_key)
        request = await check_request(uow, draft.command)
        job = _job(uow, draft, request)
        if not request.provider.is_automatic:
            await _do_by_hand(uow, job, request)
        elif request.order.customer is None:
            _end(uow, job)
        else:
            await uow.start(job, public_key=draft.public_key)
        await keep(uow, MUTATION, draft.key, job=job.id)
        await uow.commit()
    return job


async def _resume(uow: UnitOfWork, job_id: UUID, public_key: str) -> Job:
    job = require(await uow.jobs.get(job_id), "job")
    if job.status is JobStatus.FAILED and job.provider_id is not None:
        await uow.providers.get(job.provider_id)  # locked, as for a new request
        customer = Order.from_json(job.arguments).customer
        await require_alone(uow, job.provider_id, job.account_id, customer.domain if customer else None)
    if await restart_if_failed(uow, job, public_key=public_key):
        await uow.commit()
    return job


def _job(uow: UnitOfWork, draft: _Draft, request: Request) -> Job:
    return Job(
        id=draft.job_id,
        kind=JobKind.PROVISION,
        status=JobStatus.QUEUED,
        requested_at=uow.now,
        requested_by=uow.actor,
        provider_id=request.provider.id,
        account_id=request.account.id,
        template_id=request.template.id,
        arguments=replace(request.order, invitation_url=draft.invitation_url).to_json(),
    )


async def _do_by_hand(uow: UnitOfWork, job: Job, request: Request) -> None:
    """Record the agreement at once: a person does at the provider what is to be done there."""
    (serial,) = await uow.agreements.take_serials()
    agreement = Agreement.pending(
        serial=serial,
        account=request.account,
        template=request.template,
        provider_account=None,
        origin=AgreementOrigin.PROVISIONING,
    )
    uow.add(agreement)
    accept_as_ordered(uow, agreement, request.order)
    await uow.flush()
    job.agreement_id = agreement.id
    _end(uow, job)
    await uow.flush()
    count_created(uow, job, agreement.number, agreement)


def _end(uow: UnitOfWork, job: Job) -> None:
    job.begin(uow.now)
    job.finish(JobStatus.SUCCEEDED, uow.now)
    uow.add(job)


def _result(job: Job, reader: Reader) -> ProvisionResult:
    refusal = None
    if job.status is JobStatus.FAILED:
        code = ErrorCode(job.error_code) if job.error_code else ErrorCode.PROVIDER_REFUSED
        refusal = DomainError(job.error or "The work failed.", code=code, entity=job.agreement_id)
    return ProvisionResult(
        job_id=job.id,
        account_id=job.account_id,
        provider_account_id=job.provider_account_id,
        agreement_id=job.agreement_id,
        invitation_url=Order.from_json(job.arguments).invitation_url,
        credentials=reader.open(job.sealed_credentials, job.id) if job.sealed_credentials else None,
        refusal=refusal,
    )
