"""Billing contracts: what customers are billed for and how often."""

from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from models import BillingContract, BillingFrequency, BillingPolicy
from repositories import UnitOfWork
from resolvers.checks import checked_day, checked_text
from resolvers.context import Context
from resolvers.operations import create_once, repeated, require


@dataclass(frozen=True, kw_only=True)
class NewBillingContract:
    """A billing relationship with an account; `currency` is an ISO 4217 code."""

    account_id: UUID
    name: str
    billing_frequency: BillingFrequency
    billing_policy: BillingPolicy
    start_on: date
    currency: str
    end_on: date | None = None
    auto_renew: bool = False
    is_default: bool = False


@repeated
async def create_billing_contract(
    context: Context, command: NewBillingContract, *, idempotency_key: str | None = None
) -> BillingContract:
    """Enter a billing contract; as the default it takes the place of the account's former default.

    Raises:
        DomainError: NOT_FOUND, INVALID, DATES_REVERSED, ACCOUNT_INACTIVE.
    """
    command = replace(
        command,
        name=checked_text(command.name, "name"),
        currency=checked_text(command.currency, "currency"),
    )
    checked_day(command.start_on, "startOn")
    return await create_once(
        context,
        "createBillingContract",
        idempotency_key,
        command,
        lambda uow: uow.billing_contracts,
        lambda uow: _add(uow, command),
    )


async def _add(uow: UnitOfWork, command: NewBillingContract) -> BillingContract:
    account = require(await uow.accounts.get(command.account_id), "account", "accountId")
    account.require_active("accountId")
    contract = BillingContract(
        account_id=account.id,
        name=command.name,
        billing_frequency=command.billing_frequency,
        billing_policy=command.billing_policy,
        start_on=command.start_on,
        end_on=command.end_on,
        auto_renew=command.auto_renew,
        currency=command.currency,
        is_default=command.is_default,
    )
    contract.check()
    if command.is_default:
        former = await uow.billing_contracts.get_default(account.id)
        if former is not None:
            former.is_default = False
            await uow.flush()  # before the new one, or there would be two for a moment
    uow.add(contract)
    return contract
