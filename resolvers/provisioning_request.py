"""What can be asked of a provisioning, and everything that can stand against it before anything is done."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from models import (
    Account,
    AgreementTemplate,
    Contact,
    DomainError,
    ErrorCode,
    Provider,
)
from models.agreement import require_past
from providers import base
from providers.errors import ProviderError, ProviderUnavailable, Unsupported
from repositories import UnitOfWork
from resolvers.accounts import NewAccount, add_account
from resolvers.checks import camel, checked_contact, checked_day, checked_domain
from resolvers.confirming import at_provider
from resolvers.context import Context
from resolvers.errors import Refusals
from resolvers.operations import require
from resolvers.provisioning_order import Order

LONGEST_CHECK_SECONDS = 20


@dataclass(frozen=True, kw_only=True)
class ProvisionAccount:
    """Create a customer at a provider, with the record of the agreement that it stands in.

    Attributes:
        account_id: A customer in the books, or `new_account`: exactly one of them.
        signed_by: Who agreed; None for the account's primary contact.
        domain: What the provider shall call the customer; needed where it creates a tenant.
        existing_tenant: The customer is at the provider already and is invited; nothing is created.
    """

    provider_id: UUID
    template_id: UUID | None
    executed_on: date | None
    account_id: UUID | None = None
    new_account: NewAccount | None = None
    signed_by: Contact | None = None
    domain: str | None = None
    existing_tenant: bool = False

    def checked(self) -> "ProvisionAccount":
        """The same without surrounding blanks; raises DomainError INVALID, INVALID_EMAIL.

        A new account whose tenant exists takes the tenant's domain if it has none: by that it is found.
        """
        if (self.account_id is None) == (self.new_account is None):
            raise DomainError("Give either accountId or newAccount.", field=("accountId",))
        domain = checked_domain(self.domain, "domain")
        account = self.new_account and self.new_account.checked("newAccount")
        if account is not None and self.existing_tenant:
            account = replace(account, domain=account.domain or domain)
        return replace(
            self,
            new_account=account,
            executed_on=checked_day(self.executed_on, "executedOn"),
            signed_by=checked_contact(self.signed_by, "signedBy"),
            domain=domain,
        )


class AlreadyProvisioned(DomainError):
    """The customer is there, or on its way there; one of the two ids says which."""

    def __init__(
        self,
        message: str,
        *field: str,
        provider_account_id: UUID | None = None,
        job_id: UUID | None = None,
    ) -> None:
        entity = provider_account_id or job_id
        super().__init__(message, code=ErrorCode.ALREADY_PROVISIONED, field=field, entity=entity)
        self.provider_account_id, self.job_id = provider_account_id, job_id


@dataclass(frozen=True)
class Request:
    """A request against which nothing of ours stands; the account is new with `newAccount`."""

    provider: Provider
    template: AgreementTemplate
    account: Account
    order: Order


async def check_request(uow: UnitOfWork, command: ProvisionAccount) -> Request:
    """Make all checks that need no answer of the provider; a new account is added to the transaction.

    Raises:
        DomainError: What stands against the request.
    """
    executed_on = _executed_on(command, uow.now.date())
    template, provider = await _terms(uow, command, uow.now.date())
    account = await _account(uow, command)
    signer = command.signed_by or account.primary_contact
    if signer is None:
        raise DomainError(
            "Who agreed? The account has no primary contact.",
            code=ErrorCode.SIGNER_REQUIRED,
            field=("signedBy",),
        )
    _require_capable(provider, command)
    creates = provider.is_automatic and not command.existing_tenant
    customer = _new_customer(account, signer, command.domain) if creates else None
    if provider.is_automatic:
        await _require_unknown(uow, provider.id, command.domain)
        await require_alone(uow, provider.id, account.id, command.domain)
    else:
        await _require_no_agreement(uow, account, template)
    return Request(
        provider, template, account, Order(executed_on=executed_on, signer=signer, customer=customer)
    )


async def ask_provider(context: Context, command: ProvisionAccount) -> str | None:
    """Make all checks, those of the provider too; nothing is written, here or there.

    Returns:
        Where an existing customer accepts the partner, if that is what was asked for.

    Raises:
        DomainError: What stands against the request, or that the provider could not be asked.
    """
    async with context.unit_of_work() as uow:  # left without a commit: a new account is not kept
        request = await check_request(uow, command)
    if not request.provider.is_automatic:
        return None
    try:
        async with asyncio.timeout(LONGEST_CHECK_SECONDS):
            client = await context.providers.get(request.provider.id)
            if request.order.customer is None:
                return await client.invitation_url()
            problems = await client.check_new_customer(request.order.customer)
    except TimeoutError:
        raise _unavailable(f"«{request.provider.name}» did not answer in time.") from None
    except ProviderUnavailable as error:
        raise _unavailable(str(error)) from error
    except Unsupported as error:
        raise _unsupported(str(error), "providerId") from error
    except ProviderError as error:
        raise DomainError(str(error), code=ErrorCode.PROVIDER_REFUSED, field=("providerId",)) from error
    _refuse(problems, command)
    return None


async def require_alone(
    uow: UnitOfWork, provider_id: UUID, account_id: UUID | None, domain: str | None
) -> None:
    """Raise AlreadyProvisioned while a provisioning of the account or of the domain is under way there."""
    for job in await uow.jobs.list_unfinished_provisionings(provider_id):
        if job.account_id == account_id:
            message = "A provisioning of this account at this provider is under way."
            raise AlreadyProvisioned(message, "accountId", job_id=job.id)
        other = Order.from_json(job.arguments).customer
        if domain is not None and other is not None and other.domain == domain:
            raise AlreadyProvisioned(f"{domain} is being provisioned.", "domain", job_id=job.id)


def _executed_on(command: ProvisionAccount, today: date) -> date:
    if command.executed_on is None:
        raise DomainError(
            "On which day did the customer agree?", code=ErrorCode.EXECUTED_ON_REQUIRED, field=("executedOn",)
        )
    require_past(command.executed_on, today)
    return command.executed_on


async def _terms(
    uow: UnitOfWork, command: ProvisionAccount, today: date
) -> tuple[AgreementTemplate, Provider]:
    field = "agreementTemplateId"
    if command.template_id is None:
        raise DomainError(
            "Which terms does the customer agree to?", code=ErrorCode.TEMPLATE_REQUIRED, field=(field,)
        )
    template = require(await uow.templates.peek(command.template_id), "agreement template", field)
    # Locked, so that of two requests for one domain the second sees the first.
    provider = require(await uow.providers.get(command.provider_id), "provider", "providerId")
    template.require_usable(today, field)
    if template.provider_id != provider.id:
        raise DomainError(
            f"Template «{template.name}» is not one of «{provider.name}».",
            code=ErrorCode.TEMPLATE_PROVIDER_MISMATCH,
            field=(field,),
        )
    provider.require_active("providerId")
    return template, provider


async def _account(uow: UnitOfWork, command: ProvisionAccount) -> Account:
    if command.new_account is not None:
        return await add_account(uow, command.new_account, "newAccount")
    found = await uow.accounts.get(command.account_id) if command.account_id else None
    account = require(found, "account", "accountId")
    account.require_active("accountId")
    return account


def _require_capable(provider: Provider, command: ProvisionAccount) -> None:
    """Who is invited is found by a sync; who is created is created by a call; by hand all goes."""
    if command.existing_tenant and not provider.capabilities.customer_sync:
        raise _unsupported(f"«{provider.name}» invites no existing customers.", "existingTenant")
    creates = provider.is_automatic and not command.existing_tenant
    if creates and not provider.capabilities.customer_creation:
        raise _unsupported(f"«{provider.name}» creates no customers.", "providerId")


def _new_customer(account: Account, signer: Contact, domain: str | None) -> base.NewCustomer:
    address = account.address and base.Address(
        line1=account.address.line1,
        line2=account.address.line2,
        city=account.address.city,
        region=account.address.region,
        postal_code=account.address.postal_code,
        country=account.address.country,
    )
    return base.NewCustomer(
        name=account.name,
        contact=at_provider(account.primary_contact or signer),
        domain=domain,
        address=address,
        organization_registration_number=account.organization_registration_number,
    )


async def _require_unknown(uow: UnitOfWork, provider_id: UUID, domain: str | None) -> None:
    if domain is None:
        return
    known = await uow.provider_accounts.get_active_by_domain(provider_id=provider_id, domain=domain)
    if known is not None:
        message = f"{domain} is the domain of «{known.provider_name}» already."
        raise AlreadyProvisioned(message, "domain", provider_account_id=known.id)


async def _require_no_agreement(uow: UnitOfWork, account: Account, template: AgreementTemplate) -> None:
    known = await uow.agreements.get_active(
        account_id=account.id, template_id=template.id, provider_account_id=None
    )
    if known is not None:
        raise DomainError(
            f"{known.number} is this account's agreement in «{template.name}» already.",
            code=ErrorCode.AGREEMENT_ALREADY_EXISTS,
            field=("agreementTemplateId",),
            entity=known.id,
        )


def _refuse(problems: Sequence[base.Problem], command: ProvisionAccount) -> None:
    refusals = [
        DomainError(each.message, code=ErrorCode(each.code.value), field=_input_field(each.field, command))
        for each in problems
    ]
    if refusals:
        raise Refusals(*refusals)


def _input_field(path: tuple[str, ...], command: ProvisionAccount) -> tuple[str, ...]:
    """Say where the caller wrote what the provider found fault with."""
    if path[0] == "domain":
        return ("domain",)
    account = command.new_account
    if path[0] == "contact" and account is not None and account.primary_contact is None:
        return "signedBy", *path[1:]  # it stands in for the contact that the account lacks
    if account is None:
        return ("accountId",)
    first = "primaryContact" if path[0] == "contact" else camel(path[0])
    return "newAccount", first, *(camel(part) for part in path[1:])


def _unsupported(message: str, *field: str) -> DomainError:
    return DomainError(message, code=ErrorCode.CUSTOMER_CREATION_UNSUPPORTED, field=field)


def _unavailable(message: str) -> DomainError:
    return DomainError(message, code=ErrorCode.PROVIDER_UNAVAILABLE, field=("providerId",))
