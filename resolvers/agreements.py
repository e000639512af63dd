"""Agreements: filling them in, accepting, ending and reviving them."""

from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

from models import (
    AcceptancePath,
    AcceptanceRequestStatus,
    Agreement,
    AgreementStatus,
    AgreementStatusReason,
    Contact,
    DomainError,
    ErrorCode,
    Provider,
    ProviderAccount,
    ProviderAccountStatus,
    SyncState,
)
from repositories import UnitOfWork
from resolvers.checks import (
    LINES_LIMIT,
    checked_contact,
    checked_day,
    checked_text,
    checked_values,
    optional_text,
)
from resolvers.context import Context
from resolvers.operations import Outcome, check_revision, repeated, require

NAME_LIMIT = 500
"""More than elsewhere: by default a name is put together from two others."""

_TO_BE_PUSHED = frozenset({SyncState.PUSH_FAILED, SyncState.TO_PUSH})

CHECKS: Mapping[str, Callable[..., Any]] = {
    "name": partial(checked_text, limit=NAME_LIMIT),
    "description": partial(optional_text, limit=LINES_LIMIT, lines=True),
    "signed_by": checked_contact,
    "executed_on": checked_day,
    "created_on": checked_day,
}


@repeated
async def update_agreement(
    context: Context, agreement_id: UUID, changes: Mapping[str, object], *, revision: int | None = None
) -> Agreement:
    """Fill in or correct an agreement; it is never accepted by that.

    Args:
        context: Who asks.
        agreement_id: Which.
        changes: New values by attribute: name, description, signed_by, executed_on, created_on; what is
            absent stays, None clears.
        revision: The revision the caller has seen; None to change it whatever it is.

    Raises:
        DomainError: NOT_FOUND, REVISION_CONFLICT, INVALID, INVALID_EMAIL, AGREEMENT_INACTIVE,
            SIGNATURE_LOCKED, EXECUTED_ON_IN_FUTURE.
    """
    checked = checked_values(CHECKS, changes)
    async with context.unit_of_work(is_single=True) as uow:
        agreement = require(await uow.only(Agreement, agreement_id), "agreement", "agreementId")
        check_revision(agreement, revision)
        agreement.edit(checked, today=uow.now.date())
        await uow.commit()
    return agreement


@repeated
async def accept_agreement(  # noqa: PLR0913 -- what a caller may say, by keyword
    context: Context,
    agreement_id: UUID,
    *,
    signed_by: Contact | None = None,
    executed_on: date | None = None,
    supersede: bool = False,
    revision: int | None = None,
) -> Outcome[Agreement]:
    """Record that the customer has accepted; a provider that confirms will be told.

    Repeating it with the same signer and day is harmless.

    Args:
        context: Who asks.
        agreement_id: Which.
        signed_by: Who accepted; None for the signer that the agreement has already.
        executed_on: When, in UTC; None for the day that the agreement has already, or today.
        supersede: Whether this ends the customer's accepted agreements in older versions of the terms.
        revision: The revision the caller has seen; None to accept it whatever it is.

    Raises:
        DomainError: NOT_FOUND, REVISION_CONFLICT, INVALID, INVALID_EMAIL, AGREEMENT_INACTIVE,
            ALREADY_ACCEPTED, SIGNER_REQUIRED, EXECUTED_ON_IN_FUTURE.
    """
    signer = checked_contact(signed_by, "signedBy")
    checked_day(executed_on, "executedOn")
    async with context.unit_of_work() as uow:
        agreement = await _get(uow, agreement_id, revision)
        provider = require(await uow.providers.peek(agreement.provider_id), "provider")
        changed = record_acceptance(
            uow,
            agreement,
            path=AcceptancePath.PARTNER_ATTESTATION
            if confirms(provider, agreement)
            else AcceptancePath.RECORDED_BY_HAND,
            signer=signer or agreement.signed_by,
            on=executed_on or agreement.executed_on or uow.now.date(),
        )
        if changed and confirms(provider, agreement):
            await queue_push(uow, agreement)
        older = await uow.agreements.list_of_older_versions(agreement)
        if supersede:
            for each in older:
                each.supersede(on=uow.now.date(), by=agreement)
        await uow.commit()
    warnings = [
        f"{each.number} in version {each.template_version} of the terms stays active." for each in older
    ]
    return Outcome(agreement, changed, () if supersede else tuple(warnings))


@repeated
async def retry_agreement_push(
    context: Context, agreement_id: UUID, *, revision: int | None = None
) -> Agreement:
    """Tell the provider again of an agreement that it has not taken, or have it ask the customer again.

    Raises:
        DomainError: NOT_FOUND, REVISION_CONFLICT, NOTHING_TO_PUSH.
    """
    async with context.unit_of_work() as uow:
        agreement = await _get(uow, agreement_id, revision)
        if agreement.sync_state not in _TO_BE_PUSHED and not _is_unanswered(agreement):
            raise DomainError(
                f"{agreement.number} has nothing that its provider should be told.",
                code=ErrorCode.NOTHING_TO_PUSH,
                field=("agreementId",),
                entity=agreement.id,
            )
        # The work that was to do it may have broken: the same id would be taken for done.
        await queue_push(uow, agreement, anew=True)
        await uow.commit()
    return agreement


