"""The audit log: every change, by day, with the id of the call that made it."""

import json
import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from support.patience import AT_ONCE_SECONDS
from support.simulator import SimulatedPartner, Simulator
from support.simulator_client import (
    CUSTOMER_AGREEMENT,
    PartnerClient,
    confirmation,
    customer,
    decode,
    new_customer,
)

CONTOSO, FABRIKAM = (customer(number)["id"] for number in (1, 2))


async def records(client: PartnerClient, path: str = "/v1/auditrecords") -> list[dict[str, Any]]:
    answer = await client.call("GET", path, as_user=False)
    assert answer.status_code == 200, answer.text
    return decode(answer)["items"]


async def test_a_change_is_found_by_the_correlation_id_of_its_call(client: PartnerClient):
    correlation_id = str(uuid4())
    headers = {"MS-CorrelationId": correlation_id}
    made = decode(await client.call("POST", "/v1/customers", new_customer(), headers=headers))
    (record,) = await records(client)
    assert record["originalCorrelationId"] == correlation_id
    assert (record["operationType"], record["resourceType"]) == ("add_customer", "customer")
    assert (record["partnerId"], record["customerId"]) == (client.partner.tenant_id, made["id"])
    assert (record["userPrincipalName"], record["applicationId"]) == (
        client.partner.upn,
        client.partner.client_id,
    )
    assert record["operationStatus"] == "succeeded"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z", record["operationDate"])
    assert record["id"].startswith(f"{client.partner.tenant_id}_{made['id']}_add_customer_")
    details = {item["key"]: item["value"] for item in record["customizedData"]}
    assert details == {"PrimaryDomainName": "contoso.onmicrosoft.com", "Relationship": "Reseller"}


async def test_what_changed_stands_as_text_and_holds_no_password(client: PartnerClient):
    made = decode(await client.call("POST", "/v1/customers", new_customer()))
    (record,) = await records(client)
    value = json.loads(record["resourceNewValue"])
    assert value["CompanyProfile"]["Domain"] == "contoso.onmicrosoft.com"
    assert value["UserCredentials"] == {"UserName": "admin", "Password": ""}
    assert made["userCredentials"]["password"] not in record["resourceNewValue"]
    assert "resourceOldValue" not in record


async def test_an_application_that_acts_for_itself_has_no_user_name(client: PartnerClient):
    await client.call("POST", "/v1/customers", new_customer(), as_user=False)
    (record,) = await records(client)
    assert "userPrincipalName" not in record


async def test_a_confirmation_is_logged_and_a_refused_one_is_not(
    simulator: Simulator, partner: SimulatedPartner, client: PartnerClient
):
    await simulator.add_customers(partner.tenant_id, [customer()])
    path = f"/v1/customers/{CONTOSO}/agreements"
    assert (await client.call("POST", path, confirmation())).status_code == 201
    assert (await client.call("POST", path, confirmation())).status_code == 400
    newest, *_ = found = await records(client)
    assert [record["operationType"] for record in found] == ["create_agreement", "add_customer"]
    assert json.loads(newest["resourceNewValue"])["TemplateId"] == CUSTOMER_AGREEMENT


async def test_changes_behind_the_scenes_are_logged_too(
    simulator: Simulator, partner: SimulatedPartner, client: PartnerClient
):
    contact = {"firstName": "Tania", "lastName": "Carr", "email": "tania@contoso.example"}
    agreement = {"primaryContact": contact, "dateAgreed": "2024-05-06T07:08:09Z"}
    await simulator.add_customers(partner.tenant_id, [customer(agreements=[agreement])])
    await simulator.add_customers(partner.tenant_id, [customer(agreements=[agreement])])
    await simulator.add_customers(partner.tenant_id, [customer(companyName="Contoso Ltd")])
    await simulator.add_subscriptions(partner.tenant_id, CONTOSO, {})
    await simulator.remove_customer(partner.tenant_id, CONTOSO)
    await simulator.follow_invitation(partner.tenant_id, CONTOSO)
    found = await records(client)
    assert [record["operationType"] for record in reversed(found)] == [
        "add_customer",
        "create_agreement",
        "update_customer_billing_profile",
        "update_subscription",
        "remove_partner_customer_relationship",
        "extend_relationship",
    ]
    change = found[3]
    assert json.loads(change["resourceOldValue"])["BillingProfile"]["CompanyName"] == "Contoso 0001"
    assert json.loads(change["resourceNewValue"])["BillingProfile"]["CompanyName"] == "Contoso Ltd"


async def test_a_partner_sees_its_own_log_only(simulator: Simulator, client: PartnerClient):
    other = await simulator.add_partner(name="Other")
    await simulator.add_customers(other.tenant_id, [customer()])
    assert await records(client) == []


