"""Whether the configured providers can be called, and answer: asked at start, told once."""

import asyncio
from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager
from uuid import UUID

from agreements_api.logs import get_logger
from agreements_api.services import Services
from models import Provider, ProviderConnector
from providers.errors import ProviderError, Unsupported

_log = get_logger(__name__)


async def reach(services: Services, provider_id: UUID) -> None:
    """Ask the provider for something small.

    Raises:
        ProviderError: It does not answer, or does not let us in.
    """
    client = await services.providers.get(provider_id)
    try:
        await client.list_templates()
    except Unsupported:
        await client.read_capabilities()


async def warn_of_sealed_otherwise(services: Services) -> Collection[str]:
    """Name in the log the providers whose credentials the secret key does not open, and give their names.

    That it opens some is enough to start: one may have been stored with another key since.
    """
    names = await services.providers.sealed_otherwise()
    if names:
        _log.warning(
            "Credentials of providers are sealed with another secret key, and cannot be read",
            providers=names,
            remedy="Start with that key, or store them anew with `agreements provider add`.",
        )
    return names


@asynccontextmanager
async def warning_of_unreachable(services: Services) -> AsyncGenerator[None]:
    """Ask every configured provider beside what happens inside; those that do not answer are logged once."""
    unreadable = await warn_of_sealed_otherwise(services)
    asking = asyncio.create_task(_warn_of_unreachable(services, unreadable), name="ask providers")
    try:
        yield
    finally:
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)


async def _warn_of_unreachable(services: Services, unreadable: Collection[str]) -> None:
    for provider in await _configured(services):
        if provider.name in unreadable:
            continue
        try:
            await reach(services, provider.id)
        except ProviderError as error:
            _log.warning("A provider does not answer", provider=provider.name, reason=str(error))
        except Exception:  # noqa: BLE001 -- serving does not depend on it
            _log.exception("A provider could not be asked", provider=provider.name)


async def _configured(services: Services) -> list[Provider]:
    async with services.context("system").look() as view:
        active = await view.providers.list_active()
        return [
            provider
            for provider in active
            if provider.connector is not ProviderConnector.NONE
            and await view.providers.get_connection(provider.id) is not None
        ]
