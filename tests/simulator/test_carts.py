"""Buying: the agreement that a checkout wants to see, and the limits of a sandbox."""

from typing import Any

import httpx
import pytest
from support.simulator import SimulatedPartner, Simulator
from support.simulator_client import PartnerClient, confirmation, customer, decode, new_customer

CUSTOMER_ID = customer()["id"]
BASE = f"/v1/customers/{CUSTOMER_ID}"
NCE, AZURE_PLAN = "CFQ7TTC0LH18:0001:CFQ7TTC0K971", "DZH318Z0BPS6:0001:DZH318Z0BMJX"


@pytest.fixture(autouse=True)
async def _one_customer(simulator: Simulator, partner: SimulatedPartner) -> None:
    await simulator.add_customers(partner.tenant_id, [customer()])


async def buy(client: PartnerClient, *offers: str, quantity: int = 1) -> httpx.Response:
    lines = [
        {"id": number, "catalogItemId": offer, "quantity": quantity, "termDuration": "P1Y"}
        for number, offer in enumerate(offers)
    ]
    cart = await client.call("POST", f"{BASE}/carts", {"lineItems": lines}, as_user=False)
    assert cart.status_code == 201
    return await client.call("POST", f"{BASE}/carts/{cart.json()['id']}/checkout", as_user=False)


async def bought(client: PartnerClient) -> list[dict[str, Any]]:
    return decode(await client.call("GET", f"{BASE}/subscriptions"))["items"]


async def test_nothing_is_sold_without_an_agreement(client: PartnerClient):
    answer = await buy(client, NCE)
    assert (answer.status_code, answer.json()["code"]) == (403, 13605)
    assert await bought(client) == []


async def test_a_refused_purchase_may_be_told_in_a_success(simulator: Simulator, client: PartnerClient):
    await simulator.settings(orderErrorsInCheckout=True)
    answer = await buy(client, NCE)
    assert answer.status_code == 201
    assert decode(answer)["orderErrors"][0]["code"] == 13605
    assert await bought(client) == []


async def test_a_customer_that_accepted_itself_may_buy(simulator: Simulator, client: PartnerClient):
    await simulator.settings(legacyAttestation="gone")
    await simulator.accept(CUSTOMER_ID)
    order = decode(await buy(client, NCE))["orders"][0]
    (subscription,) = await bought(client)
    assert order["lineItems"][0]["subscriptionId"] == subscription["id"]
    assert (order["id"], subscription["offerId"]) == (subscription["orderId"], NCE)
    assert subscription["cancellationAllowedUntilDate"]


@pytest.mark.parametrize(
    ("agreed", "legacy", "status"),
    [
        ("2023-03-31T23:59:59Z", "on", 403),
        ("2023-04-01T00:00:00Z", "on", 201),
        ("2024-01-01T00:00:00Z", "gone", 403),
    ],
)
async def test_a_partners_confirmation_counts_by_its_date_and_kind(
    simulator: Simulator, client: PartnerClient, agreed, legacy, status
):
    await client.call("POST", f"{BASE}/agreements", confirmation(dateAgreed=agreed))
    await simulator.settings(legacyAttestation=legacy)
    assert (await buy(client, NCE)).status_code == status


async def test_an_enhanced_attestation_counts(simulator: Simulator, client: PartnerClient):
    await simulator.settings(legacyAttestation="gone")
    signatory = {
        "country": "US",
        "language": "en-US",
        "companyName": "Contoso",
        "signatoryFirstName": "Tania",
        "signatoryLastName": "Carr",
        "email": "tania@contoso.example",
    }
    started = await client.call("POST", "/v1/attestations/enhanced", signatory, as_user=False)
    attestation_id = started.json()["attestationId"]
    await simulator.decide_attestation(attestation_id, "accept")
    assert (await buy(client, NCE)).status_code == 403
    body = confirmation(attestationId=attestation_id)
    assert (await client.call("POST", f"{BASE}/agreements", body, as_user=False)).status_code == 201
    assert (await buy(client, NCE)).status_code == 201


async def test_a_cart_is_good_once_and_for_a_quarter_of_an_hour(simulator: Simulator, client: PartnerClient):
    await simulator.accept(CUSTOMER_ID)
    lines = {"lineItems": [{"id": 0, "catalogItemId": "MS-AZR-0145P", "quantity": 1}]}
    used, old = [(await client.call("POST", f"{BASE}/carts", lines)).json()["id"] for _ in "12"]
    assert (await client.call("POST", f"{BASE}/carts/{used}/checkout")).status_code == 201
    assert (await client.call("POST", f"{BASE}/carts/{used}/checkout")).status_code == 404
    await simulator.advance(900)
    assert (await client.call("POST", f"{BASE}/carts/{old}/checkout")).status_code == 404
    assert [each["billingType"] for each in await bought(client)] == ["usage"]


@pytest.mark.parametrize("lines", [[], [{"catalogItemId": NCE}], [{"catalogItemId": "", "quantity": 1}]])
async def test_a_cart_needs_lines(client: PartnerClient, lines):
    answer = await client.call("POST", f"{BASE}/carts", {"lineItems": lines})
    assert (answer.status_code, answer.json()["code"]) == (400, 3000)


async def test_a_sandbox_holds_five_subscriptions_a_customer(simulator: Simulator, client: PartnerClient):
    await simulator.change_partner(client.partner.tenant_id, sandbox=True)
    await simulator.accept(CUSTOMER_ID)
    assert (await buy(client, NCE, quantity=26)).json()["code"] == 800018
    assert (await buy(client, *[NCE] * 5)).status_code == 201
    answer = await buy(client, NCE)
    assert (answer.status_code, answer.json()["code"]) == (400, 800018)


async def test_a_sandbox_holds_ten_azure_plans(simulator: Simulator, client: PartnerClient):
    await simulator.change_partner(client.partner.tenant_id, sandbox=True)
    await simulator.accept(CUSTOMER_ID)
    plans = [{"kind": "azure_plan"} for _ in range(10)]
    await simulator.add_subscriptions(client.partner.tenant_id, CUSTOMER_ID, *plans)
    assert (await buy(client, AZURE_PLAN)).json()["code"] == 900116


async def test_a_sandbox_holds_seventy_five_customers(simulator: Simulator, client: PartnerClient):
    tenant_id = client.partner.tenant_id
    await simulator.add_customers(tenant_id, [customer(number) for number in range(1, 76)])
    await simulator.change_partner(tenant_id, sandbox=True)
    answer = await client.call("POST", "/v1/customers", new_customer())
    assert (answer.status_code, answer.json()["code"]) == (400, 800018)
    await client.call("DELETE", BASE)
    assert (await client.call("POST", "/v1/customers", new_customer())).status_code == 201
