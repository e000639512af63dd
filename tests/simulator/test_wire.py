"""What every operation shares: headers, byte order mark, replay, rate limit, faults."""

import asyncio
from uuid import uuid4

import httpx
import pytest
from support.simulator import Simulator
from support.simulator_client import PartnerClient, confirmation, customer, decode, new_customer

BOM = b"\xef\xbb\xbf"
AGREEMENTS = f"/v1/customers/{customer()['id']}/agreements"


async def count_customers(simulator: Simulator, client: PartnerClient) -> int:
    return len(await simulator.customers(client.partner.tenant_id))


async def test_ids_are_echoed(client: PartnerClient):
    sent = {"MS-CorrelationId": str(uuid4()), "X-Locale": "de-DE"}
    request_id = str(uuid4())
    answer = await client.call("GET", "/v1/customers", request_id=request_id, headers=sent)
    assert answer.headers["MS-RequestId"] == request_id
    assert answer.headers["MS-CorrelationId"] == sent["MS-CorrelationId"]
    assert answer.headers["X-Locale"] == "de-DE"
    assert {"ms-cv", "ms-serverid", "date"} <= set(answer.headers)
    (entry,) = [entry for entry in await simulator_requests(client) if entry["path"] == "/v1/customers"]
    assert (entry["requestId"], entry["status"]) == (request_id, 200)


async def simulator_requests(client: PartnerClient) -> list[dict[str, object]]:
    return (await client.http.get("/admin/requests")).json()


async def test_lists_begin_with_a_byte_order_mark(simulator: Simulator, client: PartnerClient):
    await simulator.add_customers(client.partner.tenant_id, [customer()])
    assert (await client.call("GET", "/v1/customers")).content.startswith(BOM)
    assert not (await client.call("GET", f"/v1/customers/{customer()['id']}")).content.startswith(BOM)
    await simulator.settings(bom=False)
    assert not (await client.call("GET", "/v1/customers")).content.startswith(BOM)


async def test_a_repeated_write_is_answered_as_before(simulator: Simulator, client: PartnerClient):
    request_id = str(uuid4())
    first = await client.call("POST", "/v1/customers", new_customer(), request_id=request_id)
    again = await client.call("POST", "/v1/customers", new_customer(), request_id=request_id.upper())
    assert (again.status_code, again.json()) == (201, first.json())
    assert await count_customers(simulator, client) == 1


async def test_a_refusal_is_repeated_too_and_only_for_the_same_path(client: PartnerClient):
    request_id = str(uuid4())
    refused = await client.call("POST", "/v1/customers", new_customer(Email=""), request_id=request_id)
    again = await client.call("POST", "/v1/customers", new_customer(), request_id=request_id)
    assert again.json() == refused.json()
    assert (
        await client.call("POST", "/v1/validations/address", {}, request_id=request_id)
    ).status_code == 200


async def test_a_customer_that_is_not_visible_yet_does_not_spoil_the_request_id(
    simulator: Simulator, client: PartnerClient
):
    await simulator.settings(visibilityDelaySeconds=90)
    created = (await client.call("POST", "/v1/customers", new_customer())).json()
    path, request_id = f"/v1/customers/{created['id']}/agreements", str(uuid4())
    assert (await client.call("POST", path, confirmation(), request_id=request_id)).status_code == 404
    await simulator.advance(90)
    assert (await client.call("POST", path, confirmation(), request_id=request_id)).status_code == 201


async def test_calls_beyond_the_limit_wait_for_the_next_minute(simulator: Simulator, client: PartnerClient):
    await simulator.settings(requestsPerMinute=2)
    await simulator.advance(60)
    statuses = [(await client.call("GET", "/v1/customers")).status_code for _ in range(3)]
    throttled = await client.call("GET", f"/v1/customers/{customer()['id']}")
    assert statuses[0] == 200
    assert throttled.status_code == 429
    wait = int(throttled.headers["Retry-After"])
    assert throttled.json() == {
        "statusCode": 429,
        "message": f"Rate limit is exceeded. Try again in {wait} seconds.",
    }
    assert (await client.call("GET", "/v1/countryvalidationrules/DE")).status_code == 200
    await simulator.advance(wait)
    assert (await client.call("GET", "/v1/customers")).status_code == 200


async def test_a_fault_skips_then_strikes_then_stops(simulator: Simulator, client: PartnerClient):
    action = {"kind": "status", "status": 503, "retryAfterSeconds": 7}
    await simulator.fault("/customers$", action, method="GET", skip=1, times=2)
    answers = [await client.call("GET", "/v1/customers") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 503, 503, 200]
    assert answers[1].headers["Retry-After"] == "7"


