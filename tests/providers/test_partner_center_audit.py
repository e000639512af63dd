"""What changed at Partner Center, by its audit log."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from support.virtual_clock import VirtualClock

from providers.base import Contact, CustomerChange
from providers.errors import ProviderUnavailable, Unsupported
from providers.partner_center import ConfirmationMode
from providers.partner_center.audit import Entry

MCA = "117a77b0-9360-443b-8795-c6dedc750cf9"
TANIA = Contact(first_name="Tania", last_name="Carr", email="tania@contoso.example")
START = datetime.now(UTC) - timedelta(minutes=5)
AT = datetime(2026, 11, 20, 12, tzinfo=UTC)


def customers(count):
    names = [f"c{number}" for number in range(count)]
    return [{"id": str(uuid4()), "companyName": name, "domain": f"{name}.onmicrosoft.com"} for name in names]


async def changes(client, since=START):
    return [change async for page in client.list_changes(since=since) for change in page]


def line(customer_id, operation="update_company_info", **members):
    return {
        "id": str(uuid4()),
        "customerId": customer_id,
        "resourceType": "customer",
        "operationType": operation,
        "operationDate": AT.isoformat(),
        "operationStatus": "succeeded",
        **members,
    }


class Frozen(VirtualClock):
    """A day on which only the log below was written."""

    def now(self):
        return AT + timedelta(hours=1)


@pytest.fixture
def logged(simulator, partner, connect):
    """Read what changed if these are the lines of the log."""

    async def read(*lines, since=AT - timedelta(hours=1)):
        client = connect(partner, clock=Frozen(simulator), requests_per_minute=0)
        body = {"totalCount": len(lines), "items": list(lines)}
        await simulator.fault("/auditrecords", {"kind": "status", "status": 200, "body": body}, times=9)
        return await changes(client, since)

    return read


async def test_nothing_has_changed_at_first(client):
    assert await changes(client) == []


async def test_confirmed_customers_and_ended_relationships_are_changes(simulator, partner, connect):
    client = connect(partner, confirmation=ConfirmationMode.LEGACY)
    confirmed, ended, untouched = customers(3)
    await simulator.add_customers(partner.tenant_id, [confirmed, ended, untouched])
    before = datetime.now(UTC)
    await client.confirm(
        confirmed["id"], template_id=MCA, contact=TANIA, agreed_on=before.date(), request_id="confirm"
    )
    await client.remove_customer(ended["id"], request_id="remove")

    found = await changes(client, before)

    assert CustomerChange(customer_id=confirmed["id"]) in found
    assert CustomerChange(customer_id=ended["id"], removed=True) in found
    assert untouched["id"] not in {change.customer_id for change in found}


async def test_earlier_changes_are_not_told_again(simulator, partner, connect):
    client = connect(partner, confirmation=ConfirmationMode.LEGACY)
    [contoso] = customers(1)
    await simulator.add_customers(partner.tenant_id, [contoso])
    await client.confirm(
        contoso["id"], template_id=MCA, contact=TANIA, agreed_on=START.date(), request_id="confirm"
    )

    assert await changes(client, datetime.now(UTC) + timedelta(seconds=1)) == []


async def test_changes_of_several_days_are_read_page_by_page(simulator, partner, connect):
    clock = VirtualClock(simulator)
    client = connect(partner, clock=clock)
    for known in customers(3):
        await simulator.add_customers(partner.tenant_id, [known])
        await client.remove_customer(known["id"], request_id=known["id"])
        await clock.sleep(24 * 3600)
    await simulator.settings(maxPageSize=1)

    found = await changes(client)

    removed = [change.customer_id for change in found if change.removed]
    assert len(removed) == len(set(removed)) == 3


@pytest.mark.parametrize("days", [90, 91, 400])
async def test_what_the_log_does_not_reach_back_to_is_unsupported(simulator, client, days):
    with pytest.raises(Unsupported):
        await changes(client, datetime.now(UTC) - timedelta(days=days))

    assert await simulator.requests() == []


async def test_a_range_that_the_service_refuses_is_unsupported(simulator, client):
    refused = {"kind": "status", "status": 400, "body": {"code": 3000, "description": "Too long ago."}}
    await simulator.fault("/auditrecords", refused)

    with pytest.raises(Unsupported, match="Too long ago"):
        await changes(client)


async def test_a_broken_page_is_an_error_and_no_shorter_list(simulator, client):
    await simulator.fault("/auditrecords", {"kind": "truncate"}, times=20)

    with pytest.raises(ProviderUnavailable):
        await changes(client)


@pytest.mark.parametrize(
    "members",
    [
        {"operationStatus": "failed"},
        {"operationStatus": "decline"},
        {"resourceType": "subscription"},
        {"resourceType": "customer_user"},
        {"resourceType": "order"},
        {"customerId": None},
        {"operationDate": (AT - timedelta(hours=2)).isoformat()},
        {"operationDate": (AT - timedelta(days=1)).isoformat()},
    ],
    ids=lambda members: " ".join(str(value) for value in members.values()),
)
async def test_what_has_no_effect_on_a_customer_is_no_change(logged, members):
    assert await logged({**line("c"), **members}) == []


@pytest.mark.parametrize(
    ("operation", "resource"),
    [
        ("add_customer", "customer"),
        ("create_agreement", "agreement"),
        ("update_customer_billing_profile", "customer"),
        ("extend_relationship", "partner_customer_dap"),
        ("something_new", "something_new"),
    ],
)
async def test_what_may_have_an_effect_is_a_change(logged, operation, resource):
    assert await logged(line("c", operation, resourceType=resource)) == [CustomerChange(customer_id="c")]


@pytest.mark.parametrize(
    "operation", ["remove_partner_customer_relationship", "delete_customer", "delete_tip_customer"]
)
async def test_three_operations_remove_a_customer(logged, operation):
    assert await logged(line("c", operation)) == [CustomerChange(customer_id="c", removed=True)]


@pytest.mark.parametrize("newest_first", [True, False])
async def test_who_came_back_is_not_removed_in_whichever_order_the_log_tells_it(logged, newest_first):
    removed = line("c", "delete_customer", operationDate=AT.isoformat())
    added = line("c", "add_customer", operationDate=(AT + timedelta(minutes=1)).isoformat())
    lines = [added, removed] if newest_first else [removed, added]

    assert await logged(*lines) == [CustomerChange(customer_id="c")]


async def test_guids_come_in_lower_case(logged):
    customer_id = str(uuid4())

    assert await logged(line(customer_id.upper())) == [CustomerChange(customer_id=customer_id)]


def test_operations_of_unknown_status_count():
    entry = Entry(id=None, customer_id="c", resource_type="", operation="", status="", at=None)

    assert entry.is_change
