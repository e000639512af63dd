"""Simulated providers over HTTP, and clients of them that give up quickly."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing
from datetime import timedelta
from typing import Any, Protocol

import pytest
from support.partner_center import connection_of
from support.provider_stands import Stand, stand_of_manual, stand_of_partner_center, stand_of_rest
from support.rest_simulator import API_KEY, RestSimulator
from support.simulator import SimulatedPartner, Simulator

from providers.clock import Clock
from providers.partner_center.client import PartnerCenter
from providers.rest import RestConnection
from providers.rest.client import RestProvider


class Connect(Protocol):
    """Opens a client as a partner; other arguments are those of `Connection`."""

    def __call__(
        self,
        partner: SimulatedPartner,
        *,
        save_refresh_token: Callable[[str], Awaitable[None]] | None = None,
        clock: Clock | None = None,
        **changes: Any,
    ) -> PartnerCenter: ...


class ConnectRest(Protocol):
    """Opens a client of the REST provider; other arguments are those of `RestConnection`."""

    def __call__(self, *, clock: Clock | None = None, **changes: Any) -> RestProvider: ...


@pytest.fixture
async def connect(simulator: Simulator) -> AsyncIterator[Connect]:
    async with AsyncExitStack() as opened:

        def open_client(
            partner: SimulatedPartner,
            *,
            save_refresh_token: Callable[[str], Awaitable[None]] | None = None,
            clock: Clock | None = None,
            **changes: Any,
        ) -> PartnerCenter:
            quick: dict[str, Any] = {"first_wait": timedelta(milliseconds=10)}
            connection = connection_of(partner, simulator, **quick | changes)
            client = PartnerCenter(connection, save_refresh_token=save_refresh_token, clock=clock)
            opened.push_async_exit(aclosing(client))
            return client

        yield open_client


@pytest.fixture
async def client(connect: Connect, partner: SimulatedPartner) -> PartnerCenter:
    return connect(partner)


@pytest.fixture
async def connect_rest(rest: RestSimulator) -> AsyncIterator[ConnectRest]:
    async with AsyncExitStack() as opened:

        def open_client(*, clock: Clock | None = None, **changes: Any) -> RestProvider:
            known = {"base_url": rest.url, "api_key": API_KEY, "first_wait": timedelta(milliseconds=10)}
            client = RestProvider(RestConnection(**known | changes), clock=clock)
            opened.push_async_exit(aclosing(client))
            return client

        yield open_client


@pytest.fixture
async def rest_client(connect_rest: ConnectRest) -> RestProvider:
    return connect_rest()


@pytest.fixture
async def stand(
    request: pytest.FixtureRequest, simulator: Simulator, rest: RestSimulator
) -> AsyncIterator[Stand]:
    stands = {
        "partner_center": lambda: stand_of_partner_center(simulator),
        "rest": lambda: stand_of_rest(rest),
        "manual": stand_of_manual,
    }
    async with stands[request.param]() as stand:
        yield stand
