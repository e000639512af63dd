"""Twenty secrets are planted, everything is done and much of it fails: none of them is to be found after."""

import asyncio
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import pytest
from support.asking import CONTOSO, YESTERDAY
from support.program import Program, Run, Running
from support.rest_simulator import API_KEY, RestSimulator
from support.scanning import everything_stored, readings
from support.simulator import SimulatedPartner, Simulator

from agreements_api.database import Database
from models import MICROSOFT_CUSTOMER_AGREEMENT_ID

PARTNERS = 5
PROVISION = """mutation ($input: ProvisionAccountInput!) { provisionAccount(input: $input) {
    job { status error items { edges { node { reason } } } } credentials { userName password }
    agreement { syncState syncError } userErrors { code message } } }"""
SYNC = """mutation ($input: SyncProviderAccountsInput!) { syncProviderAccounts(input: $input) {
    job { status error items { edges { node { key outcome reason } } } } userErrors { code message } } }"""
TEMPLATE = """mutation ($input: CreateAgreementTemplateInput!) { createAgreementTemplate(input: $input) {
    agreementTemplate { id } userErrors { code message } } }"""


@dataclass
class Everything:
    """The program with all that it says, on the command line, in logs and in answers."""

    program: Program
    run: Run
    said: str = ""

    async def command(self, *arguments: str, **secrets: str) -> None:
        settings = {**self.program.settings, **secrets}
        done = await asyncio.to_thread(self.run, *arguments, log_level="debug", **settings)
        self.said += done.stdout + done.stderr

    async def ask(self, server: Running, query: str, **given: Any) -> dict[str, Any]:
        """Ask, and keep the answer except for the first administrator's credentials."""
        (answer,) = (await server.ask(query, input=given)).values()
        assert isinstance(answer, dict)
        self.said += str({name: value for name, value in answer.items() if name != "credentials"})
        return answer


async def connect(run: Everything, name: str, url: str, partner: SimulatedPartner, confirmation: str) -> None:
    await run.command(
        *("provider", "add", name, "--tenant-id", partner.tenant_id, "--client-id", partner.client_id),
        *("--base-url", url, "--login-url", url, "--admin-center-url", url, "--confirmation", confirmation),
        provider_client_secret=partner.client_secret,
        provider_refresh_token=partner.refresh_token,
    )


async def provision(run: Everything, server: Running, provider: str, name: str) -> str | None:
    """Take on a customer, and give the password of its tenant if one was made."""
    template = await run.ask(
        server, TEMPLATE, providerId=provider, name=f"Terms {uuid4()}",
        templateId=MICROSOFT_CUSTOMER_AGREEMENT_ID, version=name,
    )  # fmt: skip
    answer = await run.ask(
        server,
        PROVISION,
        newAccount={**CONTOSO, "name": name, "domain": f"{name}.example"},
        providerId=provider,
        agreementTemplateId=template["agreementTemplate"]["id"],
        executedOn=YESTERDAY,
        domain=f"{name}.onmicrosoft.com",
        waitSeconds=20,
    )
    return answer["credentials"] and answer["credentials"]["password"]


async def providers(server: Running) -> dict[str, str]:
    found: Any = await server.ask("{ providers(first: 50) { edges { node { id name } } } }")
    return {edge["node"]["name"]: edge["node"]["id"] for edge in found["providers"]["edges"]}


@pytest.mark.timeout(600)
async def test_no_secret_is_left_anywhere(
    program_with_database: Program,
    run: Run,
    database_url: str,
    simulator: Simulator,
    rest: RestSimulator,
) -> None:
    told = Everything(program_with_database, run)
    partners = [await simulator.add_partner(name=f"Partner {number}") for number in range(PARTNERS)]
    partners[2] = replace(partners[2], client_secret=f"mistyped-{uuid4()}")
    partners[3] = replace(partners[3], refresh_token=f"ended-{uuid4()}")
    for number, partner in enumerate(partners):
        mode = "ENHANCED" if number == 4 else "LEGACY"
        await connect(told, f"Partner {number}", simulator.url, partner, mode)
        await told.command("provider", "check", f"Partner {number}")
    keys = [API_KEY, *(f"key-{uuid4()}" for _ in range(4))]
    for number, key in enumerate(keys):
        name = f"Distributor {number}"
        await told.command("provider", "add", name, "--base-url", rest.url, provider_api_key=key)
        await told.command("provider", "check", name)
    await rest.add_customers([{"id": "1", "name": "Northwind"}])

    with told.program.serve(log_level="debug", provider_timeout="2") as server:
        ids = await providers(server)
        passwords = [
            await provision(told, server, ids[f"Partner {number}"], f"customer{turn}{number}")
            for turn, number in [(1, 0), (2, 0), (1, 3), (1, 4), (1, 2)]
        ]
        for action in ({"kind": "html"}, {"kind": "truncate"}, {"kind": "status_after", "status": 500}):
            await simulator.fault("/customers$", action, method="POST")
        await simulator.fault("/oauth2/v2.0/token", {"kind": "truncate"})
        passwords.append(await provision(told, server, ids["Partner 1"], "customer11"))
        for name in ids:
            await told.ask(server, SYNC, providerId=ids[name], waitSeconds=20)
        await told.command("sync", "Partner 3")
        told.said += server.output

    planted = [each for partner in partners for each in (partner.client_secret, partner.refresh_token)]
    planted += [*keys, *filter(None, passwords)]
    async with Database(database_url) as database:
        stored = await everything_stored(database)
    assert len(planted) >= 20, planted
    assert b"customer11.onmicrosoft.com" in stored, "the run was about something"
    assert "AADSTS7000215" in told.said, "the mistyped secret was tried"
    left = readings(stored) + b"\n" + readings(told.said.encode())
    assert [each for each in planted if each.encode() in left] == []
    assert "bearer ey" not in told.said.lower()
    assert "Traceback" not in told.said
