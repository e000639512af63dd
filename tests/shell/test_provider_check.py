"""`agreements provider check` names what is wrong with a connection, and what to do about it."""

import asyncio
import re
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import replace
from uuid import uuid4

import pytest
from support.program import Program, Run
from support.rest_simulator import API_KEY, RestSimulator, running_rest_simulator
from support.simulator import SimulatedPartner, Simulator
from support.work import add

NAME = "Microsoft Partner Center"

Spoil = Callable[[Simulator, SimulatedPartner], Awaitable[SimulatedPartner]]


async def wrong_secret(_: Simulator, partner: SimulatedPartner) -> SimulatedPartner:
    return replace(partner, client_secret="mistyped")  # noqa: S106  # it is wrong


async def wrong_tenant(_: Simulator, partner: SimulatedPartner) -> SimulatedPartner:
    return replace(partner, tenant_id=str(uuid4()))


async def wrong_client(_: Simulator, partner: SimulatedPartner) -> SimulatedPartner:
    return replace(partner, client_id=str(uuid4()))


async def no_admin_consent(simulator: Simulator, partner: SimulatedPartner) -> SimulatedPartner:
    await simulator.change_application(partner, consented=False)
    return partner


async def nobody_consented(_: Simulator, partner: SimulatedPartner) -> SimulatedPartner:
    return replace(partner, refresh_token="")


async def consent_withdrawn(simulator: Simulator, partner: SimulatedPartner) -> SimulatedPartner:
    await simulator.withdraw_consent(partner.tenant_id)
    return partner


async def no_mfa(simulator: Simulator, partner: SimulatedPartner) -> SimulatedPartner:
    await simulator.change_user(partner, mfa=False)
    return partner


async def indirect_reseller(simulator: Simulator, partner: SimulatedPartner) -> SimulatedPartner:
    provider = await simulator.add_partner(name="Wide World", kind="indirect_provider")
    reseller = await simulator.add_partner(
        name="Reseller", kind="indirect_reseller", indirect_providers=[provider.tenant_id]
    )
    assert reseller.tenant_id != partner.tenant_id
    return reseller


async def unregistered(simulator: Simulator, partner: SimulatedPartner) -> SimulatedPartner:
    await simulator.change_application(partner, registered=False)
    return partner


async def sandbox_in_truth(simulator: Simulator, partner: SimulatedPartner) -> SimulatedPartner:
    await simulator.change_partner(partner.tenant_id, sandbox=True)
    return partner


async def clock_ten_minutes_ahead(simulator: Simulator, partner: SimulatedPartner) -> SimulatedPartner:
    await simulator.advance(600)
    return partner


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (wrong_secret, ("WRONG_SECRET", "new secret")),
        (wrong_tenant, ("WRONG_TENANT", "id of the partner's own tenant")),
        (no_admin_consent, ("NO_ADMIN_CONSENT", "grant admin consent")),
        (no_mfa, ("NO_MFA", "agreements provider login")),
        (indirect_reseller, ("INDIRECT_RESELLER", "indirect provider")),
        (unregistered, ("UNREGISTERED_APPLICATION", "App management")),
        (sandbox_in_truth, ("WRONG_ENVIRONMENT", "agreements provider add")),
        (clock_ten_minutes_ahead, ("CLOCK_OFF", "lock")),
    ],
)
async def test_each_cause_is_named_with_its_remedy(
    program: Program, run: Run, simulator: Simulator, spoil: Spoil, told: tuple[str, str]
) -> None:
    cause, remedy = told
    partner = await spoil(simulator, await simulator.add_partner())
    stored = await asyncio.to_thread(add, run, simulator.url, partner, "--production")
    assert stored[0] == 0, stored[1]

    done = await asyncio.to_thread(program.run, "provider", "check")

    assert (done.returncode, done.stderr) == (1, "")
    assert causes(done.stdout) == [cause]
    assert remedy in done.stdout.split("What to do: ")[1]
    for secret in (partner.client_secret, partner.refresh_token):
        assert secret not in done.stdout


