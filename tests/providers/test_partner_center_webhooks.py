"""Notifications are asked for at one address, and only those that are offered."""

import pytest

from providers.errors import Unsupported

CALLBACK = "https://agreements.example/providers/1/notifications"
ACCEPTED = "reseller-relationship-accepted-by-customer"


async def test_an_address_is_registered_once_and_replaced(simulator, partner, client):
    await client.subscribe(CALLBACK)
    await client.subscribe(CALLBACK)
    first = await simulator.webhooks(partner.tenant_id)
    await client.subscribe(f"{CALLBACK}/new")
    second = await simulator.webhooks(partner.tenant_id)

    assert first["registration"]["url"] == CALLBACK
    assert ACCEPTED in first["registration"]["events"]
    assert second["registration"]["url"] == f"{CALLBACK}/new"
    calls = [
        call for call in await simulator.requests() if call["path"].endswith("/webhooks/v1/registration")
    ]
    assert [call["method"] for call in calls] == ["GET", "POST", "GET", "GET", "PUT"]


async def test_only_events_that_are_offered_are_asked_for(simulator, partner, client):
    offered = {"kind": "status", "status": 200, "body": ["subscription-updated", "test-created"]}
    await simulator.fault("/registration/events", offered)

    await client.subscribe(CALLBACK)

    known = await simulator.webhooks(partner.tenant_id)
    assert sorted(known["registration"]["events"]) == ["subscription-updated", "test-created"]


async def test_where_nothing_of_use_is_offered_it_is_unsupported(simulator, client):
    await simulator.fault(
        "/registration/events", {"kind": "status", "status": 200, "body": ["invoice-ready"]}
    )

    with pytest.raises(Unsupported):
        await client.subscribe(CALLBACK)
