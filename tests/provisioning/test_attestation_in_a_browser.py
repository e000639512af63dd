"""The whole way of an acceptance: asked by our API, given on the provider's page, taken up by itself."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from support.api import Api, an_api, gid_of
from support.browser import CHROMIUM, open_page
from support.databases import in_ci
from support.factories import CUSTOMER_AGREEMENT, PARTNER_CENTER
from support.orders import YESTERDAY
from support.partner_center import There
from support.patience import PATIENCE_SECONDS

from providers.partner_center import ConfirmationMode

AGREEMENT = """query ($id: ID!) { node(id: $id) { ... on Agreement {
    statusReason syncState syncError signedBy { email } acceptanceRequest { url status expiresAt } } } }"""
POLL = timedelta(seconds=1)
CONTOSO = {
    "name": "Contoso Ltd",
    "primaryContact": {"firstName": "Ada", "lastName": "Lovelace", "email": "ada@contoso.example"},
    "address": {
        "line1": "One Microsoft Way",
        "city": "Redmond",
        "region": "WA",
        "postalCode": "98052",
        "country": "US",
    },
}


@pytest.fixture
async def api(database_url: str, there: There) -> AsyncIterator[Api]:
    """The program as it runs, jobs and polls too, with a provider that wants the customer's own word."""
    await there.settings(legacyAttestation="gone")
    async with an_api(database_url, run_jobs=True, acceptance_poll_interval=POLL) as opened:
        connection = replace(there.connection, confirmation=ConfirmationMode.ENHANCED)
        await opened.services.providers.put(PARTNER_CENTER, connection)
        yield opened


@pytest.fixture
async def agreement(api: Api) -> str:
    """The id of an agreement whose customer is asked to accept."""
    payload = await api.done(
        "provisionAccount",
        "agreement { id }",
        providerId=gid_of("Provider", PARTNER_CENTER),
        agreementTemplateId=gid_of("AgreementTemplate", CUSTOMER_AGREEMENT),
        newAccount=CONTOSO,
        executedOn=YESTERDAY.isoformat(),
        domain="contoso.onmicrosoft.com",
        idempotencyKey="once",
        waitSeconds=20,
    )
    return payload["agreement"]["id"]


async def shown(api: Api, agreement: str, **values: str) -> dict[str, Any]:
    """Ask until the agreement is so, and give it."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            node = (await api.data(AGREEMENT, id=agreement))["node"]
            if all(node[key] == value for key, value in values.items()):
                return node
            await asyncio.sleep(0.1)


async def test_a_customer_who_clicks_accept_is_covered_without_anybody_doing_more(
    api: Api, agreement: str
) -> None:
    if CHROMIUM is None and not in_ci():
        pytest.skip("the provider's page in a browser: Chromium is not installed")
    asked = await shown(api, agreement, syncState="AWAITING_CUSTOMER")
    assert (asked["statusReason"], asked["acceptanceRequest"]["status"]) == ("PENDING", "OPEN")

    async with open_page(asked["acceptanceRequest"]["url"]) as page:
        await page.until("document.querySelector('button[value=accept]') !== null")
        await page.evaluate("document.querySelector('button[value=accept]').click()")
        await page.until("document.body?.innerText.includes('accepted')")

    accepted = await shown(api, agreement, statusReason="ACCEPTED")
    assert accepted["syncState"] == "IN_SYNC"
    assert accepted["acceptanceRequest"]["status"] == "ACCEPTED"
    assert accepted["signedBy"] == {"email": "ada@contoso.example"}


@pytest.mark.parametrize(("decision", "status"), [("expire", "EXPIRED"), ("refuse", "REFUSED")])
async def test_expiry_and_refusal_are_shown_on_the_agreement(
    api: Api, agreement: str, there: There, decision: str, status: str
) -> None:
    (attestation,) = await there.attestations()
    await there.decide_attestation(attestation["attestationId"], decision)

    ended = await shown(api, agreement, syncState="PUSH_FAILED")

    assert (ended["statusReason"], ended["acceptanceRequest"]["status"]) == ("PENDING", status)
    assert ended["syncError"].startswith("The customer ")

    await api.done("retryAgreementPush", "agreement { id }", agreementId=agreement)

    again = await shown(api, agreement, syncState="AWAITING_CUSTOMER")
    assert again["acceptanceRequest"]["status"] == "OPEN"
    assert again["acceptanceRequest"]["url"] != ended["acceptanceRequest"]["url"]
