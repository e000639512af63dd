"""Start the simulator as a process of its own, and direct it from a test."""

import os
import signal
import ssl
import subprocess
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx

# The simulator speaks plain HTTP: reading the machine's certificates for every client would be time lost.
NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@dataclass(frozen=True)
class SimulatedPartner:
    """What a partner's own software knows of itself."""

    tenant_id: str
    client_id: str
    client_secret: str
    refresh_token: str
    upn: str


@dataclass(frozen=True)
class SimulatorProcess:
    """A running simulator; bound to no event loop, so a session may share it."""

    url: str
    process: subprocess.Popen[str]

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=60)


def start_simulator(**settings: object) -> SimulatorProcess:
    """Start on a free port with settings named as in SimulatorSettings, and wait until it listens."""
    return start_process("simulator", settings)


def start_process(module: str, settings: Mapping[str, object]) -> SimulatorProcess:
    options = [f"--{name.replace('_', '-')}={value}" for name, value in settings.items()]
    environment = {name: value for name, value in os.environ.items() if "SIMULATOR_" not in name}
    process = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", module, *options], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    prefix = "listening on "
    if not line.startswith(prefix):
        process.communicate(timeout=60)
        raise RuntimeError(f"{module} did not start: {line!r}")
    return SimulatorProcess(line.removeprefix(prefix).strip(), process)


@asynccontextmanager
async def running_simulator(**settings: object) -> AsyncGenerator["Simulator"]:
    process = start_simulator(**settings)
    try:
        yield Simulator(process.url)
    finally:
        process.stop()


class AdminClient:
    """What the admin interfaces have in common; keeps no connection, so any event loop may use it."""

    def __init__(self, url: str) -> None:
        self.url = url

    async def fault(
        self, path: str, action: dict[str, Any], *, method: str | None = None, skip: int = 0, times: int = 1
    ) -> None:
        """Spoil `times` calls whose path, bare or with query, fits the pattern, after `skip` of them."""
        rule = {"path": path, "method": method, "skip": skip, "times": times, "action": action}
        await self._call("POST", "/faults", rule)

    async def clear_faults(self) -> None:
        await self._call("DELETE", "/faults")

    async def requests(self) -> list[dict[str, Any]]:
        """Give the calls that reached login and API, oldest first."""
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


