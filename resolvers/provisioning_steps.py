"""The durable half of provisioning: each step looks before it acts, so that repeating it is harmless.

What was done shows in the job's row, in what was written with it, and at the provider; nothing else counts.
"""

from dataclasses import dataclass
from uuid import UUID, uuid5

from models import (
    AcceptancePath,
    Account,
    Agreement,
    AgreementOrigin,
    AgreementStatus,
    AgreementTemplate,
    DomainError,
    ErrorCode,
    Job,
    JobItem,
    JobItemOutcome,
    JobStatus,
    Provider,
    ProviderAccount,
    ProviderAccountMapping,
    SyncState,
)
from providers import base
from providers.errors import InputRefused, ProviderError, ProviderUnavailable
from repositories import UnitOfWork
from resolvers import confirming
from resolvers.context import Context
from resolvers.jobs import stop_if_asked
from resolvers.operations import repeated, require
from resolvers.provisioning_order import Order
from resolvers.sealing import seal


async def make_customer(context: Context, job_id: str, public_key: str) -> bool:
    """Step 1: look for the customer at the provider, else create it; record it with a pending agreement.

    Args:
        context: Acts as the job.
        job_id: The provisioning.
        public_key: What the customer's first password is sealed with, for the request that waits.

    Returns:
        Whether there is more to do.

    Raises:
        ProviderUnavailable: No usable answer; repeat later.
    """
    job = await _begin(context, UUID(job_id))
    if job is None:
        return False
    if job.provider_account_id is not None:
        return True
    try:
        provider = await context.providers.get(_id(job.provider_id))
        created = await _found_or_created(provider, job)
    except ProviderUnavailable:
        raise
    except ProviderError as error:
        return await _fail(context, job.id, str(error), ErrorCode.PROVIDER_REFUSED)
    sealed = seal(created.credentials, public_key, job.id) if created.credentials and public_key else None
    try:
        return await _keep_customer(context, job.id, created.customer, sealed)
    except DomainError as error:
        return await _fail(context, job.id, error.message, error.code)


async def confirm_agreement(context: Context, job_id: str) -> bool:
    """Steps 2 and 3: look for the confirmation, else confirm; read it back and record it.

    Returns:
        False: nothing is left to do.

    Raises:
        ProviderUnavailable: No usable answer, or what was done does not show yet; repeat later.
    """
    job = await _begin(context, UUID(job_id))
    if job is None:
        return False
    asked = await _question(context, job)
    if asked is None:
        return False
    try:
        provider = await context.providers.get(_id(job.provider_id))
        answer = await confirming.establish(provider, asked)
    except ProviderUnavailable:
        raise
    except ProviderError as error:
        return await _fail(context, job.id, str(error), ErrorCode.PROVIDER_REFUSED)
    return await _keep_answer(context, job.id, answer)


async def give_up(context: Context, job_id: str, message: str) -> bool:
    """End a provisioning to which the provider gave no usable answer for too long; it can be resumed."""
    return await _fail(context, UUID(job_id), message, ErrorCode.PROVIDER_UNAVAILABLE)


async def _found_or_created(provider: base.Provider, job: Job) -> base.CreatedCustomer:
    """Come by the customer; its first credentials are known only if this very call created it."""
    new = Order.from_json(job.arguments).customer
    if new is None or new.domain is None:
        raise InputRefused("The provisioning names no customer to create.")
    found = await provider.find_customer(domain=new.domain)
    if found is not None:
        return base.CreatedCustomer(customer=found)
    try:
        return await provider.create_customer(new, request_id=_request_id(job, "customer"))
    except InputRefused:
        # Its domain may be taken because an earlier run created it and did not live to record that.
        found = await provider.find_customer(domain=new.domain)
        if found is None:
            raise
        return base.CreatedCustomer(customer=found)


