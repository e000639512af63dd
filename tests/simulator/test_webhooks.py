"""Webhooks: registered over the API, signed, and repeated until they are taken."""

import base64
import json
from collections.abc import AsyncGenerator

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID
from support.listener import Listener, Posted, listening
from support.simulator import NO_CERTIFICATES, SimulatedPartner, Simulator
from support.simulator_client import PartnerClient, customer, decode

REGISTRATION = "/webhooks/v1/registration"
EVENTS = ["test-created", "subscription-updated", "reseller-relationship-accepted-by-customer"]
CONTOSO = customer()["id"]


@pytest.fixture
async def listener(simulator: Simulator) -> AsyncGenerator[Listener]:
    await simulator.settings(webhookRetrySeconds=0.01)
    async with listening() as listener:
        yield listener


async def register(client: PartnerClient, listener: Listener, *events: str, **members: object) -> dict:
    body = {"WebhookUrl": listener.url, "WebhookEvents": list(events or EVENTS), **members}
    answer = await client.call("POST", REGISTRATION, body)
    assert answer.status_code == 200, answer.text
    return decode(answer)


async def verify(simulator: Simulator, posted: Posted, header: str = "authorization") -> None:
    """Check a message as a careful partner does."""
    authority = x509.load_pem_x509_certificate((await simulator.webhook_authority()).encode())
    url = posted.headers["x-ms-certificate-url"]
    assert url.startswith(f"{simulator.url}/")
    async with httpx.AsyncClient(verify=NO_CERTIFICATES) as http:
        certificate = x509.load_der_x509_certificate((await http.get(url)).content)
    certificate.verify_directly_issued_by(authority)
    (organization,) = certificate.issuer.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    assert organization.value == "Microsoft Corporation"
    key = certificate.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    assert posted.headers["x-ms-signature-algorithm"] == "rsa-sha256"
    scheme, _, signature = posted.headers[header].partition(" ")
    assert scheme == "Signature"
    key.verify(base64.b64decode(signature), posted.body, padding.PKCS1v15(), hashes.SHA256())


async def test_a_registration_is_made_once_read_and_changed(client: PartnerClient, listener: Listener):
    assert (await client.call("GET", REGISTRATION)).status_code == 404
    assert (await client.call("PUT", REGISTRATION, {})).status_code == 404
    made = await register(client, listener, "test-created")
    assert made["SubscriberId"]
    body = {"WebhookUrl": listener.url, "WebhookEvents": ["subscription-updated"]}
    assert (await client.call("POST", REGISTRATION, body)).status_code == 409
    changed = decode(await client.call("PUT", REGISTRATION, body, as_user=False))
    assert changed == {**body, "SubscriberId": made["SubscriberId"]}
    assert decode(await client.call("GET", REGISTRATION)) == body


@pytest.mark.parametrize(
    "body",
    [
        {"WebhookUrl": "ftp://partner.example", "WebhookEvents": ["test-created"]},
        {"WebhookUrl": "https://partner.example", "WebhookEvents": []},
        {"WebhookUrl": "https://partner.example", "WebhookEvents": ["agreement-created"]},
    ],
)
async def test_a_registration_for_nothing_is_refused(client: PartnerClient, body: dict):
    assert (await client.call("POST", REGISTRATION, body)).status_code == 400


async def test_the_events_are_a_bare_list(client: PartnerClient):
    assert set(EVENTS) <= set(decode(await client.call("GET", f"{REGISTRATION}/events")))


async def test_a_test_event_is_sent_signed_and_its_outcome_told(
    simulator: Simulator, client: PartnerClient, listener: Listener
):
    await register(client, listener)
    made = decode(await client.call("POST", f"{REGISTRATION}/validationEvents"))
    (posted,) = await listener.until(1)
    await verify(simulator, posted)
    body = json.loads(posted.body)
    assert (body["EventName"], body["ResourceName"], body["AuditUri"]) == ("test-created", "test", None)
    path = f"{REGISTRATION}/validationEvents/{made['correlationId']}"
    while (outcome := decode(await client.call("GET", path)))["status"] != "completed":
        pass
    assert (outcome["partnerId"], outcome["callbackUrl"]) == (client.partner.tenant_id, listener.url)
    assert [result["responseCode"] for result in outcome["results"]] == ["OK"]


async def test_a_test_event_is_sent_twice_a_minute_at_most(client: PartnerClient, listener: Listener):
    await register(client, listener)
    statuses = [(await client.call("POST", f"{REGISTRATION}/validationEvents")).status_code for _ in range(5)]
    assert 429 in statuses
    assert statuses.count(200) in {2, 3, 4}  # the minute may change on the way


