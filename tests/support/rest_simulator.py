"""Start the simulated REST provider as a process of its own, and direct it from a test."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from support.simulator import AdminClient, SimulatorProcess, start_process

API_KEY = "rest-simulator-key"
KEY_HEADER = "work-365-rest-provider-api-key"


def start_rest_simulator(**settings: object) -> SimulatorProcess:
    """Start on a free port with settings named as in RestSimulatorSettings, and wait until it listens."""
    return start_process("simulator.rest", settings)


@asynccontextmanager
async def running_rest_simulator(**settings: object) -> AsyncGenerator["RestSimulator"]:
    process = start_rest_simulator(**settings)
    try:
        yield RestSimulator(process.url)
    finally:
        process.stop()


class RestSimulator(AdminClient):
    """Client of the admin interface of the simulated REST provider."""

    async def add_customers(self, customers: Sequence[dict[str, Any]]) -> None:
        """Create or change customers; the members are those of the admin interface."""
        await self._call("POST", "/customers", list(customers))

    async def customers(self) -> list[dict[str, Any]]:
        """Give the customers with everything that is on record, in the order they came."""
        return await self._call("GET", "/customers")

    async def remove_customer(self, customer_id: str) -> None:
        """Forget a customer and its agreements."""
        await self._call("DELETE", f"/customers/{customer_id}")

    async def add_agreements(self, agreements: Sequence[dict[str, Any]]) -> None:
        """Create or change agreements; the members are those of the admin interface."""
        await self._call("POST", "/agreements", list(agreements))

    async def agreements(self) -> list[dict[str, Any]]:
        return await self._call("GET", "/agreements")

    async def sign(self, agreement_id: str, *, signed_on: str | None = None, **person: str) -> dict[str, Any]:
        """Sign as the customer does that was asked to; the person's members are in camelCase."""
        signature = {"signedBy": person} if signed_on is None else {"signedBy": person, "signedOn": signed_on}
        return await self._call("POST", f"/agreements/{agreement_id}/sign", signature)

    async def remove_agreement(self, agreement_id: str) -> None:
        await self._call("DELETE", f"/agreements/{agreement_id}")
