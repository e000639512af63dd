"""What the provider commands do: find, make, connect, examine."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from secrets import token_urlsafe
from tempfile import TemporaryDirectory

from pydantic import SecretStr

from agreements_api.connections import AnyConnection
from agreements_api.errors import StartupError
from agreements_api.logs import configure_logs
from agreements_api.migrations import is_there, must_exist
from agreements_api.services import Services, open_services
from agreements_api.settings import Settings, load_settings
from models import DomainError, Provider, ProviderCapabilities, ProviderConnector, ProviderKind, ProviderRole
from providers.errors import AdministratorNeeded
from resolvers.providers import NewProvider, create_provider, set_provider_capabilities

ACTOR = "cli"
_ROLES = {
    ProviderConnector.PARTNER_CENTER: ProviderRole.VENDOR,
    ProviderConnector.REST: ProviderRole.DISTRIBUTOR,
    ProviderConnector.NONE: ProviderRole.VENDOR,
}


def has_database() -> bool:
    return is_there(load_settings().database_url)


@asynccontextmanager
async def provider_services(*, may_be_new: bool = False, any_key: bool = False) -> AsyncGenerator[Services]:
    """Open what the commands work with.

    Args:
        may_be_new: Whether the database is made if there is none.
        any_key: Whether the secret key may be one that opens nothing of what is stored.
    """
    settings = _settings()
    if not may_be_new:
        must_exist(settings.database_url)
    async with open_services(settings, run_jobs=False, any_key=any_key) as services:
        yield services


@asynccontextmanager
async def rehearsal() -> AsyncGenerator[Services]:
    """Open a new database that is gone at the end: what is refused there needs no lasting one.

    Whoever kills the process leaves it behind: no secret belongs there. Its key is in memory alone.

    Raises:
        StartupError: There is no place for it, or what `open_services` raises.
    """
    settings = _settings()
    try:
        folder = TemporaryDirectory()
    except OSError as error:
        raise StartupError(f"Cannot make a temporary folder: {error.strerror}.") from error
    with folder as path:
        passing = settings.model_copy(
            update={
                "database_url": f"sqlite:///{path}/agreements.db",
                "secret_key": SecretStr(token_urlsafe(48)),
            }
        )
        async with open_services(passing, run_jobs=False) as services:
            yield services


def _settings() -> Settings:
    settings = load_settings()
    configure_logs(level=settings.log_level, format=settings.log_format)
    return settings


async def list_providers(services: Services) -> Sequence[Provider]:
    async with services.context(ACTOR).look() as view:
        return await view.providers.list_all()


async def find_provider(services: Services, name: str) -> Provider | None:
    async with services.context(ACTOR).look() as view:
        return await view.providers.get_by_name(name)


async def require_provider(services: Services, name: str) -> Provider:
    """Raises StartupError, with the names that there are, if there is no such provider."""
    provider = await find_provider(services, name)
    if provider is None:
        known = ", ".join(f"«{each.name}»" for each in await list_providers(services))
        raise StartupError(
            f"There is no provider «{name}».",
            hint=f"There are {known}; `agreements provider add` makes more.",
        )
    return provider


async def make_provider(
    services: Services, name: str, connector: ProviderConnector, role: ProviderRole | None
) -> Provider:
    """Begin to work with a provider; what it can do is asked once it can be reached.

    Raises:
        StartupError: The name cannot be, or another command took it meanwhile.
    """
    manual = connector is ProviderConnector.NONE
    new = NewProvider(
        name=name,
        kind=ProviderKind.MANUAL if manual else ProviderKind.AUTOMATIC,
        role=role or _ROLES[connector],
        connector=connector,
    )
    try:
        return await create_provider(services.context(ACTOR), new)
    except DomainError as error:
        raise StartupError(str(error)) from error


async def has_terms(services: Services, provider: Provider) -> bool:
    """Whether agreements can be made there today: it has a template in force."""
    async with services.context(ACTOR).look() as view:
        today = datetime.now(UTC).date()
        return bool(await view.templates.list_in_force(provider.id, today=today))


async def stored_connection(services: Services, provider: Provider) -> AnyConnection | None:
    """Read how the provider is reached; None also when it cannot be unsealed any more."""
    try:
        return await services.providers.read(provider.id)
    except AdministratorNeeded:
        return None


async def ask_capabilities(
    services: Services, provider: Provider, *, setting_up: bool = False
) -> ProviderCapabilities:
    """Have the provider say what it can do, and keep it.

    Unless it is being set up, what a person has switched off at Partner Center stays off.

    Raises:
        ProviderError: It could not be asked.
    """
    client = await services.providers.get(provider.id)
    told = asdict(await client.read_capabilities())
    chosen = not setting_up and provider.connector is ProviderConnector.PARTNER_CENTER
    if chosen and provider.capabilities.any():
        told = {name: can and getattr(provider.capabilities, name) for name, can in told.items()}
    capabilities = ProviderCapabilities(**told)
    await set_provider_capabilities(services.context(ACTOR), provider.id, capabilities)
    return capabilities