class Simulator(AdminClient):
    """Client of the admin interface of the simulated Partner Center."""

    async def add_partner(  # noqa: PLR0913 - a partner has this many sides
        self,
        *,
        name: str = "Fabrikam",
        kind: str = "direct",
        roles: Sequence[str] = ("admin_agent",),
        mfa: bool = True,
        indirect_providers: Sequence[str] = (),
        sandbox: bool = False,
    ) -> SimulatedPartner:
        """Create a partner with one application and one user who has consented."""
        tenant_id, client_id = str(uuid4()), str(uuid4())
        partner = SimulatedPartner(
            tenant_id, client_id, f"secret-{uuid4().hex}", f"refresh-{uuid4().hex}", f"admin@{tenant_id}"
        )
        user = {"upn": partner.upn, "roles": list(roles), "mfa": mfa, "refreshToken": partner.refresh_token}
        await self._call(
            "POST",
            "/partners",
            {
                "tenantId": tenant_id,
                "name": name,
                "kind": kind,
                "indirectProviders": list(indirect_providers),
                "sandbox": sandbox,
                "applications": [{"clientId": client_id, "clientSecret": partner.client_secret}],
                "users": [user],
            },
        )
        return partner

    async def change_partner(self, tenant_id: str, **changes: object) -> None:
        """Change name, country, kind or sandbox."""
        await self._call("PATCH", f"/partners/{tenant_id}", changes)

    async def change_application(self, partner: SimulatedPartner, **changes: object) -> None:
        """Change clientSecret, registered (at Partner Center) or consented (by an administrator)."""
        path = f"/partners/{partner.tenant_id}/applications/{partner.client_id}"
        await self._call("PATCH", path, changes)

    async def change_user(self, partner: SimulatedPartner, **changes: object) -> None:
        """Change roles, at once, or mfa, in the tokens that are issued from now on."""
        await self._call("PATCH", f"/partners/{partner.tenant_id}/users/{partner.upn}", changes)

    async def add_customers(self, tenant_id: str, customers: Sequence[dict[str, Any]]) -> None:
        """Create or change customers of a partner; the members are those of the admin interface."""
        await self._call("POST", f"/partners/{tenant_id}/customers", list(customers))

    async def customers(self, tenant_id: str) -> list[dict[str, Any]]:
        """Give the partner's customers with everything that is on record, in the order they came."""
        return await self._call("GET", f"/partners/{tenant_id}/customers")

    async def remove_customer(self, tenant_id: str, customer_id: str) -> None:
        """End the relationship between partner and customer."""
        await self._call("DELETE", f"/partners/{tenant_id}/customers/{customer_id}")

    async def follow_invitation(self, tenant_id: str, customer_id: str) -> None:
        """Let a customer that is known take the partner up as its reseller."""
        await self._call("POST", f"/partners/{tenant_id}/invitations/{customer_id}")

    async def webhooks(self, tenant_id: str) -> dict[str, Any]:
        """Give what a partner wants to be told, and what it was sent."""
        return await self._call("GET", f"/partners/{tenant_id}/webhooks")

    async def send_webhook(self, tenant_id: str, event: str, **members: str) -> dict[str, Any]:
        """Send an event to a partner that is registered for it."""
        return await self._call("POST", f"/partners/{tenant_id}/webhooks", {"event": event, **members})

    async def webhook_authority(self) -> str:
        """Give the certificate of the authority behind webhook signatures, in PEM."""
        async with httpx.AsyncClient(timeout=30, verify=NO_CERTIFICATES) as client:
            return (await client.get(f"{self.url}/admin/webhook-authority")).text

    async def accept(self, customer_id: str) -> None:
        """Let the customer accept the agreement itself."""
        await self._call("POST", f"/customers/{customer_id}/accept")

    async def add_subscriptions(
        self, tenant_id: str, customer_id: str, *subscriptions: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """Add to what a customer has bought, or replace; give all of it with its kind and if it is billed."""
        path = f"/partners/{tenant_id}/customers/{customer_id}/subscriptions"
        return await self._call("POST", path, list(subscriptions))

    async def subscriptions(self, tenant_id: str, customer_id: str) -> list[dict[str, Any]]:
        return await self._call("GET", f"/partners/{tenant_id}/customers/{customer_id}/subscriptions")

    async def attestations(self) -> list[dict[str, Any]]:
        """Give all enhanced attestations, by the time they expire."""
        return await self._call("GET", "/attestations")

    async def decide_attestation(self, attestation_id: str, decision: str) -> dict[str, Any]:
        """Let the customer "accept" or "refuse", or its time "expire"; give the attestation."""
        return await self._call("POST", f"/attestations/{attestation_id}/{decision}")

    async def withdraw_consent(self, tenant_id: str) -> None:
        """End all refresh tokens of a partner."""
        await self._call("DELETE", f"/partners/{tenant_id}/refresh-tokens")

    async def random_faults(
        self,
        rate: float,
        *actions: dict[str, Any],
        path: str = "/v1/",
        method: str | None = None,
        seed: int = 0,
    ) -> None:
        """Spoil a part of all fitting calls, by chance, each by one of the actions."""
        rule = {"path": path, "method": method, "rate": rate, "seed": seed, "actions": list(actions)}
        await self._call("POST", "/faults", rule)

    async def faults(self) -> list[dict[str, Any]]:
        """Give the rules with the number of fitting calls `seen` and of those `struck`."""
        return await self._call("GET", "/faults")
