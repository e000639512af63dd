"""What `agreements provider add` stores, and what it refuses."""

import os
from dataclasses import dataclass
from typing import Any

from agreements_api.connections import AnyConnection
from agreements_api.errors import StartupError
from agreements_api.provider_connecting import TOKEN_VARIABLE, connection_from
from agreements_api.provider_setup import find_provider, make_provider, stored_connection
from agreements_api.services import Services
from models import Provider, ProviderConnector, ProviderRole
from providers.partner_center import Connection


@dataclass(frozen=True)
class Wanted:
    """What is to be stored; the connection is known once a rehearsal has made it."""

    name: str
    connector: ProviderConnector | None
    role: ProviderRole | None
    given: dict[str, Any]
    connection: AnyConnection | None = None


@dataclass(frozen=True)
class Decided:
    """What is to be stored; a provider that is served by hand has no connection."""

    provider: Provider
    connection: AnyConnection | None
    is_new: bool

    def told(self) -> str:
        """Say what was done once it is stored, and what comes next."""
        name = self.provider.name
        if self.connection is None:
            if self.is_new:
                return f"Made «{name}»: what has to be done there is done by hand."
            return f"«{name}» is served by hand: there is nothing to store."
        if isinstance(self.connection, Connection) and self.connection.refresh_token is None:
            return f"Stored. A partner user consents with: agreements provider login {name!r}"
        return f"Stored. Try it with: agreements provider check {name!r}"


async def decide(services: Services, wanted: Wanted) -> Decided:
    """Make the connection, of what is stored and given or asked for, and the provider if there is none.

    No secret is written.

    Raises:
        StartupError: Something is missing or cannot be; nothing is made.
    """
    provider = await find_provider(services, wanted.name)
    kind = _connector(wanted.name, provider, wanted.connector, wanted.given)
    connection = wanted.connection or await _connection(services, provider, kind, wanted)
    is_new = provider is None
    if provider is None:
        provider = await make_provider(services, wanted.name, kind, wanted.role)
    return Decided(provider, connection, is_new)


async def store(services: Services, decided: Decided) -> None:
    """Store how the provider is reached, sealed."""
    if decided.connection is not None:
        await services.providers.put(decided.provider.id, decided.connection)


async def _connection(
    services: Services, provider: Provider | None, kind: ProviderConnector, wanted: Wanted
) -> AnyConnection | None:
    if kind is not ProviderConnector.NONE:
        stored = None if provider is None else await stored_connection(services, provider)
        return connection_from(kind, stored, wanted.given, os.environ.get(TOKEN_VARIABLE) or None)
    if wanted.given:
        raise StartupError(
            f"«{wanted.name}» is served by hand: there is nothing to reach.", hint="Leave out the options."
        )
    return None


def _connector(
    name: str, provider: Provider | None, told_connector: ProviderConnector | None, given: dict[str, Any]
) -> ProviderConnector:
    """Say by what kind of connection the provider is reached, as it is or is to be made."""
    if provider is not None:
        if told_connector not in {None, provider.connector}:
            raise StartupError(
                f"«{provider.name}» is reached by {provider.connector}, which cannot be changed.",
                hint="Choose another name for a new provider.",
            )
        return provider.connector
    if told_connector is not None:
        return told_connector
    if "tenant_id" in given:
        return ProviderConnector.PARTNER_CENTER
    if "base_url" in given:
        return ProviderConnector.REST
    raise StartupError(
        f"There is no provider «{name}».",
        hint="A new one needs --tenant-id and --client-id (Partner Center), --base-url (REST) or"
        " --connector none (served by hand).",
    )
