"""Providers: the sources of services that a partner works with."""

from dataclasses import dataclass, replace
from uuid import UUID

from models import (
    DomainError,
    ErrorCode,
    Provider,
    ProviderCapabilities,
    ProviderConnector,
    ProviderKind,
    ProviderRole,
    ProviderStatus,
    microsoft_templates,
)
from repositories import UnitOfWork
from resolvers.checks import checked_text
from resolvers.context import Context
from resolvers.operations import Outcome, check_revision, create_once, repeated, require

_NONE = ProviderCapabilities()


@dataclass(frozen=True, kw_only=True)
class NewProvider:
    """A provider to work with; its credentials are no part of it."""

    name: str
    kind: ProviderKind
    role: ProviderRole
    connector: ProviderConnector = ProviderConnector.NONE
    capabilities: ProviderCapabilities = _NONE


@repeated
async def create_provider(
    context: Context, command: NewProvider, *, idempotency_key: str | None = None
) -> Provider:
    """Begin to work with a provider; one at Partner Center has Microsoft's templates at once.

    Raises:
        DomainError: INVALID, PROVIDER_NAME_TAKEN, CAPABILITY_NOT_ALLOWED, CONNECTOR_UNKNOWN.
    """
    command = replace(command, name=checked_text(command.name, "name"))
    return await create_once(
        context,
        "createProvider",
        idempotency_key,
        command,
        lambda uow: uow.providers,
        lambda uow: _add_provider(uow, command),
    )


async def _add_provider(uow: UnitOfWork, command: NewProvider) -> Provider:
    taken = await uow.providers.get_by_name(command.name)
    if taken is not None:
        raise DomainError(
            f"There is a provider «{taken.name}» already.",
            code=ErrorCode.PROVIDER_NAME_TAKEN,
            field=("name",),
            entity=taken.id,
        )
    provider = Provider(name=command.name, role=command.role)
    provider.configure(command.kind, command.connector, command.capabilities)
    uow.add(provider)
    if provider.connector is ProviderConnector.PARTNER_CENTER:
        await uow.flush()
        for template in microsoft_templates(provider.id):
            uow.add(template)
    return provider


@repeated
async def set_provider_status(
    context: Context, provider_id: UUID, status: ProviderStatus, *, revision: int | None = None
) -> Outcome[Provider]:
    """Stop or resume new business with a provider; what exists of it stays as it is.

    Raises:
        DomainError: NOT_FOUND, REVISION_CONFLICT.
    """
    async with context.unit_of_work(is_single=True) as uow:
        provider = require(await uow.only(Provider, provider_id), "provider", "providerId")
        check_revision(provider, revision)
        changed = provider.status is not status
        if changed:
            provider.status = status
            await uow.commit()
    return Outcome(provider, changed)


@repeated
async def set_provider_capabilities(
    context: Context, provider_id: UUID, capabilities: ProviderCapabilities
) -> Outcome[Provider]:
    """Take over what an automatic provider says of itself.

    Raises:
        DomainError: NOT_FOUND, CAPABILITY_NOT_ALLOWED.
    """
    async with context.unit_of_work() as uow:
        provider = require(await uow.providers.get(provider_id), "provider", "providerId")
        changed = provider.capabilities != capabilities
        if changed:
            provider.configure(provider.kind, provider.connector, capabilities)
            await uow.commit()
    return Outcome(provider, changed)
