"""New agreements: recording by hand that an account stands in terms, or is asked to."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from models import (
    AcceptancePath,
    Account,
    Agreement,
    AgreementOrigin,
    AgreementTemplate,
    Contact,
    DomainError,
    ErrorCode,
    Provider,
    ProviderAccount,
)
from models.agreement import require_past
from repositories import UnitOfWork
from resolvers.agreements import (
    CHECKS,
    confirms,
    queue_push,
    record_acceptance,
    require_active_place,
    require_no_other,
)
from resolvers.checks import checked_values
from resolvers.context import Context
from resolvers.operations import create_once, repeated, require


@dataclass(frozen=True, kw_only=True)
class NewAgreement:
    """An agreement to record by hand; with a signer and a day it is accepted, otherwise pending."""

    account_id: UUID
    agreement_template_id: UUID
    provider_account_id: UUID | None = None
    name: str | None = None
    description: str | None = None
    executed_on: date | None = None
    signed_by: Contact | None = None
    created_on: date | None = None


class ProviderAccountRequired(DomainError):
    """The agreement must say at which of the customer's provider accounts it is.

    Attributes:
        candidates: Ids of the provider accounts to choose from, by name.
    """

    def __init__(self, provider: Provider, candidates: Sequence[ProviderAccount]) -> None:
        super().__init__(
            f"An agreement of «{provider.name}» is made for a provider account: "
            + ("choose one of them." if candidates else "this account has none there."),
            code=ErrorCode.PROVIDER_ACCOUNT_REQUIRED,
            field=("providerAccountId",),
        )
        self.candidates = tuple(each.id for each in candidates)


@repeated
async def create_agreement(
    context: Context, command: NewAgreement, *, idempotency_key: str | None = None
) -> Agreement:
    """Record an agreement; accepted at a provider that confirms, the provider will be told.

    Raises:
        ProviderAccountRequired: The provider is automatic, and the customer has none or several accounts
            there.
        DomainError: NOT_FOUND, INVALID, INVALID_EMAIL, ACCOUNT_INACTIVE, TEMPLATE_INACTIVE,
            TEMPLATE_EXPIRED, PROVIDER_INACTIVE, PROVIDER_ACCOUNT_MISMATCH, PROVIDER_ACCOUNT_INACTIVE,
            AGREEMENT_ALREADY_EXISTS, EXECUTED_ON_IN_FUTURE.
    """
    given = {name: value for name in CHECKS if (value := getattr(command, name)) is not None}
    command = replace(command, **checked_values(CHECKS, given))
    return await create_once(
        context,
        "createAgreement",
        idempotency_key,
        command,
        lambda uow: uow.agreements,
        lambda uow: _add(uow, command),
    )


async def _add(uow: UnitOfWork, command: NewAgreement) -> Agreement:
    today = uow.now.date()
    account = require(await uow.accounts.get(command.account_id), "account", "accountId")
    account.require_active("accountId")
    template = require(
        await uow.templates.peek(command.agreement_template_id), "agreement template", "agreementTemplateId"
    )
    template.require_usable(today, "agreementTemplateId")
    provider = require(await uow.providers.peek(template.provider_id), "provider")
    provider.require_active("agreementTemplateId")
    place = await _place(uow, command.provider_account_id, account, provider)
    if command.executed_on is not None:
        require_past(command.executed_on, today)
    agreement = await _pending(uow, account, template, place, command)
    uow.add(agreement)
    if command.signed_by is not None and command.executed_on is not None:
        record_acceptance(
            uow,
            agreement,
            path=AcceptancePath.RECORDED_BY_HAND,
            signer=command.signed_by,
            on=command.executed_on,
        )
        if confirms(provider, agreement):
            await queue_push(uow, agreement)
    return agreement


async def _pending(
    uow: UnitOfWork,
    account: Account,
    template: AgreementTemplate,
    place: ProviderAccount | None,
    command: NewAgreement,
) -> Agreement:
    (serial,) = await uow.agreements.take_serials()
    agreement = Agreement.pending(
        serial=serial,
        account=account,
        template=template,
        provider_account=place,
        origin=AgreementOrigin.MANUAL,
        name=command.name,
    )
    await require_no_other(uow, agreement, "agreementTemplateId")
    agreement.description, agreement.created_on = command.description, command.created_on
    agreement.executed_on, agreement.signed_by = command.executed_on, command.signed_by
    return agreement


async def _place(
    uow: UnitOfWork, provider_account_id: UUID | None, account: Account, provider: Provider
) -> ProviderAccount | None:
    """Which of the customer's provider accounts the agreement is for; None at a manual provider."""
    if provider_account_id is None:
        if not provider.is_automatic:
            return None
        candidates = await uow.provider_accounts.list_active_of_account(
            account_id=account.id, provider_id=provider.id
        )
        if len(candidates) != 1:
            raise ProviderAccountRequired(provider, candidates)
        return candidates[0]
    place = require(
        await uow.provider_accounts.get(provider_account_id), "provider account", "providerAccountId"
    )
    if (place.provider_id, place.account_id) != (provider.id, account.id):
        raise DomainError(
            f"«{place.provider_name}» is not this account's at «{provider.name}».",
            code=ErrorCode.PROVIDER_ACCOUNT_MISMATCH,
            field=("providerAccountId",),
            entity=place.id,
        )
    require_active_place(place, "providerAccountId")
    return place