@repeated
async def _keep_customer(context: Context, job_id: UUID, customer: base.Customer, sealed: str | None) -> bool:
    """Write provider account, pending agreement and sealed credentials in one commit.

    A lost race repeats this and not the step: the credentials exist in memory only.
    """
    async with context.unit_of_work() as uow:
        place = await _Place.of(uow, job_id)
        if place.job.is_finished or place.job.provider_account_id is not None:
            return not place.job.is_finished
        provider_account = await _provider_account(uow, place, customer)
        agreement = await _agreement(uow, place, provider_account)
        place.job.provider_account_id, place.job.agreement_id = provider_account.id, agreement.id
        place.job.sealed_credentials = sealed
        count_created(uow, place.job, customer.id, agreement)
        if not place.provider.capabilities.agreement_confirmation:
            accept_as_ordered(uow, agreement, Order.from_json(place.job.arguments))
            place.job.finish(JobStatus.SUCCEEDED, uow.now)
        await uow.commit()
    return not place.job.is_finished


async def _provider_account(uow: UnitOfWork, place: "_Place", customer: base.Customer) -> ProviderAccount:
    """Add the customer, or take over what a sync has found in the meantime."""
    known = await uow.provider_accounts.get_by_specific_id(
        provider_id=place.provider.id, provider_specific_id=customer.id
    )
    if known is None:
        known = ProviderAccount(
            provider_id=place.provider.id,
            provider_specific_id=customer.id,
            provider_name=customer.name,
            domain=customer.domain,
            account_id=place.account.id,
            mapping=ProviderAccountMapping.PROVISIONED,
        )
        uow.add(known)
    else:
        known.map_to(place.account, ProviderAccountMapping.PROVISIONED)
        known.mapping = ProviderAccountMapping.PROVISIONED
    await uow.flush()
    return known


async def _agreement(uow: UnitOfWork, place: "_Place", provider_account: ProviderAccount) -> Agreement:
    """Add the pending agreement, or take over the one that a sync has opened in the meantime."""
    agreement = await uow.agreements.get_active(
        account_id=place.account.id,
        template_id=place.template.id,
        provider_account_id=provider_account.id,
    )
    if agreement is None:
        (serial,) = await uow.agreements.take_serials()
        agreement = Agreement.pending(
            serial=serial,
            account=place.account,
            template=place.template,
            provider_account=provider_account,
            origin=AgreementOrigin.PROVISIONING,
        )
        uow.add(agreement)
    if agreement.awaiting_signature:
        order = Order.from_json(place.job.arguments)
        agreement.executed_on, agreement.signed_by = order.executed_on, order.signer
        agreement.sync_state = SyncState.TO_PUSH
    await uow.flush()
    return agreement


async def _question(context: Context, job: Job) -> confirming.Asked | None:
    """Read what is to be confirmed; on a resumed job the agreement is to be pushed once more.

    Returns:
        None when the agreement was deactivated at this very moment: the job has ended.
    """
    order = Order.from_json(job.arguments)
    async with context.unit_of_work() as uow:
        agreement = require(await uow.agreements.get(_id(job.agreement_id)), "agreement")
        place = await uow.sync.get_open(agreement.id)
        if agreement.sync_state is SyncState.PUSH_FAILED:
            agreement.sync_state, agreement.sync_error = SyncState.TO_PUSH, None
        await uow.commit()
    if place is None:
        await _begin(context, job.id)
        return None
    return confirming.Asked(
        customer_id=place.customer_id,
        terms=place.terms,
        contact=agreement.signed_by or order.signer,
        agreed_on=agreement.executed_on or order.executed_on,
        request_id=_request_id(job, "agreement"),
        request=confirming.open_request(agreement),
    )


