"""Subscriptions at Partner Center end by the rules of their kind, and the relationship after them."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from support.virtual_clock import VirtualClock

from providers.base import Ending, EndingKind, Subscription, SubscriptionStatus
from providers.errors import (
    AdministratorNeeded,
    CustomerNotVisible,
    InputRefused,
    ProviderUnavailable,
)

PURCHASED_BEFORE = datetime.now(UTC) - timedelta(days=40)
TERM_END = (PURCHASED_BEFORE + timedelta(days=365)).date()


@pytest.fixture
async def customer_id(simulator, partner):
    customer_id = str(uuid4())
    contoso = {"id": customer_id, "companyName": "Contoso", "domain": "contoso.onmicrosoft.com"}
    await simulator.add_customers(partner.tenant_id, [contoso])
    return customer_id


class Shop:
    """What one customer buys, behind the scenes."""

    def __init__(self, simulator, partner, customer_id):
        self.simulator, self.tenant_id, self.customer_id = simulator, partner.tenant_id, customer_id

    async def sell(self, kind="nce", *, long_ago=False, **members):
        subscription_id = str(uuid4())
        if long_ago:
            members["creationDate"] = PURCHASED_BEFORE.isoformat()
        sold = {"id": subscription_id, "kind": kind, **members}
        await self.simulator.add_subscriptions(self.tenant_id, self.customer_id, sold)
        return subscription_id

    async def stored(self, subscription_id):
        found = await self.simulator.subscriptions(self.tenant_id, self.customer_id)
        return next(each for each in found if each["id"] == subscription_id)

    async def patches(self):
        return [call for call in await self.simulator.requests() if call["method"] == "PATCH"]

    async def spoil(self, action, **rule):
        await self.simulator.fault("/subscriptions/", action, method="PATCH", **rule)


@pytest.fixture
def shop(simulator, partner, customer_id):
    return Shop(simulator, partner, customer_id)


def end(client, shop, subscription_id, request_id="end"):
    return client.end_subscription(shop.customer_id, subscription_id, request_id=request_id)


def refusal(code, text):
    return {"kind": "status", "status": 400, "body": {"code": code, "description": text}}


async def test_subscriptions_are_listed_with_additions_before_what_they_are_added_to(
    client, customer_id, shop
):
    parent = await shop.sell(name="Office", quantity=3, long_ago=True)
    child = await shop.sell(name="Archive", parentSubscriptionId=parent, status="suspended")
    grandchild = await shop.sell("azure", name="Azure", parentSubscriptionId=child)

    listed = await client.list_subscriptions(customer_id)

    assert [each.id for each in listed] == [grandchild, child, parent]
    assert listed[2] == Subscription(
        id=parent,
        name="Office",
        status=SubscriptionStatus.ACTIVE,
        quantity=3,
        auto_renews=True,
        term_ends_on=TERM_END,
    )
    assert listed[1].status is SubscriptionStatus.SUSPENDED
    assert (listed[0].auto_renews, listed[0].term_ends_on) == (False, None)


async def test_subscriptions_of_an_unknown_customer_are_not_visible(client):
    with pytest.raises(CustomerNotVisible):
        await client.list_subscriptions(str(uuid4()))
    with pytest.raises(CustomerNotVisible):
        await client.end_subscription(str(uuid4()), str(uuid4()), request_id="end")


ENDINGS = {
    "new commerce in its days of grace": ({}, Ending(kind=EndingKind.CANCELLED), "deleted"),
    "new commerce after them": (
        {"long_ago": True},
        Ending(kind=EndingKind.NOT_RENEWED, on=TERM_END),
        "active",
    ),
    "new commerce that is never cancelled": (
        {"cancellationAllowedUntilDate": None, "long_ago": True},
        Ending(kind=EndingKind.NOT_RENEWED, on=TERM_END),
        "active",
    ),
    "licences of old": ({"kind": "legacy"}, Ending(kind=EndingKind.SUSPENDED), "suspended"),
    "Azure of old": ({"kind": "azure"}, Ending(kind=EndingKind.SUSPENDED), "suspended"),
    "an Azure plan": ({"kind": "azure_plan"}, Ending(kind=EndingKind.SUSPENDED), "suspended"),
    "software of others in its days": ({"kind": "marketplace"}, Ending(kind=EndingKind.CANCELLED), "deleted"),
    "software of others after them": (
        {"kind": "marketplace", "long_ago": True},
        Ending(kind=EndingKind.NOT_RENEWED, on=TERM_END),
        "active",
    ),
}


@pytest.mark.parametrize("case", ENDINGS)
async def test_each_kind_ends_in_its_own_way(client, shop, case):
    bought, ending, status = ENDINGS[case]
    subscription_id = await shop.sell(**bought)

    assert await end(client, shop, subscription_id) == ending

    after = await shop.stored(subscription_id)
    assert after["status"] == status
    assert after["autoRenewEnabled"] is (
        ending.kind is not EndingKind.NOT_RENEWED and "azure" not in case.lower()
    )


@pytest.mark.parametrize("case", ENDINGS)
async def test_ending_it_again_changes_nothing(client, shop, case):
    bought, ending, _ = ENDINGS[case]
    subscription_id = await shop.sell(**bought)
    await end(client, shop, subscription_id)
    before = await shop.stored(subscription_id)

    again = await end(client, shop, subscription_id, "again")

    assert again.kind is (EndingKind.ENDED_BEFORE if ending.kind is EndingKind.CANCELLED else ending.kind)
    assert len(await shop.patches()) == 1
    assert await shop.stored(subscription_id) == before


@pytest.mark.parametrize("status", ["deleted", "expired", "disabled"])
async def test_what_has_ended_is_left_alone(client, shop, status):
    subscription_id = await shop.sell(status=status)

    assert await end(client, shop, subscription_id) == Ending(kind=EndingKind.ENDED_BEFORE)
    assert await shop.patches() == []


async def test_what_the_customer_has_no_more_has_ended(client, shop):
    assert await end(client, shop, str(uuid4())) == Ending(kind=EndingKind.ENDED_BEFORE)


async def test_where_the_services_clock_says_too_late_it_is_not_renewed(client, shop):
    subscription_id = await shop.sell()
    await shop.spoil(refusal(900117, "You have passed your 7-day cancellation window."))

    assert (await end(client, shop, subscription_id)).kind is EndingKind.NOT_RENEWED


async def test_a_change_by_somebody_else_is_read_before_ours_is_made(client, shop):
    subscription_id = await shop.sell("legacy")
    await shop.spoil(refusal(2055, "Etag is no longer valid"))

    assert (await end(client, shop, subscription_id)).kind is EndingKind.SUSPENDED
    assert (await shop.stored(subscription_id))["status"] == "suspended"


async def test_endless_changes_by_somebody_else_are_to_be_tried_later(client, shop):
    subscription_id = await shop.sell("legacy")
    await shop.spoil(refusal(2055, "Etag is no longer valid"), times=10)

    with pytest.raises(ProviderUnavailable):
        await end(client, shop, subscription_id)


async def test_an_ending_whose_answer_is_lost_is_made_once(client, shop):
    subscription_id = await shop.sell("legacy")
    await shop.spoil({"kind": "drop_after"})

    assert (await end(client, shop, subscription_id)).kind is EndingKind.SUSPENDED
    assert (await shop.stored(subscription_id))["status"] == "suspended"
    assert len({call["requestId"] for call in await shop.patches()}) == 1


@pytest.mark.parametrize("with_version", [True, False])
async def test_a_change_that_takes_its_time_is_waited_for(simulator, partner, connect, shop, with_version):
    await simulator.settings(subscriptionChangesTakeSeconds=40, linksWithVersion=with_version)
    clock = VirtualClock(simulator)
    client = connect(partner, clock=clock)
    subscription_id = await shop.sell("legacy")

    assert (await end(client, shop, subscription_id)).kind is EndingKind.SUSPENDED

    assert (await shop.stored(subscription_id))["status"] == "suspended"
    assert timedelta(seconds=39) <= clock.slept <= timedelta(seconds=60)


async def test_a_change_that_does_not_come_to_an_end_is_to_be_tried_later(simulator, partner, connect, shop):
    await simulator.settings(subscriptionChangesTakeSeconds=24 * 3600)
    client = connect(partner, clock=VirtualClock(simulator))
    subscription_id = await shop.sell("legacy")

    with pytest.raises(ProviderUnavailable):
        await end(client, shop, subscription_id)


async def test_an_azure_plan_in_use_is_refused_input(client, shop):
    plan = await shop.sell("azure_plan")
    await shop.sell("azure", parentSubscriptionId=plan)

    with pytest.raises(InputRefused):
        await end(client, shop, plan)


async def test_nothing_of_the_resource_is_lost_by_a_change(client, shop):
    subscription_id = await shop.sell("legacy", name="Long name", quantity=7, partnerId="4711")
    before = await shop.stored(subscription_id)

    await end(client, shop, subscription_id)

    after = await shop.stored(subscription_id)
    told = {"status", "attributes", "billed", "suspensionReasons", "actions"}
    assert {k: v for k, v in after.items() if k not in told} == {
        k: v for k, v in before.items() if k not in told
    }


async def test_the_relationship_is_ended_and_ending_it_again_is_harmless(client, customer_id):
    await client.remove_customer(customer_id, request_id="remove")

    assert [page async for page in client.list_customers()] == [[]]
    await client.remove_customer(customer_id, request_id="again")
    await client.remove_customer(str(uuid4()), request_id="never ours")


async def test_the_relationship_stays_while_something_is_active(client, customer_id, shop):
    await shop.sell()

    with pytest.raises(InputRefused):
        await client.remove_customer(customer_id, request_id="remove")

    assert await client.get_customer(customer_id) is not None


async def test_a_removal_whose_answer_is_lost_is_no_error(simulator, client, customer_id):
    await simulator.fault(f"/customers/{customer_id}$", {"kind": "drop_after"}, method="PATCH")

    await client.remove_customer(customer_id, request_id="remove")

    assert await client.get_customer(customer_id) is None


async def test_a_user_without_the_right_is_no_sign_that_the_customer_has_gone(simulator, client, customer_id):
    refused = {"kind": "status", "status": 403, "body": {"code": 2032, "description": "Access denied."}}
    await simulator.fault(f"/customers/{customer_id}$", refused, method="PATCH")

    with pytest.raises(AdministratorNeeded):
        await client.remove_customer(customer_id, request_id="remove")