@repeated
async def deactivate_agreement(
    context: Context,
    agreement_id: UUID,
    *,
    reason: str | None = None,
    on: date | None = None,
    revision: int | None = None,
) -> Outcome[Agreement]:
    """End an agreement, and name the active billing contracts that still carry it; repeating it is harmless.

    Args:
        context: Who asks.
        agreement_id: Which.
        reason: Why, for the record.
        on: The day it ended, today (UTC) or before; None for today.
        revision: The revision the caller has seen; None to end it whatever it is.

    Raises:
        DomainError: NOT_FOUND, REVISION_CONFLICT, INVALID, DATE_IN_FUTURE.
    """
    reason = optional_text(reason, "reason", limit=LINES_LIMIT, lines=True)
    checked_day(on, "on")
    async with context.unit_of_work() as uow:
        agreement = await _get(uow, agreement_id, revision)
        today = uow.now.date()
        changed = agreement.deactivate(on=on or today, today=today, reason=reason)
        carriers = await uow.agreements.list_active_contract_names(agreement.id)
        if changed:
            await uow.commit()
    warnings = [f"The active billing contract «{name}» carries this agreement." for name in carriers]
    return Outcome(agreement, changed, tuple(warnings))


@repeated
async def reactivate_agreement(
    context: Context, agreement_id: UUID, *, revision: int | None = None
) -> Agreement:
    """Bring a deactivated or withdrawn agreement back; accepted if its acceptance stands, else pending.

    Raises:
        DomainError: NOT_FOUND, REVISION_CONFLICT, NOT_REACTIVATABLE, TEMPLATE_INACTIVE, TEMPLATE_EXPIRED,
            ACCOUNT_INACTIVE, PROVIDER_ACCOUNT_INACTIVE, AGREEMENT_ALREADY_EXISTS.
    """
    async with context.unit_of_work() as uow:
        agreement = await _get(uow, agreement_id, revision)
        agreement.reactivate(acceptance=await uow.agreements.get_acceptance(agreement.id))
        template = require(await uow.templates.peek(agreement.template_id), "agreement template")
        template.require_usable(uow.now.date(), "agreementId")
        account = require(await uow.accounts.peek(agreement.account_id), "account")
        account.require_active("agreementId")
        if agreement.provider_account_id is not None:
            place = require(
                await uow.provider_accounts.peek(agreement.provider_account_id), "provider account"
            )
            require_active_place(place, "agreementId")
        await require_no_other(uow, agreement, "agreementId")
        provider = require(await uow.providers.peek(agreement.provider_id), "provider")
        accepted = agreement.status_reason is AgreementStatusReason.ACCEPTED
        if accepted and agreement.sync_state is not SyncState.IN_SYNC and confirms(provider, agreement):
            await queue_push(uow, agreement)
        await uow.commit()
    return agreement


async def queue_push(uow: UnitOfWork, agreement: Agreement, *, anew: bool = False) -> None:
    """Have the provider told of the agreement, durably, once this transaction is committed.

    Args:
        uow: The transaction.
        agreement: Accepted, at an automatic provider.
        anew: Though it may be enqueued in this state already; being told twice is harmless.
    """
    agreement.sync_state, agreement.sync_error = SyncState.TO_PUSH, None
    await uow.push(agreement, anew=anew)


def _is_unanswered(agreement: Agreement) -> bool:
    """Whether the customer was asked for its acceptance and has refused it, or let its time pass."""
    request = agreement.acceptance_request
    return (
        request is not None
        and agreement.status is AgreementStatus.ACTIVE
        and agreement.sync_state is SyncState.AWAITING_CUSTOMER
        and request.status in {AcceptanceRequestStatus.EXPIRED, AcceptanceRequestStatus.REFUSED}
    )


async def _get(uow: UnitOfWork, agreement_id: UUID, revision: int | None) -> Agreement:
    agreement = require(await uow.agreements.get(agreement_id), "agreement", "agreementId")
    check_revision(agreement, revision)
    return agreement


def confirms(provider: Provider, agreement: Agreement) -> bool:
    return provider.capabilities.agreement_confirmation and agreement.provider_account_id is not None


def record_acceptance(
    uow: UnitOfWork, agreement: Agreement, *, path: AcceptancePath, signer: Contact | None, on: date
) -> bool:
    acceptance = agreement.accept(path=path, contact=signer, agreed_on=on, by=uow.actor, now=uow.now)
    if acceptance is not None:
        uow.add(acceptance)
    return acceptance is not None


def require_active_place(place: ProviderAccount, *field: str) -> None:
    if place.status is not ProviderAccountStatus.ACTIVE:
        raise DomainError(
            f"Provider account «{place.provider_name}» is inactive.",
            code=ErrorCode.PROVIDER_ACCOUNT_INACTIVE,
            field=field,
            entity=place.id,
        )


async def require_no_other(uow: UnitOfWork, agreement: Agreement, *field: str) -> None:
    other = await uow.agreements.get_active(
        account_id=agreement.account_id,
        template_id=agreement.template_id,
        provider_account_id=agreement.provider_account_id,
    )
    if other is not None and other.status is AgreementStatus.ACTIVE:
        raise DomainError(
            f"{other.number} stands for this customer in these terms already.",
            code=ErrorCode.AGREEMENT_ALREADY_EXISTS,
            field=field,
            entity=other.id,
        )
