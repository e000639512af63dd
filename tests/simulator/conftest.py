"""One simulator process for these tests, empty at the start of each."""

from collections.abc import AsyncGenerator, Generator

import pytest
from support.simulator import SimulatedPartner, Simulator, SimulatorProcess, start_simulator
from support.simulator_client import PartnerClient


@pytest.fixture(scope="session")
def process() -> Generator[SimulatorProcess]:
    process = start_simulator()
    yield process
    process.stop()


@pytest.fixture
async def simulator(process: SimulatorProcess) -> Simulator:
    simulator = Simulator(process.url)
    await simulator.reset()
    return simulator


@pytest.fixture
async def partner(simulator: Simulator) -> SimulatedPartner:
    return await simulator.add_partner()


@pytest.fixture
async def client(simulator: Simulator, partner: SimulatedPartner) -> AsyncGenerator[PartnerClient]:
    async with PartnerClient(simulator.url, partner) as client:
        yield client
