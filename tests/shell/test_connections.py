"""How providers are reached survives a restart, is shared by processes, and is readable with the key only."""

import json
import traceback
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from support.contexts import Queue, utc_now
from support.factories import MANUAL_PROVIDER, NOWHERE, PARTNER_CENTER
from support.partner_center import connection_of
from support.simulator import Simulator, running_simulator

from agreements_api.connections import ProviderClients
from agreements_api.database import Database
from agreements_api.secrets import derive_secrets
from models import Provider, ProviderCapabilities, ProviderConnector, ProviderKind, ProviderRole
from providers.errors import AdministratorNeeded
from providers.manual import Manual
from providers.partner_center import ConfirmationMode, Connection
from providers.rest import RestConnection
from providers.rest.client import RestProvider

KEY = b"correct horse battery staple, twice over"


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    async with running_simulator(refresh_token_grace_seconds=0) as running:
        yield running


@asynccontextmanager
async def clients_of_a_process(database: Database, key: bytes = KEY) -> AsyncGenerator[ProviderClients]:
    """Open the providers' clients as a process does that has just started."""
    clients = ProviderClients(
        database.reads,
        database.transactions(Queue(), utc_now),
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

    assert isinstance(rotated, Connection)
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
    assert isinstance(stored, Connection)
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


async def test_a_connection_of_an_earlier_version_is_read(database: Database) -> None:
    stored = {
        "tenant_id": "t", "client_id": "c", "client_secret": "s", "refresh_token": "r",
        "base_url": "https://api.partnercenter.microsoft.com",
        "login_url": "https://login.microsoftonline.com",
        "admin_center_url": "https://admin.microsoft.com",
        "resource": "https://api.partnercenter.microsoft.com",
        "confirmation": "LEGACY",
    }  # fmt: skip
    await store(database, json.dumps(stored))

    async with clients_of_a_process(database) as clients:
        read = await clients.read(PARTNER_CENTER)

    assert read == Connection(
        tenant_id="t",
        client_id="c",
        client_secret="s",  # noqa: S106  # of this test
        refresh_token="r",  # noqa: S106  # of this test
        confirmation=ConfirmationMode.LEGACY,
        timeout=timedelta(seconds=10),
        max_attempts=1,
    )


async def test_what_cannot_be_understood_is_told_without_showing_it(database: Database) -> None:
    await store(database, '{"client_secret": "a secret"}')

    async with clients_of_a_process(database) as clients:
        with pytest.raises(AdministratorNeeded, match="is not of this version: run") as told:
            await clients.get(PARTNER_CENTER)

    assert "a secret" not in "".join(traceback.format_exception(told.value))


async def test_a_rest_provider_is_reached_as_it_was_stored(database: Database) -> None:
    connection = RestConnection(base_url="http://127.0.0.1:9/contract", api_key="a-key")
    async with clients_of_a_process(database) as clients:
        transactions = database.transactions(Queue(), utc_now)
        async with transactions.begin(actor="test") as uow:
            provider = Provider(name="Crayon", role=ProviderRole.DISTRIBUTOR)
            provider.configure(ProviderKind.AUTOMATIC, ProviderConnector.REST, ProviderCapabilities())
            uow.add(provider)
            await uow.commit()
        await clients.put(provider.id, connection)

        assert isinstance(await clients.get(provider.id), RestProvider)
        assert await clients.read(provider.id) == replace(
            connection, timeout=timedelta(seconds=10), max_attempts=1
        )


async def store(database: Database, text: str) -> None:
    """Store what another version of the program wrote."""
    sealed = derive_secrets(KEY).credentials.encrypt(text.encode())
    transactions = database.transactions(Queue(), utc_now)
    async with transactions.begin(actor="test") as uow:
        await uow.providers.put_connection(PARTNER_CENTER, sealed, uow.now)
        await uow.commit()
