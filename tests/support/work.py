"""Lets the program reach a simulated provider, and watches what it does there."""

import asyncio
from typing import Any
from uuid import uuid4

from support.program import Run, Running
from support.simulator import SimulatedPartner, Simulator

_CUSTOMER = {"companyName": "Contoso", "domain": "contoso.example"}


async def configure(run: Run, simulator: Simulator) -> SimulatedPartner:
    """Make a partner with one customer, and store how the seeded provider is reached as that partner."""
    partner = await simulator.add_partner()
    await simulator.add_customers(partner.tenant_id, [{**_CUSTOMER, "id": str(uuid4())}])
    code, said = await asyncio.to_thread(add, run, simulator.url, partner)
    assert code == 0, said
    assert said.endswith("Stored. Try it with: agreements provider check 'Microsoft Partner Center'\n")
    return partner


def add(run: Run, url: str, partner: SimulatedPartner, *more: str) -> tuple[int, str]:
    """Run `agreements provider add`; give its exit code and what it said."""
    options = {
        "--tenant-id": partner.tenant_id,
        "--client-id": partner.client_id,
        "--base-url": url,
        "--login-url": url,
    }
    ended = run(
        "provider",
        "add",
        *[part for pair in options.items() for part in pair],
        *more,
        provider_client_secret=partner.client_secret,
        provider_refresh_token=partner.refresh_token,
    )
    return ended.returncode, ended.stdout + ended.stderr


async def start_sync(server: Running) -> str:
    """Start a sync of the seeded provider; gives the job's id."""
    found: Any = await server.ask("{ providers { edges { node { id connector } } } }")
    nodes = [edge["node"] for edge in found["providers"]["edges"]]
    provider = next(node["id"] for node in nodes if node["connector"] == "PARTNER_CENTER")
    return await _start(server, "syncProviderAccounts", f'providerId: "{provider}"')


async def start_bulk(server: Running) -> str:
    """Start a bulk creation; gives the job's id."""
    return await _start(server, "bulkCreateCustomerAgreements", "dryRun: false")


async def job_status(server: Running, job: str) -> str:
    found: Any = await server.ask("query ($id: ID!) { job(id: $id) { status } }", id=job)
    return found["job"]["status"]


async def ended(server: Running, job: str) -> str:
    """Wait for the job's end, and give its status."""
    async with asyncio.timeout(60):
        while (status := await job_status(server, job)) in {"QUEUED", "RUNNING"}:  # noqa: ASYNC110  # another program's
            await asyncio.sleep(0.1)
    return status


async def _start(server: Running, mutation: str, given: str) -> str:
    payload = "{ job { id } userErrors { code message } }"
    answer: Any = await server.ask(f"mutation {{ done: {mutation}(input: {{{given}}}) {payload} }}")
    assert answer["done"]["userErrors"] == []
    return answer["done"]["job"]["id"]
