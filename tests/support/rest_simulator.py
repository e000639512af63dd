"""Start the simulated REST provider as a process of its own, and direct it from a test."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
from support.simulator import NO_CERTIFICATES, SimulatorProcess, start_process

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


class RestSimulator:
    """Client of the admin interface; keeps no connection, so it may be used from any event loop."""

    def __init__(self, url: str) -> None:
        self.url = url

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

    async def fault(
        self, path: str, action: dict[str, Any], *, method: str | None = None, skip: int = 0, times: int = 1
    ) -> None:
        """Spoil `times` calls whose path, bare or with query, fits the pattern, after `skip` of them."""
        rule = {"path": path, "method": method, "skip": skip, "times": times, "action": action}
        await self._call("POST", "/faults", rule)

    async def clear_faults(self) -> None:
        await self._call("DELETE", "/faults")

    async def requests(self) -> list[dict[str, Any]]:
        """Give the calls that reached the provider, oldest first."""
        return await self._call("GET", "/requests")

    async def clear_requests(self) -> None:
        await self._call("DELETE", "/requests")

    async def settings(self, **changes: object) -> dict[str, Any]:
        """Change settings, named in camelCase, and give all of them."""
        return await self._call("PUT", "/settings", changes)

    async def advance(self, seconds: float) -> None:
        """Move the simulator's clock forward."""
        await self._call("POST", "/clock", {"advanceSeconds": seconds})

    async def reset(self) -> None:
        await self._call("POST", "/reset")

    async def _call(self, method: str, path: str, body: object = None) -> Any:
        async with httpx.AsyncClient(
            base_url=f"{self.url}/admin", timeout=30, verify=NO_CERTIFICATES
        ) as client:
            answer = await client.request(method, path, json=body)
            answer.raise_for_status()
            return answer.json()
