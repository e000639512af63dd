"""Provider accounts: customers as a provider knows them, and whose they are."""

from dataclasses import dataclass, replace
from uuid import UUID

from models import (
    Agreement,
    AgreementOrigin,
    DomainError,
    ErrorCode,
    Provider,
    ProviderAccount,
    ProviderAccountMapping,
)
from repositories import UnitOfWork
from resolvers.checks import checked_domain, checked_id, checked_text
from resolvers.context import Context
from resolvers.openings import open_missing_agreements
from resolvers.operations import Outcome, check_revision, create_once, repeated, require


@dataclass(frozen=True, kw_only=True)
class NewProviderAccount:
    """A customer at a provider, entered by hand; `account_id` says at once whose it is."""

    provider_id: UUID
    provider_specific_id: str
    provider_name: str
    domain: str | None = None
    account_id: UUID | None = None
    sync_enabled: bool = True


@dataclass(frozen=True)
class Mapped:
    """A provider account that has found its account, and the agreements that were opened for it."""

    provider_account: ProviderAccount
    agreements: tuple[Agreement, ...]
    changed: bool


@repeated
async def create_provider_account(
    context: Context, command: NewProviderAccount, *, idempotency_key: str | None = None
) -> ProviderAccount:
    """Enter a customer at a provider by hand; with an account, it is mapped as by `map_provider_account`.

    Raises:
        DomainError: NOT_FOUND, INVALID, PROVIDER_INACTIVE, PROVIDER_ACCOUNT_DUPLICATE, ACCOUNT_INACTIVE.
    """
    command = replace(
        command,
        provider_specific_id=checked_id(command.provider_specific_id, "providerSpecificId"),
        provider_name=checked_text(command.provider_name, "providerName"),
        domain=checked_domain(command.domain, "domain"),
    )
    return await create_once(
        context,
        "createProviderAccount",
        idempotency_key,
        command,
        lambda uow: uow.provider_accounts,
        lambda uow: _add(uow, command),
    )


@repeated
async def map_provider_account(
    context: Context, provider_account_id: UUID, account_id: UUID, *, revision: int | None = None
) -> Mapped:
    """Say whose tenant this is, and open the agreements that a sync would open then.

    Raises:
        DomainError: NOT_FOUND, REVISION_CONFLICT, ALREADY_MAPPED, ACCOUNT_INACTIVE.
    """
    async with context.unit_of_work() as uow:
        place = require(
            await uow.provider_accounts.get(provider_account_id), "provider account", "providerAccountId"
        )
        check_revision(place, revision)
        account = require(await uow.accounts.peek(account_id), "account", "accountId")
        if not place.map_to(account, ProviderAccountMapping.MANUAL):
            return Mapped(place, (), changed=False)
        provider = require(await uow.providers.peek(place.provider_id), "provider")
        opened = await _open(uow, provider, place)
        await uow.commit()
    return Mapped(place, opened, changed=True)


@repeated
async def unmap_provider_account(
    context: Context, provider_account_id: UUID, *, revision: int | None = None
) -> Outcome[ProviderAccount]:
    """Forget whose tenant this is, as long as no agreement depends on it; repeating it is harmless.

    Raises:
        DomainError: NOT_FOUND, REVISION_CONFLICT, HAS_AGREEMENTS.
    """
    async with context.unit_of_work() as uow:
        place = require(
            await uow.provider_accounts.get(provider_account_id), "provider account", "providerAccountId"
        )
        check_revision(place, revision)
        changed = place.unmap(has_agreements=await uow.provider_accounts.has_agreements(place.id))
        if changed:
            await uow.commit()
    return Outcome(place, changed)


async def _add(uow: UnitOfWork, command: NewProviderAccount) -> ProviderAccount:
    provider = require(await uow.providers.peek(command.provider_id), "provider", "providerId")
    provider.require_active("providerId")
    duplicate = await uow.provider_accounts.get_by_specific_id(
        provider_id=provider.id, provider_specific_id=command.provider_specific_id
    )
    if duplicate is not None:
        raise DomainError(
            f"«{duplicate.provider_name}» has this id at the provider.",
            code=ErrorCode.PROVIDER_ACCOUNT_DUPLICATE,
            field=("providerSpecificId",),
            entity=duplicate.id,
        )
    place = ProviderAccount(
        provider_id=provider.id,
        provider_specific_id=command.provider_specific_id,
        provider_name=command.provider_name,
        domain=command.domain,
        sync_enabled=command.sync_enabled,
    )
    if command.account_id is not None:
        account = require(await uow.accounts.peek(command.account_id), "account", "accountId")
        place.map_to(account, ProviderAccountMapping.MANUAL)
    uow.add(place)
    await _open(uow, provider, place)
    return place


async def _open(uow: UnitOfWork, provider: Provider, place: ProviderAccount) -> tuple[Agreement, ...]:
    await uow.flush()
    return tuple(
        await open_missing_agreements(
            uow, provider, [place], today=uow.now.date(), origin=AgreementOrigin.SYNC
        )
    )
