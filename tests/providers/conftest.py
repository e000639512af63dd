"""A simulated Partner Center over HTTP, and clients of it that give up quickly."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, aclosing
from datetime import timedelta
from typing import Any, Protocol

import pytest
from support.simulator import SimulatedPartner, Simulator, SimulatorProcess, start_simulator

from providers.clock import Clock
from providers.partner_center import Connection, PartnerCenter


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


@pytest.fixture(scope="session")
def simulator_process() -> Iterator[SimulatorProcess]:
    process = start_simulator()
    yield process
    process.stop()


@pytest.fixture
async def simulator(simulator_process: SimulatorProcess) -> AsyncIterator[Simulator]:
    simulator = Simulator(simulator_process.url)
    yield simulator
    await simulator.reset()


@pytest.fixture
async def partner(simulator: Simulator) -> SimulatedPartner:
    return await simulator.add_partner()


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
            known: dict[str, Any] = {
                "tenant_id": partner.tenant_id,
                "client_id": partner.client_id,
                "client_secret": partner.client_secret,
                "refresh_token": partner.refresh_token,
                "base_url": simulator.url,
                "login_url": simulator.url,
                "admin_center_url": simulator.url,
                "first_wait": timedelta(milliseconds=10),
            }
            client = PartnerCenter(
                Connection(**known | changes), save_refresh_token=save_refresh_token, clock=clock
            )
            opened.push_async_exit(aclosing(client))
            return client

        yield open_client


@pytest.fixture
async def client(connect: Connect, partner: SimulatedPartner) -> PartnerCenter:
    return connect(partner)