async def test_a_test_event_must_be_registered(client: PartnerClient, listener: Listener):
    await register(client, listener, "subscription-updated")
    assert (await client.call("POST", f"{REGISTRATION}/validationEvents")).status_code == 400


async def test_a_changed_subscription_is_told_with_its_audit_record(
    simulator: Simulator, partner: SimulatedPartner, client: PartnerClient, listener: Listener
):
    await simulator.add_customers(partner.tenant_id, [customer()])
    (held,) = await simulator.add_subscriptions(partner.tenant_id, CONTOSO, {})
    await register(client, listener)
    path = f"/customers/{CONTOSO}/subscriptions/{held['id']}"
    resource = decode(await client.call("GET", f"/v1{path}"))
    answer = await client.call("PATCH", f"/v1{path}", {**resource, "autoRenewEnabled": False})
    assert answer.status_code == 200
    (posted,) = await listener.until(1)
    await verify(simulator, posted)
    body = json.loads(posted.body)
    assert body["ResourceUri"] == f"{simulator.url}/webhooks/v1{path}"
    record = decode(await client.call("GET", body["AuditUri"].removeprefix(simulator.url)))
    assert record["operationType"] == "update_subscription"
    assert record["originalCorrelationId"] == answer.headers["MS-CorrelationId"]


async def test_a_customer_that_follows_the_invitation_is_told_once(
    simulator: Simulator, partner: SimulatedPartner, client: PartnerClient, listener: Listener
):
    other = await simulator.add_partner(name="Other")
    await simulator.add_customers(other.tenant_id, [customer()])
    await register(client, listener)
    await simulator.follow_invitation(partner.tenant_id, CONTOSO)
    await simulator.follow_invitation(partner.tenant_id, CONTOSO)
    await simulator.send_webhook(partner.tenant_id, "test-created")
    told = [json.loads(posted.body) for posted in await listener.until(2)]
    by_name = {body["EventName"]: body for body in told}
    accepted = by_name["reseller-relationship-accepted-by-customer"]
    assert accepted["ResourceUri"] == f"{simulator.url}/v1/customers/{CONTOSO}"
    assert set(by_name) == {"reseller-relationship-accepted-by-customer", "test-created"}


async def test_a_message_is_repeated_until_it_is_taken(
    simulator: Simulator, partner: SimulatedPartner, client: PartnerClient, listener: Listener
):
    listener.statuses = [500, 404, 204]
    await register(client, listener)
    await simulator.send_webhook(partner.tenant_id, "test-created")
    first, second, third = await listener.until(3)
    assert first.body == second.body == third.body
    deliveries = (await simulator.webhooks(partner.tenant_id))["deliveries"]
    assert [delivery["results"] for delivery in deliveries] == [[500, 404, 204]]


async def test_a_message_that_nobody_takes_is_given_up_after_ten_attempts(
    simulator: Simulator, partner: SimulatedPartner, client: PartnerClient, listener: Listener
):
    await simulator.settings(webhookRetrySeconds=0)
    listener.url = "http://127.0.0.1:9/hook"
    await register(client, listener)
    await simulator.send_webhook(partner.tenant_id, "test-created")
    while not (sent := (await simulator.webhooks(partner.tenant_id))["deliveries"][0])["done"]:
        pass
    assert len(sent["results"]) == 10
    assert all("refused" in result.lower() for result in sent["results"])


async def test_the_signature_may_come_in_a_header_of_its_own(
    simulator: Simulator, partner: SimulatedPartner, client: PartnerClient, listener: Listener
):
    await register(client, listener, SignatureTokenToMsSignatureHeader=True)
    await simulator.send_webhook(partner.tenant_id, "test-created")
    (posted,) = await listener.until(1)
    assert "authorization" not in posted.headers
    await verify(simulator, posted, "x-ms-signature")


async def test_an_event_nobody_registered_for_is_not_sent(
    simulator: Simulator, partner: SimulatedPartner, client: PartnerClient, listener: Listener
):
    with pytest.raises(httpx.HTTPStatusError, match="404"):
        await simulator.send_webhook(partner.tenant_id, "test-created")
    await register(client, listener, "test-created")
    with pytest.raises(httpx.HTTPStatusError, match="404"):
        await simulator.send_webhook(partner.tenant_id, "subscription-updated")
    assert (await simulator.webhooks(partner.tenant_id))["deliveries"] == []


async def test_the_authority_outlives_a_reset(simulator: Simulator):
    authority = await simulator.webhook_authority()
    await simulator.reset()
    assert await simulator.webhook_authority() == authority
