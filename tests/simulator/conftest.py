"""A client as partners write them, of the simulator that the tests direct."""

from collections.abc import AsyncGenerator

import pytest
from support.simulator import SimulatedPartner, Simulator
from support.simulator_client import PartnerClient


@pytest.fixture
async def client(simulator: Simulator, partner: SimulatedPartner) -> AsyncGenerator[PartnerClient]:
    async with PartnerClient(simulator.url, partner) as client:
        yield client