async def test_pages_hold_together_while_new_records_come_in(
    simulator: Simulator, partner: SimulatedPartner, client: PartnerClient
):
    await simulator.add_customers(partner.tenant_id, [customer(number) for number in range(1, 8)])
    seen: list[str] = []
    headers: dict[str, str] = {}
    path = "/v1/auditrecords?size=3"
    while True:
        page = decode(await client.call("GET", path, headers=headers))
        seen += [record["customerId"] for record in page["items"]]
        if "continuationToken" not in page:
            break
        assert page["links"]["next"]["uri"].startswith("/auditrecords?size=3&")
        headers = {"MS-ContinuationToken": page["continuationToken"]}
        await simulator.add_customers(partner.tenant_id, [customer(100 + len(seen))])
    assert seen == [customer(number)["id"] for number in range(7, 0, -1)]
    assert page["links"]["self"]["uri"] == "/auditrecords?size=3"


async def test_dates_choose_days_and_instants(
    simulator: Simulator, partner: SimulatedPartner, client: PartnerClient
):
    await simulator.settings(tokenLifetimeSeconds=10**8)
    await simulator.add_customers(partner.tenant_id, [customer(1)])
    (first,) = await records(client)
    await simulator.advance(3 * 24 * 3600)
    await simulator.add_customers(partner.tenant_id, [customer(2)])
    day = datetime.fromisoformat(first["operationDate"])
    spellings = [
        f"startDate={day:%Y-%m-%d}&endDate={day:%Y-%m-%d}",
        f"startDate={day:%m/%d/%Y}%2012:00:00%20AM&endDate={day:%m/%d/%Y}",
        f"startDate={day:%m/%d/%Y}%2000:00:00&endDate={day + timedelta(days=1):%Y-%m-%dT%H:%M:%S}Z",
    ]
    for spelling in spellings:
        (found,) = await records(client, f"/v1/auditrecords?{spelling}")
        assert found["customerId"] == CONTOSO
    later = f"/v1/auditrecords?startDate={day + timedelta(days=1):%Y-%m-%d}"
    assert [one["customerId"] for one in await records(client, later)] == [FABRIKAM]


async def test_the_log_is_kept_for_ninety_days_and_shows_thirty(
    simulator: Simulator, partner: SimulatedPartner, client: PartnerClient
):
    await simulator.add_customers(partner.tenant_id, [customer()])
    await simulator.settings(tokenLifetimeSeconds=10**8)
    await simulator.advance(31 * 24 * 3600)
    assert await records(client) == []
    now = datetime.now(UTC) + timedelta(days=31)
    assert len(await records(client, f"/v1/auditrecords?startDate={now - timedelta(days=90):%Y-%m-%d}")) == 1
    old = await client.call("GET", f"/v1/auditrecords?startDate={now - timedelta(days=92):%Y-%m-%d}")
    assert old.status_code == 400
    assert decode(old)["code"] != 2000


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ({"Field": "CompanyName", "Value": "TOSO 0002", "Operator": "substring"}, 1),
        ({"Field": "CustomerId", "Value": FABRIKAM.upper(), "Operator": "equals"}, 1),
        ({"Field": "ResourceType", "Value": "Customer", "Operator": "equals"}, 2),
        ({"Field": "ResourceType", "Value": "Order", "Operator": "equals"}, 0),
    ],
)
async def test_filters_take_a_name_a_customer_or_a_type(
    simulator: Simulator, partner: SimulatedPartner, client: PartnerClient, wanted, count
):
    await simulator.add_customers(partner.tenant_id, [customer(1), customer(2)])
    assert len(await records(client, f"/v1/auditrecords?filter={json.dumps(wanted)}")) == count


@pytest.mark.parametrize(
    "query",
    ["startDate=yesterday", "filter=x", 'filter={"Field":"CustomerId","Operator":"starts_with"}',
     "startDate=2100-01-02&endDate=2100-01-01"],
)  # fmt: skip
async def test_a_question_that_makes_no_sense_is_refused(client: PartnerClient, query: str):
    assert (await client.call("GET", f"/v1/auditrecords?{query}")).status_code == 400


async def test_one_record_can_be_read_by_its_id(
    simulator: Simulator, partner: SimulatedPartner, client: PartnerClient
):
    await simulator.add_customers(partner.tenant_id, [customer(number) for number in range(1, 30)])
    for record in await records(client):
        assert decode(await client.call("GET", f"/v1/auditrecords/{record['id']}")) == record
    assert (await client.call("GET", "/v1/auditrecords/nothing")).status_code == 404


async def test_a_long_log_is_read_by_day_without_delay(
    simulator: Simulator, partner: SimulatedPartner, client: PartnerClient
):
    await simulator.add_customers(partner.tenant_id, [customer(number) for number in range(5000)])
    await simulator.advance(2 * 24 * 3600)
    await simulator.add_customers(partner.tenant_id, [customer(6000)])
    await client.token(as_user=False)
    day = datetime.now(UTC) + timedelta(days=1)
    started = time.monotonic()
    assert len(await records(client, f"/v1/auditrecords?startDate={day:%Y-%m-%d}")) == 1
    assert time.monotonic() - started < AT_ONCE_SECONDS