async def test_a_fault_may_choose_a_page(simulator: Simulator, client: PartnerClient):
    await simulator.fault("seekOperation=next", {"kind": "status", "status": 404})
    assert (await client.call("GET", "/v1/customers?size=1")).status_code == 200
    assert (await client.call("GET", "/v1/customers?size=1&seekOperation=next")).status_code == 404


async def test_an_injected_throttle_looks_like_the_gateways(simulator: Simulator, client: PartnerClient):
    await simulator.fault("/v1/", {"kind": "status", "status": 429, "retryAfterSeconds": 3})
    answer = await client.call("GET", "/v1/customers")
    assert (answer.json()["statusCode"], answer.headers["Retry-After"]) == (429, "3")


@pytest.mark.parametrize(
    ("kind", "made"),
    [
        ("timeout_before", 0),
        ("timeout_after", 1),
        ("drop", 0),
        ("drop_after", 1),
        ("status", 0),
        ("status_after", 1),
        ("html", 0),
        ("truncate", 1),
    ],
)
async def test_a_lost_answer_may_hide_a_write_and_the_repetition_finds_it(
    simulator: Simulator, client: PartnerClient, kind, made
):
    await client.token(as_user=True)
    await simulator.fault("/customers$", {"kind": kind}, method="POST")
    client.http.timeout = httpx.Timeout(1.5)
    request_id = str(uuid4())
    try:
        answer = await client.call("POST", "/v1/customers", new_customer(), request_id=request_id)
    except httpx.TransportError as error:
        # A connection that is closed shows as either of two errors, by which side notices first.
        dropped = (httpx.RemoteProtocolError, httpx.ReadError)
        expected = httpx.ReadTimeout if kind.startswith("timeout") else dropped
        assert isinstance(error, expected)  # noqa: PT017 - which kinds raise is part of what is tested
    else:
        assert kind in {"status", "status_after", "html", "truncate"}
        with pytest.raises(ValueError, match=r".*"):
            answer.json()
    assert await count_customers(simulator, client) == made
    again = await client.call("POST", "/v1/customers", new_customer(), request_id=request_id)
    assert again.status_code == 201
    assert await count_customers(simulator, client) == 1


async def test_a_delayed_call_holds_up_nobody_else(simulator: Simulator, client: PartnerClient):
    await simulator.fault("/customers$", {"kind": "delay", "seconds": 3})
    slow = asyncio.create_task(client.call("GET", "/v1/customers"))
    await asyncio.sleep(0.1)
    assert (await client.call("GET", "/v1/agreements")).status_code == 200
    assert not slow.done()
    assert (await slow).status_code == 200


async def test_member_names_may_come_in_pascal_case(simulator: Simulator, client: PartnerClient):
    await simulator.add_customers(client.partner.tenant_id, [customer()])
    await simulator.fault("/customers$", {"kind": "pascal_case"})
    body = decode(await client.call("GET", "/v1/customers"))
    assert body["Items"][0]["CompanyProfile"]["TenantId"] == customer()["id"]


async def test_the_login_fails_on_request_too(simulator: Simulator, client: PartnerClient):
    await simulator.fault("/oauth2/", {"kind": "status", "status": 500})
    assert (await client.sign_in()).status_code == 500
    assert (await client.sign_in()).status_code == 200


async def test_an_unknown_operation_is_refused_in_the_apis_shape(client: PartnerClient):
    unknown = await client.call("GET", "/v1//v1/customers")
    assert (unknown.status_code, unknown.json()["code"]) == (404, 1000)
    assert (await client.call("DELETE", "/v1/customers")).status_code == 405
    assert (await client.call("GET", "/v1/customers/")).status_code == 200


async def test_reset_forgets_everything(simulator: Simulator, client: PartnerClient):
    await simulator.settings(bom=False)
    await simulator.reset()
    assert (await simulator.settings())["bom"] is True
    assert (await client.http.get("/admin/partners")).json() == []
    assert await simulator.requests() == []


async def test_the_admin_interface_names_what_it_does_not_understand(simulator: Simulator):
    async with httpx.AsyncClient(base_url=f"{simulator.url}/admin") as admin:
        for method, path, body in [
            ("PUT", "/settings", {"pageSize": 1}),
            ("POST", "/faults", {"path": "(", "action": {"kind": "drop"}}),
            ("POST", "/partners", {"tenantId": "none", "name": ""}),
        ]:
            answer = await admin.request(method, path, json=body)
            assert answer.status_code == 422
            assert answer.json()["errors"]
