"""Faults a test may ask for: answers with less or more in them, refused tokens, chance; the throttle."""

from typing import Any

import pytest
from support.simulator import Simulator
from support.simulator_client import PartnerClient, confirmation, customer, decode

CUSTOMER = f"/v1/customers/{customer()['id']}"
AGREEMENTS = f"{CUSTOMER}/agreements"


@pytest.fixture(autouse=True)
async def _one_customer(simulator: Simulator, client: PartnerClient) -> None:
    await simulator.add_customers(client.partner.tenant_id, [customer()])


async def spoiled(
    simulator: Simulator, client: PartnerClient, kind: str, path: str, members: list[str] | None = None
) -> Any:
    await simulator.fault("/v1/", {"kind": kind, "members": members})
    answer = await client.call("GET", path)
    assert answer.status_code == 200
    return decode(answer)


async def test_optional_members_may_be_missing(simulator: Simulator, client: PartnerClient):
    body = await spoiled(simulator, client, "missing_members", CUSTOMER)
    assert body["id"] == customer()["id"]
    assert not {"links", "attributes", "relationshipToPartner"} & set(body)
    assert "companyName" not in body["companyProfile"]
    body = await spoiled(simulator, client, "missing_members", CUSTOMER, ["ID"])
    assert "id" not in body
    assert "links" in body


async def test_members_may_be_null(simulator: Simulator, client: PartnerClient):
    body = await spoiled(simulator, client, "null_members", "/v1/customers")
    assert body["links"] is body["items"][0]["companyProfile"]["companyName"] is None
    assert body["items"][0]["id"]


async def test_members_may_be_there_that_nobody_knows(simulator: Simulator, client: PartnerClient):
    body = await spoiled(simulator, client, "extra_members", "/v1/customers")
    assert {"futureMember", "items"} <= set(body)
    assert "futureMember" in body["items"][0]["companyProfile"]


async def test_a_new_type_of_agreement_may_appear_among_all(simulator: Simulator, client: PartnerClient):
    await client.call("POST", AGREEMENTS, confirmation())
    for path, name in (("/v1/agreements", "agreementType"), (AGREEMENTS, "type")):
        items = (await spoiled(simulator, client, "extra_values", f"{path}?agreementType=*"))["items"]
        assert items[-1][name] == "MicrosoftFutureAgreement"
        assert items[-1]["templateId"] not in {item["templateId"] for item in items[:-1]}


async def test_an_enumeration_may_have_a_value_nobody_knows(simulator: Simulator, client: PartnerClient):
    await simulator.add_subscriptions(client.partner.tenant_id, customer()["id"], {})
    (item,) = (await spoiled(simulator, client, "extra_values", f"{CUSTOMER}/subscriptions"))["items"]
    assert (item["status"], item["billingType"]) == ("from_the_future", "from_the_future")
    body = await spoiled(simulator, client, "extra_values", CUSTOMER, ["relationshipToPartner"])
    assert body["relationshipToPartner"] == "from_the_future"


@pytest.mark.parametrize(("kind", "code"), [("mfa_off", 900421), ("wrong_audience", 900420)])
async def test_a_token_may_be_refused_for_a_while(simulator: Simulator, client: PartnerClient, kind, code):
    await simulator.fault("/customers$", {"kind": kind}, times=2)
    for _ in range(2):
        answer = await client.call("GET", "/v1/customers", request_id="11111111-2222-3333-4444-555555555555")
        assert (answer.status_code, answer.json()["code"]) == (401, code)
        assert answer.headers["MS-RequestId"] == "11111111-2222-3333-4444-555555555555"
    assert (await client.call("GET", "/v1/customers")).status_code == 200


async def test_a_part_of_all_calls_may_fail_by_chance(simulator: Simulator, client: PartnerClient):
    await client.token(as_user=True)
    patterns = []
    for seed in (1, 1, 2):
        await simulator.clear_faults()
        actions = [{"kind": "status", "status": 503}, {"kind": "html", "status": 502}]
        await simulator.random_faults(0.2, *actions, path="/customers$", seed=seed)
        patterns.append([(await client.call("GET", "/v1/customers")).status_code for _ in range(100)])
    assert patterns[0] == patterns[1] != patterns[2]
    assert set(patterns[0]) == {200, 502, 503}
    assert 8 <= sum(status != 200 for status in patterns[0]) <= 32
    (rule,) = await simulator.faults()
    assert (rule["seen"], rule["struck"]) == (100, sum(status != 200 for status in patterns[2]))
    entries = [entry for entry in await simulator.requests() if entry["path"] == "/v1/customers"]
    assert [entry["fault"] is not None for entry in entries[-100:]] == [
        status != 200 for status in patterns[2]
    ]


@pytest.mark.parametrize("rule", [{}, {"action": {"kind": "drop"}, "actions": [{"kind": "html"}]}])
async def test_a_fault_needs_one_action_or_several(client: PartnerClient, rule):
    assert (await client.http.post("/admin/faults", json={"path": "/", **rule})).status_code == 422


async def test_codes_may_be_text_and_dates_may_have_a_zone(simulator: Simulator, client: PartnerClient):
    await simulator.settings(errorCodesAsText=True, agreementDatesWithZone=True)
    assert (await client.call("GET", "/v1/customers/none")).json()["code"] == "900118"
    body = confirmation()
    await client.call("POST", AGREEMENTS, body)
    assert (await client.call("POST", AGREEMENTS, body)).json()["code"] == "600061"
    (item,) = decode(await client.call("GET", f"{AGREEMENTS}?agreementType=*"))["items"]
    assert item["dateAgreed"] == "2024-06-14T00:00:00Z"


async def test_a_sliding_window_counts_the_last_sixty_seconds(simulator: Simulator, client: PartnerClient):
    await simulator.settings(requestsPerMinute=2, throttleWindow="sliding")
    assert [(await client.call("GET", CUSTOMER)).status_code for _ in range(2)] == [200, 200]
    await simulator.advance(30)
    refused = await client.call("GET", CUSTOMER)
    assert refused.status_code == 429
    assert 25 <= int(refused.headers["Retry-After"]) <= 30
    await simulator.advance(29)
    # Two more calls while throttled: the wait now begins anew with the earlier of the last two.
    for _ in range(2):
        refused = await client.call("GET", CUSTOMER)
    wait = int(refused.headers["Retry-After"])
    assert 55 <= wait <= 60
    await simulator.advance(wait)
    assert (await client.call("GET", CUSTOMER)).status_code == 200


async def test_each_partner_has_a_budget_of_its_own(simulator: Simulator, client: PartnerClient):
    await simulator.settings(requestsPerMinute=1, throttleWindow="sliding")
    assert [(await client.call("GET", CUSTOMER)).status_code for _ in range(2)] == [200, 429]
    other = await simulator.add_partner(name="Other")
    async with PartnerClient(simulator.url, other) as stranger:
        assert (await stranger.call("GET", "/v1/customers")).status_code == 200