@pytest.mark.parametrize(
    ("spoil", "cause"),
    [
        (wrong_client, "UNKNOWN_APPLICATION"),
        (nobody_consented, "NO_USER_CONSENT"),
        (consent_withdrawn, "CONSENT_ENDED"),
    ],
)
async def test_further_causes_are_named(run: Run, simulator: Simulator, spoil: Spoil, cause: str) -> None:
    partner = await spoil(simulator, await simulator.add_partner())
    assert (await asyncio.to_thread(add, run, simulator.url, partner))[0] == 0

    done = await asyncio.to_thread(run, "provider", "check")

    assert (done.returncode, causes(done.stdout)) == (1, [cause])


def causes(said: str) -> list[str]:
    return re.findall(r"^([A-Z_]+): ", said, re.MULTILINE)


async def test_a_connection_that_works_is_summed_up(program: Program, run: Run, simulator: Simulator) -> None:
    partner = await simulator.add_partner()
    await simulator.add_customers(
        partner.tenant_id, [{"id": str(uuid4()), "companyName": "Contoso", "domain": "contoso.example"}]
    )
    assert (await asyncio.to_thread(add, run, simulator.url, partner, "--production"))[0] == 0

    done = await asyncio.to_thread(program.run, "provider", "check")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(
        f"{NAME} answers: 2 templates; 1 customer on the first page; customers accept"
    )
    assert "no agreement template" not in done.stdout  # the first provider is seeded with them


async def test_what_a_person_switched_off_stays_off(program: Program, run: Run, simulator: Simulator) -> None:
    partner = await simulator.add_partner()
    assert (await asyncio.to_thread(add, run, simulator.url, partner))[0] == 0
    with closing(sqlite3.connect(program.folder / "agreements.db")) as database, database:
        database.execute("UPDATE providers SET agreement_sync = 0")

    done = await asyncio.to_thread(run, "provider", "check")

    assert done.returncode == 0, done.stdout
    assert "can do: customer sync, customer creation, agreement confirmation." in done.stdout


def test_nothing_is_wrong_with_a_provider_that_is_served_by_hand(run: Run) -> None:
    run("provider", "add", "By hand", "--connector", "none")

    done = run("provider", "check", "By hand")

    assert (done.returncode, done.stderr) == (0, "")
    served, terms = done.stdout.splitlines()
    assert served.startswith("By hand is served by hand: ")
    assert terms.startswith("By hand has no agreement template in force with us")


async def test_a_rest_provider_says_what_it_can_do(program: Program, run: Run) -> None:
    async with running_rest_simulator(supports_customer_creation=False) as provider:
        made = await asyncio.to_thread(add_rest, run, provider, API_KEY)
        works = await asyncio.to_thread(run, "provider", "check", "Crayon")
        listed = await asyncio.to_thread(run, "provider", "list")
        await asyncio.to_thread(add_rest, run, provider, "another")
        refused = await asyncio.to_thread(program.run, "provider", "check", "Crayon")

    assert made[0] == 0
    assert made[1].endswith("\nStored. Try it with: agreements provider check 'Crayon'\n")
    assert "can do: customer sync, agreement confirmation, agreement sync\n" in listed.stdout
    assert works.returncode == 0, works.stdout
    assert "Crayon has no agreement template in force with us" in works.stdout
    assert refused.returncode == 1
    assert "\nWRONG_KEY: " in refused.stdout
    assert API_KEY not in refused.stdout + listed.stdout


def add_rest(run: Run, provider: RestSimulator, key: str) -> tuple[int, str]:
    done = run("provider", "add", "Crayon", "--base-url", provider.url, provider_api_key=key)
    return done.returncode, done.stdout + done.stderr


def test_a_provider_that_nobody_configured_says_how(run: Run) -> None:
    run("migrate")

    done = run("provider", "check")

    told = (
        f"{NAME}: Nobody has configured how to reach this provider: run `agreements provider add '{NAME}'`."
    )
    assert (done.returncode, done.stderr) == (1, f"agreements: {told}\n")
