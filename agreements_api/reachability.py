"""Whether the configured providers answer: asked at start, told once."""

import asyncio
from collections.abc import AsyncGenerator
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


@asynccontextmanager
async def warning_of_unreachable(services: Services) -> AsyncGenerator[None]:
    """Ask every configured provider beside what happens inside; those that do not answer are logged once."""
    asking = asyncio.create_task(_warn_of_unreachable(services), name="ask providers")
    try:
        yield
    finally:
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)


async def _warn_of_unreachable(services: Services) -> None:
    for provider in await _configured(services):
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
