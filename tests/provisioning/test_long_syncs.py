"""Syncs that take minutes of Partner Center's time: the same result as in one moment, and nobody annoyed."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from support.factories import GRACE, PARTNER_CENTER
from support.straight import Configured
from support.syncing import confirmed_by, counts, tenant
from support.virtual_clock import VirtualClock

from models import Account
from providers.partner_center.client import PartnerCenter

FAILING = [
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 503},
    {"kind": "status_after", "status": 502},
    {"kind": "drop"},
    {"kind": "drop_after"},
    {"kind": "truncate"},
    {"kind": "html"},
]
OUTCOME = """
    select p.provider_name, p.domain, p.mapping, p.missing_since, g.status_reason, g.sync_state,
      g.signer_email, c.path
    from provider_accounts p left join agreements g on g.provider_account_id = p.id
      left join acceptances c on c.agreement_id = g.id
    order by p.domain
"""


@pytest.fixture
async def unhurried(there, providers: Configured):
    """Give the provider a client of the test's own, on a clock that it shares with the simulator."""
    clients = []

    def client(**values: Any) -> VirtualClock:
        clock = VirtualClock(there)
        connection = replace(there.connection, timeout=timedelta(seconds=20), max_attempts=4, **values)
        providers.clients[PARTNER_CENTER] = PartnerCenter(connection, clock=clock)
        clients.append(providers.clients[PARTNER_CENTER])
        return clock

    yield client
    for each in clients:
        await each.aclose()


async def many_customers(there, context, count: int) -> None:
    """Every fourth customer is confirmed, direct, in the books only, or unknown to them."""
    customers = []
    async with context.unit_of_work() as uow:
        for number in range(count):
            domain = f"tenant{number:04}.example"
            agreements = [confirmed_by(GRACE)] if number % 4 == 0 else []
            customers.append(
                tenant(number, domain=domain, agreements=agreements, directSigned=number % 4 == 1)
            )
            if number % 4 != 3:
                uow.add(Account(name=f"Account {number:04}", domain=domain))
        await uow.commit()
    await there.add(*customers)


async def test_short_tokens_small_pages_and_failing_calls_change_nothing(
    context, there, sync, rows, unhurried: Callable[..., VirtualClock]
):
    await many_customers(there, context, 120)
    expected = [
        ("AUTO", None, "ACCEPTED", "IN_SYNC", GRACE.email, "PROVIDER_IMPORT"),
        ("AUTO", None, "ACCEPTED", "IN_SYNC", None, "DIRECT_AT_VENDOR"),
        ("AUTO", None, "PENDING", "NOT_APPLICABLE", None, None),
        ("UNMAPPED", None, None, None, None, None),
    ] * 30
    await there.settings(tokenLifetimeSeconds=360, maxPageSize=7, refreshTokenGraceSeconds=0)
    await there.random_faults(0.05, *FAILING, path=".", seed=7)
    clock = unhurried(requests_per_minute=20, page_size=7)

    job = await sync()
    calls = await there.requests()
    await there.clear_faults()
    again = await sync()

    assert job.status == "SUCCEEDED", job.error
    found = await rows(OUTCOME)
    assert [
        (each.mapping, each.missing_since, each.status_reason, each.sync_state, each.signer_email, each.path)
        for each in found
    ] == expected
    assert [each.domain for each in found] == [f"tenant{number:04}.example" for number in range(120)]
    assert counts(again)[:4] == (120, 0, 0, 120)
    logins = [each for each in calls if each["path"].endswith("/token")]
    assert clock.slept > timedelta(seconds=2 * 360)
    assert len(logins) >= 4, "the token of the user was renewed on the way, twice"
    failed = sum(each["fault"] is not None for each in calls)
    assert 0.02 < failed / len(calls) < 0.1
    pages = [each for each in calls if each["path"] == "/v1/customers"]
    assert len(pages) >= 120 / 7


@pytest.mark.timeout(600)
async def test_a_throttled_partner_is_told_so_at_most_once_a_call(
    context, there, sync, unhurried: Callable[..., VirtualClock]
):
    await many_customers(there, context, 2_000)
    await there.settings(requestsPerMinute=500)
    clock = unhurried()

    job = await sync()

    assert job.status == "SUCCEEDED", job.error
    calls = await there.requests()
    refused = Counter(each["requestId"] for each in calls if each["status"] == 429)
    asked = sum(each["path"].startswith("/v1/customers") for each in calls)
    assert asked > 2_000
    assert clock.slept > timedelta(minutes=asked / 500 - 2), "the budget was kept, not evaded"
    assert not refused or max(refused.values()) == 1
