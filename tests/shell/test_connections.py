"""How providers are reached survives a restart, is shared by processes, and is readable with the key only."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from support.contexts import Queue, utc_now
from support.factories import MANUAL_PROVIDER, NOWHERE, PARTNER_CENTER
from support.simulator import SimulatedPartner, Simulator, running_simulator

from agreements_api.connections import ProviderClients
from agreements_api.database import Database
from agreements_api.secrets import derive_secrets
from providers.errors import AdministratorNeeded
from providers.manual import Manual
from providers.partner_center import Connection
from repositories import Transactions

KEY = b"correct horse battery staple, twice over"


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    async with running_simulator(refresh_token_grace_seconds=0) as running:
        yield running


def connection_of(partner: SimulatedPartner, simulator: Simulator) -> Connection:
    return Connection(
        tenant_id=partner.tenant_id,
        client_id=partner.client_id,
        client_secret=partner.client_secret,
        refresh_token=partner.refresh_token,
        base_url=simulator.url,
        login_url=simulator.url,
    )


@asynccontextmanager
async def clients_of_a_process(database: Database, key: bytes = KEY) -> AsyncGenerator[ProviderClients]:
    """Open the providers' clients as a process does that has just started."""
    clients = ProviderClients(
        database.reads,
        Transactions(database.writes, database.turn, Queue(), utc_now),
        derive_secrets(key).credentials,
        timeout=timedelta(seconds=10),
        max_attempts=1,
    )
    try:
        yield clients
    finally:
        await clients.aclose()


async def test_a_rotated_refresh_token_is_used_after_a_restart(
    database: Database, simulator: Simulator
) -> None:
    partner = await simulator.add_partner()
    async with clients_of_a_process(database) as clients:
        await clients.put(PARTNER_CENTER, connection_of(partner, simulator))
        client = await clients.get(PARTNER_CENTER)
        await client.list_templates()
        rotated = await clients.read(PARTNER_CENTER)
        assert await clients.get(PARTNER_CENTER) is client

    assert rotated is not None
    assert rotated.refresh_token not in (None, partner.refresh_token)
    async with clients_of_a_process(database) as clients:  # the first refresh token is dead
        assert await (await clients.get(PARTNER_CENTER)).list_templates()


async def test_what_another_process_stores_is_used_from_the_next_call(
    database: Database, simulator: Simulator
) -> None:
    first, second = await simulator.add_partner(), await simulator.add_partner()
    async with clients_of_a_process(database) as server, clients_of_a_process(database) as command:
        await command.put(PARTNER_CENTER, connection_of(first, simulator))
        before = await server.get(PARTNER_CENTER)
        await command.put(PARTNER_CENTER, connection_of(second, simulator))
        after = await server.get(PARTNER_CENTER)

        assert after is not before
        assert await before.list_templates()  # a call under way ends as it began …
        stored = await server.read(PARTNER_CENTER)
    assert stored is not None
    assert stored.refresh_token == second.refresh_token  # … and its rotation undoes nothing


async def test_credentials_sealed_with_another_key_are_to_be_stored_again(
    database: Database, simulator: Simulator
) -> None:
    connection = connection_of(await simulator.add_partner(), simulator)
    async with clients_of_a_process(database) as clients:
        await clients.put(PARTNER_CENTER, connection)

    async with clients_of_a_process(database, key=b"another key" * 4) as clients:
        with pytest.raises(
            AdministratorNeeded,
            match=r"with another secret key: restore that key, or run `agreements provider add`",
        ):
            await clients.get(PARTNER_CENTER)
        await clients.put(PARTNER_CENTER, connection)
        stored = await clients.read(PARTNER_CENTER)
    assert stored == replace(connection, timeout=timedelta(seconds=10), max_attempts=1)


async def test_providers_without_credentials_are_told_apart(database: Database) -> None:
    async with clients_of_a_process(database) as clients:
        assert isinstance(await clients.get(MANUAL_PROVIDER), Manual)
        assert await clients.read(PARTNER_CENTER) is None
        with pytest.raises(AdministratorNeeded, match="Nobody has configured"):
            await clients.get(PARTNER_CENTER)
        with pytest.raises(AdministratorNeeded, match="There is no such provider"):
            await clients.get(NOWHERE)