@repeated
async def _keep_answer(
    context: Context, job_id: UUID, answer: base.Confirmation | base.AcceptanceRequest
) -> bool:
    async with context.unit_of_work() as uow:
        job = require(await uow.jobs.get(job_id), "job")
        agreement = require(await uow.agreements.get(_id(job.agreement_id)), "agreement")
        if isinstance(answer, base.Confirmation):
            confirming.record(uow, agreement, answer, path=AcceptancePath.PROVISIONING)
        elif agreement.status is AgreementStatus.ACTIVE:
            confirming.await_customer(agreement, answer)
        job.finish(JobStatus.SUCCEEDED, uow.now)
        await uow.commit()
    return False


@repeated
async def _begin(context: Context, job_id: UUID) -> Job | None:
    """Say that the work is under way, unless it has ended or is to stop here."""
    async with context.unit_of_work() as uow:
        job = require(await uow.jobs.get(job_id), "job")
        job.begin(uow.now)
        job.failed = 0
        agreement = await uow.agreements.get(job.agreement_id) if job.agreement_id else None
        if agreement is not None and agreement.status is not AgreementStatus.ACTIVE:
            reason = f"{agreement.number} was deactivated meanwhile; nothing more was sent to the provider."
            job.finish(JobStatus.CANCELLED, uow.now, reason)
        elif stop_if_asked(job, uow) and agreement is not None and agreement.awaiting_signature:
            agreement.sync_state = SyncState.PUSH_FAILED
            agreement.sync_error = "The provisioning was cancelled before the provider was told."
        await uow.commit()
    return None if job.is_finished else job


@repeated
async def _fail(context: Context, job_id: UUID, message: str, code: ErrorCode) -> bool:
    """End the job with the reason; the agreement, if there is one already, waits to be pushed again."""
    async with context.unit_of_work() as uow:
        job = require(await uow.jobs.get(job_id), "job")
        agreement = await uow.agreements.get(job.agreement_id) if job.agreement_id else None
        if agreement is not None and agreement.status is AgreementStatus.ACTIVE:
            agreement.sync_state, agreement.sync_error = SyncState.PUSH_FAILED, message
        job.failed = 1
        job.finish(JobStatus.FAILED, uow.now, message, code)
        await uow.commit()
    return False


def count_created(uow: UnitOfWork, job: Job, key: str, agreement: Agreement) -> None:
    """Note in the job what was made; in the transaction that makes it."""
    job.considered = job.created = 1
    uow.add(
        JobItem(
            job_id=job.id,
            key=key,
            outcome=JobItemOutcome.CREATED,
            agreement_id=agreement.id,
            provider_account_id=agreement.provider_account_id,
        )
    )


def accept_as_ordered(uow: UnitOfWork, agreement: Agreement, order: Order) -> None:
    """Accept an agreement of which no provider need be told."""
    agreement.sync_state = SyncState.NOT_APPLICABLE
    acceptance = agreement.accept(
        path=AcceptancePath.PROVISIONING,
        contact=order.signer,
        agreed_on=order.executed_on,
        by=uow.actor,
        now=uow.now,
    )
    if acceptance is not None:
        uow.add(acceptance)


def _request_id(job: Job, step: str) -> str:
    """The idempotency key of a call: the same after a crash, another one once a failed job is resumed.

    A provider may replay a refusal under the key that it was given under.
    """
    return str(uuid5(job.id, f"{step}:{job.attempt}"))


def _id(value: UUID | None) -> UUID:
    if value is None:
        raise LookupError("The job lacks an id that this step needs: steps ran out of order.")
    return value


@dataclass(frozen=True)
class _Place:
    """The job with the rows that it is about, locked where they are changed."""

    job: Job
    account: Account
    provider: Provider
    template: AgreementTemplate

    @classmethod
    async def of(cls, uow: UnitOfWork, job_id: UUID) -> "_Place":
        job = require(await uow.jobs.get(job_id), "job")
        return cls(
            job=job,
            account=require(await uow.accounts.peek(_id(job.account_id)), "account"),
            provider=require(await uow.providers.peek(_id(job.provider_id)), "provider"),
            template=require(await uow.templates.peek(_id(job.template_id)), "template"),
        )
