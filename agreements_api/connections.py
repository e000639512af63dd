"""Gives the client of each configured provider: credentials unsealed, one client a provider and process."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, TypeAlias
from uuid import UUID

from pydantic import TypeAdapter, ValidationError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from agreements_api.secrets import Seal, SealedOtherwise
from models import ProviderConnector
from providers.base import Provider
from providers.errors import AdministratorNeeded
from providers.manual import Manual
from providers.partner_center import Connection
from providers.rest import RestConnection
from repositories import Transactions
from repositories.providers import ProviderRepository

if TYPE_CHECKING:
    from providers.partner_center.client import PartnerCenter
    from providers.rest.client import RestProvider

_ACTOR = "system"
SaveRefreshToken: TypeAlias = Callable[[str], Awaitable[None]]
AnyConnection: TypeAlias = Connection | RestConnection
_KINDS: dict[ProviderConnector, type[AnyConnection]] = {
    ProviderConnector.PARTNER_CENTER: Connection,
    ProviderConnector.REST: RestConnection,
}
_TUNING = {"timeout", "max_attempts", "first_wait", "page_size"}
"""What is not stored with a connection: it belongs to the process, not to the provider."""

RETIRED_SECONDS = 300
"""How long a replaced client is kept open for the calls that are under way on it."""


@dataclass(frozen=True)
class _Stored:
    name: str
    connector: ProviderConnector
    sealed: bytes | None


class ProviderClients:
    """The clients of the configured providers, made when first asked for.

    A connection that was stored anew, here or by another process, gives a new client. What is stored is
    sealed: without the secret key nothing in it can be read.

    Args:
        reads: Opens connections for looking; no turn to write is taken, so asking is safe anywhere.
        transactions: How changed credentials are stored.
        seal: Seals and unseals credentials.
        timeout: Of one HTTP call.
        max_attempts: Of one call, repeats included.
    """

    def __init__(
        self,
        reads: AsyncEngine,
        transactions: Transactions,
        seal: Seal,
        *,
        timeout: timedelta,
        max_attempts: int,
    ) -> None:
        self._reads, self._transactions, self._seal = reads, transactions, seal
        self._timeout, self._max_attempts = timeout, max_attempts
        self._clients: dict[UUID, tuple[_Stored, Provider]] = {}
        self._retired: list[tuple[float, Provider]] = []
        self._lock = asyncio.Lock()

    async def get(self, provider_id: UUID) -> Provider:
        """Give the provider's client; it stays ours to close.

        Raises:
            AdministratorNeeded: Nobody has configured the provider, or its credentials cannot be read.
        """
        async with self._lock:
            await self._close_retired(older_than_seconds=RETIRED_SECONDS)
            stored = await self._stored(provider_id)
            known = self._clients.get(provider_id)
            if known is not None and known[0] == stored:
                return known[1]
            client = await self._client(provider_id, stored)
            if known is not None:
                self._retired.append((time.monotonic(), known[1]))
            self._clients[provider_id] = stored, client
            return client

    async def put(self, provider_id: UUID, connection: AnyConnection) -> None:
        """Store how to reach the provider, in place of what was stored before."""
        async with self._transactions.begin(actor=_ACTOR) as uow:
            await uow.providers.put_connection(provider_id, self._sealed(connection), uow.now)
            await uow.commit()

    async def read(self, provider_id: UUID) -> AnyConnection | None:
        """Read how the provider is reached; None when nobody has said so.

        Raises:
            AdministratorNeeded: There is no such provider, or what is stored cannot be read.
        """
        stored = await self._stored(provider_id)
        return self._unsealed(stored.connector, stored.sealed) if stored.sealed else None

    async def aclose(self) -> None:
        """Close every client; repeating is harmless."""
        self._retired += [(0.0, client) for _, client in self._clients.values()]
        self._clients.clear()
        await self._close_retired(older_than_seconds=0)

    async def sealed_otherwise(self) -> list[str]:
        """Name the providers, in order, whose credentials the key does not open."""
        async with AsyncSession(self._reads) as session:
            stored = await ProviderRepository(session).list_sealed_by_name()
        return [name for name, sealed in stored if not self._is_readable(sealed)]

    def _is_readable(self, sealed: bytes) -> bool:
        try:
            self._seal.decrypt(sealed)
        except SealedOtherwise:
            return False
        return True

    async def _close_retired(self, *, older_than_seconds: float) -> None:
        limit = time.monotonic() - older_than_seconds
        for entry in [entry for entry in self._retired if entry[0] <= limit]:
            self._retired.remove(entry)
            await entry[1].aclose()

    async def _stored(self, provider_id: UUID) -> _Stored:
        async with AsyncSession(self._reads) as session:
            providers = ProviderRepository(session)
            provider = await providers.peek(provider_id)
            connection = await providers.get_connection(provider_id)
        if provider is None:
            raise AdministratorNeeded("There is no such provider.")
        return _Stored(provider.name, provider.connector, connection.sealed if connection else None)

    async def _client(self, provider_id: UUID, stored: _Stored) -> Provider:
        if stored.connector is ProviderConnector.NONE:
            return Manual()
        if stored.sealed is None:
            add = f"agreements provider add {stored.name!r}"
            raise AdministratorNeeded(f"Nobody has configured how to reach this provider: run `{add}`.")
        # Beside the event loop: the first client of its kind loads libraries, for some tenths of a second.
        connection = await asyncio.to_thread(self._unsealed, stored.connector, stored.sealed)
        if isinstance(connection, RestConnection):
            return (await asyncio.to_thread(_rest_provider))(connection)
        save = self._saver(provider_id, connection, stored.sealed)
        return (await asyncio.to_thread(_partner_center))(connection, save_refresh_token=save)

    def _saver(self, provider_id: UUID, connection: Connection, sealed: bytes) -> SaveRefreshToken:
        """Make what keeps a rotated refresh token, unless a person or another process was quicker.

        What they stored is newer than what this client was made of, and must not be undone.
        """
        mine = sealed

        async def save(refresh_token: str) -> None:
            nonlocal mine
            rotated = self._sealed(replace(connection, refresh_token=refresh_token))
            async with self._transactions.begin(actor=_ACTOR) as uow:
                stored = await uow.providers.get_connection(provider_id)
                if stored is None or stored.sealed != mine:
                    return
                await uow.providers.put_connection(provider_id, rotated, uow.now)
                await uow.commit()
            known = self._clients.get(provider_id)
            if (
                known is not None and known[0].sealed == mine
            ):  # our own rotation is no reason for a new client
                self._clients[provider_id] = replace(known[0], sealed=rotated), known[1]
            mine = rotated

        return save

    def _sealed(self, connection: AnyConnection) -> bytes:
        return self._seal.encrypt(_form(type(connection)).dump_json(connection, exclude=_TUNING))

    def _unsealed(self, connector: ProviderConnector, sealed: bytes) -> AnyConnection:
        """Read what was stored; what it lacks, since an earlier version stored it, is as by default."""
        try:
            connection = _form(_KINDS[connector]).validate_json(self._seal.decrypt(sealed))
        except SealedOtherwise as error:
            raise AdministratorNeeded(
                "The provider's credentials were sealed with another secret key: restore that key, or"
                " run `agreements provider add` again."
            ) from error
        except ValidationError:
            raise AdministratorNeeded(
                "What is stored of how to reach this provider is not of this version: run"
                " `agreements provider add` again."
            ) from None  # its text may show credentials
        return replace(connection, timeout=self._timeout, max_attempts=self._max_attempts)


def _rest_provider() -> "type[RestProvider]":
    from providers.rest.client import RestProvider  # noqa: PLC0415 -- an HTTP client, where somebody is called

    return RestProvider


def _partner_center() -> "type[PartnerCenter]":
    from providers.partner_center.client import PartnerCenter  # noqa: PLC0415 -- the same, and msal: 15 MB

    return PartnerCenter


@cache
def _form(kind: type[AnyConnection]) -> TypeAdapter[AnyConnection]:
    """How a connection is written and read; made at the first use."""
    return TypeAdapter(kind)
