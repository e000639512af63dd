"""Makes what a test needs first, through the same resolvers that users go through."""

from datetime import date
from itertools import count
from typing import Any
from uuid import UUID

from models import (
    Account,
    AccountStatus,
    Agreement,
    AgreementTemplate,
    AgreementTemplateStatus,
    Audited,
    BillingContract,
    BillingContractStatus,
    BillingFrequency,
    BillingPolicy,
    Contact,
    Provider,
    ProviderAccount,
    ProviderAccountStatus,
    ProviderCapabilities,
    ProviderConnector,
    ProviderKind,
    ProviderRole,
)
from resolvers.accounts import NewAccount, create_account
from resolvers.billing_contracts import NewBillingContract, create_billing_contract
from resolvers.context import Context
from resolvers.new_agreements import NewAgreement, create_agreement
from resolvers.provider_accounts import NewProviderAccount, create_provider_account
from resolvers.providers import NewProvider, create_provider
from resolvers.templates import NewTemplate, create_agreement_template

PARTNER_CENTER = UUID("0198f3c0-0000-7000-8000-000000000001")
MANUAL_PROVIDER = UUID("0198f3c0-0000-7000-8000-000000000002")
CUSTOMER_AGREEMENT = UUID("0198f3c0-0000-7000-8000-000000000011")
CLOUD_AGREEMENT = UUID("0198f3c0-0000-7000-8000-000000000012")
"""What the migrations seed."""

NOWHERE = UUID("0198f3c0-0000-7000-8000-00000000dead")
"""An id that nothing has."""

ADA = Contact("Ada", "Lovelace", "ada@contoso.example", "+44 20 7946 0000")
GRACE = Contact("Grace", "Hopper", "grace@contoso.example")
SIGNED = {"executed_on": date(2026, 1, 15), "signed_by": ADA}

_serial = count(1)


def next_number() -> int:
    """Give a number that no other row of the run has in its name."""
    return next(_serial)


async def an_account(context: Context, **values: Any) -> Account:
    return await create_account(context, NewAccount(**{"name": f"Account {next_number()}", **values}))


async def a_provider(context: Context, *, automatic: bool = False, **values: Any) -> Provider:
    """Make a provider; an automatic one has all capabilities."""
    made = {
        "name": f"Provider {next_number()}",
        "kind": ProviderKind.AUTOMATIC if automatic else ProviderKind.MANUAL,
        "role": ProviderRole.DISTRIBUTOR,
        "connector": ProviderConnector.REST if automatic else ProviderConnector.NONE,
        "capabilities": ProviderCapabilities(*[automatic] * 4),
    }
    return await create_provider(context, NewProvider(**{**made, **values}))


async def a_template(
    context: Context, provider_id: UUID = MANUAL_PROVIDER, **values: Any
) -> AgreementTemplate:
    number = next_number()
    made = {"provider_id": provider_id, "name": f"Terms {number}", "template_id": f"T-{number}"}
    return await create_agreement_template(context, NewTemplate(**{**made, **values}))


async def a_provider_account(
    context: Context, provider_id: UUID, account_id: UUID | None = None, **values: Any
) -> ProviderAccount:
    """Make a provider account that no sync touches, so that mapping it opens no agreement."""
    number = next_number()
    made = {
        "provider_id": provider_id,
        "provider_specific_id": f"tenant-{number}",
        "provider_name": f"Tenant {number}",
        "account_id": account_id,
        "sync_enabled": False,
    }
    return await create_provider_account(context, NewProviderAccount(**{**made, **values}))


async def an_agreement(
    context: Context, *, account_id: UUID | None = None, template_id: UUID | None = None, **values: Any
) -> Agreement:
    """Make a pending agreement of the Manual Provider; with `**SIGNED` an accepted one."""
    account_id = account_id or (await an_account(context)).id
    template_id = template_id or (await a_template(context)).id
    made = {"account_id": account_id, "agreement_template_id": template_id}
    return await create_agreement(context, NewAgreement(**{**made, **values}))


async def a_contract(context: Context, account_id: UUID, **values: Any) -> BillingContract:
    made = {
        "account_id": account_id,
        "name": f"Contract {next_number()}",
        "billing_frequency": BillingFrequency.MONTHLY,
        "billing_policy": BillingPolicy.ARREARS,
        "start_on": date(2026, 1, 1),
        "currency": "EUR",
    }
    return await create_billing_contract(context, NewBillingContract(**{**made, **values}))


async def make_inactive(context: Context, entity: Audited) -> None:
    """Set the status of an account, template, provider account or contract to inactive."""
    repositories = {
        Account: ("accounts", AccountStatus.INACTIVE),
        AgreementTemplate: ("templates", AgreementTemplateStatus.INACTIVE),
        ProviderAccount: ("provider_accounts", ProviderAccountStatus.INACTIVE),
        BillingContract: ("billing_contracts", BillingContractStatus.INACTIVE),
    }
    name, status = repositories[type(entity)]
    async with context.unit_of_work() as uow:
        stored = await getattr(uow, name).get(entity.id)
        stored.status = status
        await uow.commit()
