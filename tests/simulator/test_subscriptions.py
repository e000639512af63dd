"""Subscriptions: what is shown, and by which rules each kind ends."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from support.simulator import SimulatedPartner, Simulator
from support.simulator_client import PartnerClient, customer, decode

CUSTOMER_ID = customer()["id"]
PATH = f"/v1/customers/{CUSTOMER_ID}/subscriptions"
DAY = 86_400


@pytest.fixture(autouse=True)
async def _one_customer(simulator: Simulator, partner: SimulatedPartner) -> None:
    await simulator.add_customers(partner.tenant_id, [customer()])
    await simulator.settings(tokenLifetimeSeconds=10_000 * DAY)


async def add(simulator: Simulator, client: PartnerClient, **members: object) -> dict[str, Any]:
    """Add one and read it as the service shows it."""
    subscription = {"id": str(uuid4()), **members}
    await simulator.add_subscriptions(client.partner.tenant_id, CUSTOMER_ID, subscription)
    return await read(client, subscription["id"])


async def read(client: PartnerClient, subscription_id: str) -> dict[str, Any]:
    return decode(await client.call("GET", f"{PATH}/{subscription_id}", as_user=False))


async def change(
    client: PartnerClient, subscription: dict[str, Any], *, request_id: str | None = None, **changes: object
) -> httpx.Response:
    path = f"{PATH}/{subscription['id']}"
    return await client.call("PATCH", path, subscription | changes, as_user=False, request_id=request_id)


def error(answer: httpx.Response) -> tuple[int, int]:
    return answer.status_code, answer.json()["code"]


async def test_new_commerce_tells_how_long_it_can_be_cancelled(simulator: Simulator, client: PartnerClient):
    subscription = await add(simulator, client, name="Exchange", quantity=3)
    assert subscription["offerId"].count(":") == 2
    assert (subscription["offerName"], subscription["quantity"], subscription["status"]) == (
        "Exchange",
        3,
        "active",
    )
    until = datetime.fromisoformat(subscription["cancellationAllowedUntilDate"])
    assert timedelta(days=6) < until - datetime.now(UTC) <= timedelta(days=7)
    assert (await read(client, subscription["id"].upper())) == subscription


async def test_what_came_before_new_commerce_says_less(simulator: Simulator, client: PartnerClient):
    for kind in ("legacy", "azure"):
        subscription = await add(simulator, client, kind=kind)
        assert not {"productType", "cancellationAllowedUntilDate", "refundOptions"} & set(subscription)
    assert subscription["commitmentEndDate"].startswith("9999")


async def test_all_come_in_one_page_or_those_of_an_order(simulator: Simulator, client: PartnerClient):
    first = await add(simulator, client, partnerId="4847383")
    second = await add(simulator, client, kind="legacy")
    for query, expected in [
        ("", [first, second]),
        (f"?order_id={second['orderId'].upper()}", [second]),
        ("?mpn_id=4847383", [first]),
        ("?mpn_id=1", []),
    ]:
        page = decode(await client.call("GET", f"{PATH}{query}", as_user=False))
        assert (page["totalCount"], page["items"]) == (len(expected), expected)
    assert (await client.call("GET", f"{PATH}/{uuid4()}")).status_code == 404


async def test_a_purchase_through_another_partner_is_not_shown(simulator: Simulator, client: PartnerClient):
    other = await simulator.add_partner(name="Other")
    await simulator.add_customers(other.tenant_id, [customer()])
    await simulator.add_subscriptions(other.tenant_id, CUSTOMER_ID, {})
    assert decode(await client.call("GET", PATH))["items"] == []


@pytest.mark.parametrize("kind", ["nce", "legacy", "azure"])
async def test_a_subscription_is_suspended_and_taken_up_again(
    simulator: Simulator, client: PartnerClient, kind
):
    subscription = await add(simulator, client, kind=kind)
    suspended = (await change(client, subscription, status="suspended")).json()
    assert (suspended["status"], (await read(client, subscription["id"]))["status"]) == (
        "suspended",
        "suspended",
    )
    (record,) = await simulator.subscriptions(client.partner.tenant_id, CUSTOMER_ID)
    assert record["billed"] == (kind == "nce")
    assert (await change(client, suspended, status="active")).json()["status"] == "active"


async def test_member_names_of_a_change_are_read_without_regard_to_case(
    simulator: Simulator, client: PartnerClient
):
    subscription = await add(simulator, client)
    body = {name[0].upper() + name[1:]: value for name, value in subscription.items()}
    path = f"{PATH}/{subscription['id']}"
    answer = await client.call("PATCH", path, body | {"AutoRenewEnabled": False})
    assert answer.json()["autoRenewEnabled"] is False


async def test_new_commerce_is_cancelled_in_its_window_only(simulator: Simulator, client: PartnerClient):
    early, late = await add(simulator, client), await add(simulator, client)
    assert (await change(client, early, status="deleted")).json()["status"] == "deleted"
    await simulator.advance(7 * DAY + 1)
    assert error(await change(client, late, status="deleted")) == (400, 900117)
    assert (await change(client, late, autoRenewEnabled=False)).status_code == 200


async def test_a_renewal_opens_the_window_again(simulator: Simulator, client: PartnerClient):
    subscription = await add(simulator, client, termDuration="P1M")
    await simulator.advance(31 * DAY)
    assert (await change(client, subscription, status="deleted")).json()["status"] == "deleted"


async def test_one_that_is_not_renewed_expires(simulator: Simulator, client: PartnerClient):
    subscription = await add(simulator, client, termDuration="P1M", autoRenewEnabled=False)
    await simulator.advance(31 * DAY)
    expired = await read(client, subscription["id"])
    assert expired["status"] == "expired"
    assert error(await change(client, expired, status="active")) == (400, 800040)


@pytest.mark.parametrize(
    ("members", "status", "expected"),
    [
        ({"kind": "legacy"}, "deleted", (400, 800040)),
        ({"kind": "azure"}, "deleted", (400, 800040)),
        ({"kind": "nce", "cancellationAllowedUntilDate": None}, "deleted", (400, 800096)),
        ({"kind": "marketplace"}, "suspended", (400, 800096)),
        ({"kind": "nce", "status": "deleted"}, "active", (400, 2011)),
        ({"kind": "nce"}, "pending", (400, 800040)),
    ],
)
async def test_a_change_against_the_rules_of_its_kind_is_refused(
    simulator: Simulator, client: PartnerClient, members, status, expected
):
    subscription = await add(simulator, client, **members)
    assert error(await change(client, subscription, status=status)) == expected
    assert await read(client, subscription["id"]) == subscription


async def test_the_marketplace_cancels_in_its_window(simulator: Simulator, client: PartnerClient):
    subscription = await add(simulator, client, kind="marketplace")
    assert subscription["refundOptions"][0]["type"] == "Full"
    assert (await change(client, subscription, status="deleted")).json()["status"] == "deleted"


async def test_a_suspended_one_only_comes_back(simulator: Simulator, client: PartnerClient):
    subscription = await add(simulator, client, kind="legacy", status="suspended")
    assert error(await change(client, subscription, quantity=9)) == (400, 2001)
    assert error(await change(client, subscription, autoRenewEnabled=False)) == (400, 800091)


async def test_a_stale_tag_is_refused(simulator: Simulator, client: PartnerClient):
    subscription = await add(simulator, client)
    changed = (await change(client, subscription, quantity=2)).json()
    assert changed["attributes"]["etag"] != subscription["attributes"]["etag"]
    assert error(await change(client, subscription, quantity=3)) == (400, 2055)
    path, headers = f"{PATH}/{subscription['id']}", {"If-Match": f'"{subscription["attributes"]["etag"]}"'}
    assert error(await client.call("PATCH", path, changed, headers=headers)) == (400, 2055)


async def test_a_change_wants_the_whole_resource(simulator: Simulator, client: PartnerClient):
    subscription = await add(simulator, client)
    path = f"{PATH}/{subscription['id']}"
    assert error(await client.call("PATCH", path, {"status": "suspended"})) == (400, 3000)
    assert error(await change(client, subscription, quantity="2")) == (400, 3000)


async def test_additions_come_before_what_they_are_added_to(simulator: Simulator, client: PartnerClient):
    parent = await add(simulator, client, kind="legacy")
    child = await add(simulator, client, kind="legacy", parentSubscriptionId=parent["id"])
    addons = decode(await client.call("GET", f"{PATH}/{parent['id']}/addons"))
    assert addons["items"] == [child]
    assert child["links"]["parentSubscription"]["uri"].endswith(parent["id"])
    assert error(await change(client, parent, status="suspended")) == (400, 800096)
    child = (await change(client, child, status="suspended")).json()
    assert (await change(client, parent, status="suspended")).status_code == 200
    assert error(await change(client, child, status="active")) == (409, 27009)


async def test_an_azure_plan_stays_while_its_subscriptions_are_on(
    simulator: Simulator, client: PartnerClient
):
    plan = await add(simulator, client, kind="azure_plan")
    child = await add(simulator, client, kind="azure", parentSubscriptionId=plan["id"])
    assert error(await change(client, plan, status="suspended")) == (403, 900115)
    await change(client, child, status="suspended")
    assert (await change(client, plan, status="suspended")).status_code == 200


@pytest.mark.parametrize("with_version", [True, False])
async def test_a_change_may_take_time(simulator: Simulator, client: PartnerClient, with_version):
    await simulator.settings(subscriptionChangesTakeSeconds=60, linksWithVersion=with_version)
    subscription = await add(simulator, client)
    request_id = str(uuid4())
    answer = await change(client, subscription, status="suspended", request_id=request_id)
    assert (answer.status_code, answer.content) == (202, b"")
    location = answer.headers["Location"]
    assert location.startswith("/v1/") == with_version
    location = location if with_version else f"/v1{location}"
    again = await change(client, subscription, status="suspended", request_id=request_id)
    assert (again.status_code, again.headers["Location"]) == (202, answer.headers["Location"])
    assert error(await change(client, subscription, quantity=2)) == (409, 900278)
    assert (await client.call("GET", location)).status_code == 202
    assert (await read(client, subscription["id"]))["status"] == "active"
    await simulator.advance(60)
    assert (await client.call("GET", location)).json()["status"] == "suspended"
    assert (await read(client, subscription["id"]))["status"] == "suspended"


async def test_a_repeated_change_is_answered_as_before(simulator: Simulator, client: PartnerClient):
    subscription, request_id = await add(simulator, client), str(uuid4())
    answers = [await change(client, subscription, quantity=2, request_id=request_id) for _ in "12"]
    assert answers[0].json() == answers[1].json()
    assert answers[1].status_code == 200


async def remove(client: PartnerClient, **arguments: Any) -> httpx.Response:
    body = {"relationshipToPartner": "none", "attributes": {"objectType": "Customer"}}
    return await client.call("PATCH", f"/v1/customers/{CUSTOMER_ID}", body, **arguments)


async def test_a_relationship_ends_when_nothing_is_active(simulator: Simulator, client: PartnerClient):
    subscription = await add(simulator, client)
    assert (await remove(client)).status_code == 400
    await change(client, subscription, status="suspended")
    request_id = str(uuid4())
    for _ in "12":
        answer = await remove(client, request_id=request_id)
        assert answer.status_code == 200
        assert answer.json()["RelationshipToPartner"] == "none"
        assert (answer.json()["Id"], answer.json()["CompanyProfile"]) == (None, None)
    assert error(await client.call("GET", f"/v1/customers/{CUSTOMER_ID}")) == (403, 20002)
    assert await simulator.customers(client.partner.tenant_id) == []


async def test_a_relationship_is_ended_by_a_user(client: PartnerClient):
    assert error(await remove(client, as_user=False)) == (403, 900329)
    answer = await client.call("PATCH", f"/v1/customers/{CUSTOMER_ID}", {"relationshipToPartner": "reseller"})
    assert error(answer) == (400, 3000)


async def test_only_a_sandbox_deletes_customers(simulator: Simulator, client: PartnerClient):
    path = f"/v1/customers/{CUSTOMER_ID}"
    assert (await client.call("DELETE", path)).status_code == 403
    await simulator.change_partner(client.partner.tenant_id, sandbox=True)
    await add(simulator, client)
    answer = await client.call("DELETE", path)
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await client.call("GET", path)).status_code == 404
