"""Confirmations: the checks in their order, and what is shown afterwards."""

from datetime import UTC, datetime, timedelta

import pytest
from support.simulator import SimulatedPartner, Simulator
from support.simulator_client import (
    CLOUD_AGREEMENT,
    CUSTOMER_AGREEMENT,
    PartnerClient,
    confirmation,
    customer,
    decode,
)

CUSTOMER_ID = customer()["id"]
PATH = f"/v1/customers/{CUSTOMER_ID}/agreements"
MCA = f"{PATH}?agreementType=MicrosoftCustomerAgreement"


@pytest.fixture(autouse=True)
async def _one_customer(simulator: Simulator, partner: SimulatedPartner) -> None:
    await simulator.add_customers(partner.tenant_id, [customer()])


async def test_a_confirmation_is_answered_with_its_user_and_without_a_link(client: PartnerClient):
    answer = await client.call("POST", PATH, confirmation())
    assert answer.status_code == 201
    body = answer.json()
    assert body["dateAgreed"] == "2024-06-14T10:20:30.000Z"
    assert body["userId"]
    assert "agreementLink" not in body


async def test_a_confirmation_is_listed_with_its_date_only(client: PartnerClient):
    await client.call("POST", PATH, confirmation())
    (listed,) = decode(await client.call("GET", MCA))["items"]
    assert listed["dateAgreed"] == "2024-06-14T00:00:00"
    assert listed["agreementLink"] == "https://aka.ms/customeragreement"
    assert "userId" not in listed


async def test_a_list_without_a_type_shows_only_cloud_agreements(client: PartnerClient):
    await client.call("POST", PATH, confirmation())
    assert decode(await client.call("GET", PATH)) == {"totalCount": 0, "items": []}
    assert decode(await client.call("GET", f"{PATH}?agreementType=*"))["totalCount"] == 1


async def test_only_confirmations_of_this_partner_are_listed(simulator: Simulator, client: PartnerClient):
    other = await simulator.add_partner(name="Other")
    agreement = {
        "primaryContact": {"firstName": "A", "lastName": "B", "email": "a@b.example"},
        "dateAgreed": "2024-01-01T00:00:00Z",
    }
    await simulator.add_customers(other.tenant_id, [customer(agreements=[agreement])])
    assert decode(await client.call("GET", MCA))["totalCount"] == 0


async def test_an_application_alone_may_not_confirm(client: PartnerClient):
    answer = await client.call("POST", PATH, confirmation(), as_user=False)
    assert (answer.status_code, answer.json()["code"]) == (403, 900329)


@pytest.mark.parametrize(
    "attributes", [{"roles": ["helpdesk_agent"]}, {"kind": "indirect_reseller"}], ids=["role", "reseller"]
)
async def test_who_lacks_the_right_may_not_confirm(simulator: Simulator, attributes):
    partner = await simulator.add_partner(**attributes)
    await simulator.add_customers(partner.tenant_id, [customer()])
    async with PartnerClient(simulator.url, partner) as client:
        answer = await client.call("POST", PATH, confirmation(dateAgreed="2999-01-01T00:00:00Z"))
    assert (answer.status_code, answer.json()["code"]) == (403, 900150)


async def test_a_date_in_the_future_is_refused_before_the_template(client: PartnerClient):
    later = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    answer = await client.call("POST", PATH, confirmation(dateAgreed=later, templateId="unknown"))
    assert (answer.status_code, answer.json()["code"]) == (400, 600002)
    assert answer.json()["description"] == "Date of agreement cannot be greater than the current date."


async def test_a_date_without_a_zone_is_utc(client: PartnerClient):
    local = (datetime.now(UTC) + timedelta(hours=2)).replace(tzinfo=None).isoformat()
    answer = await client.call("POST", PATH, confirmation(dateAgreed=local))
    assert answer.json()["code"] == 600002


async def test_the_cloud_template_is_refused_whatever_the_type(client: PartnerClient):
    answer = await client.call("POST", PATH, confirmation(templateId=CLOUD_AGREEMENT))
    assert answer.status_code == 400
    assert "is no longer supported" in answer.json()["description"]


@pytest.mark.parametrize("template_id", ["", "unknown", CUSTOMER_AGREEMENT.upper()])
async def test_an_unknown_template_is_refused(client: PartnerClient, template_id):
    answer = await client.call("POST", PATH, confirmation(templateId=template_id))
    assert answer.status_code == 400


async def test_the_template_decides_the_type(client: PartnerClient):
    answer = await client.call("POST", PATH, confirmation(type="MicrosoftCloudAgreement"))
    assert answer.json()["type"] == "MicrosoftCustomerAgreement"


async def test_the_same_contact_confirms_once(client: PartnerClient):
    await client.call("POST", PATH, confirmation())
    answer = await client.call("POST", PATH, confirmation(dateAgreed="2024-07-01T00:00:00Z"))
    assert answer.status_code == 400
    assert answer.json()["code"] == 600061
    assert answer.json()["errorName"] == "PartnerConfirmedAgreementAlreadyExists"


@pytest.mark.parametrize("member", ["firstName", "lastName", "email", "phoneNumber"])
async def test_one_other_contact_member_makes_another_confirmation(client: PartnerClient, member):
    await client.call("POST", PATH, confirmation())
    changed = confirmation()
    changed["primaryContact"][member] = "other@contoso.example"
    assert (await client.call("POST", PATH, changed)).status_code == 201
    assert decode(await client.call("GET", MCA))["totalCount"] == 2


@pytest.mark.parametrize("member", ["firstName", "lastName", "email"])
async def test_an_incomplete_contact_is_refused(client: PartnerClient, member):
    body = confirmation()
    del body["primaryContact"][member]
    answer = await client.call("POST", PATH, body)
    assert (answer.status_code, answer.json()["code"]) == (400, 3000)


async def test_the_phone_number_is_optional(client: PartnerClient):
    body = confirmation()
    del body["primaryContact"]["phoneNumber"]
    answer = await client.call("POST", PATH, body)
    assert answer.status_code == 201
    assert "phoneNumber" not in answer.json()["primaryContact"]


async def test_the_retired_service_refuses_every_confirmation(simulator: Simulator, client: PartnerClient):
    await simulator.settings(legacyAttestation="gone")
    answer = await client.call("POST", PATH, confirmation())
    assert answer.status_code == 410
    assert answer.json()["errorName"] == "LegacyAttestationRetired"
    assert (await client.call("GET", MCA)).status_code == 200


async def test_the_customer_accepts_by_itself(simulator: Simulator, client: PartnerClient):
    path = f"/v1/customers/{CUSTOMER_ID}/directSignedMicrosoftCustomerAgreementStatus"
    assert (await client.call("GET", path)).json() == {"isSigned": False}
    await simulator.accept(CUSTOMER_ID)
    assert (await client.call("GET", path)).json() == {"isSigned": True}
    assert decode(await client.call("GET", f"{PATH}?agreementType=*"))["totalCount"] == 0


async def test_metadata_without_a_type_is_the_cloud_agreement(client: PartnerClient):
    default = decode(await client.call("GET", "/v1/agreements"))
    assert [item["templateId"] for item in default["items"]] == [CLOUD_AGREEMENT]
    everything = decode(await client.call("GET", "/v1/agreements?agreementType=*"))
    assert {item["templateId"] for item in everything["items"]} == {CLOUD_AGREEMENT, CUSTOMER_AGREEMENT}
    assert all("type" not in item for item in everything["items"])


async def test_document_links_are_new_at_each_call_and_die(simulator: Simulator, client: PartnerClient):
    path = f"/v1/agreementtemplates/{CUSTOMER_AGREEMENT}/document?country=DE&language=de-DE"
    first, second = (await client.call("GET", path)).json(), (await client.call("GET", path)).json()
    assert first["downloadUri"] != second["downloadUri"]
    assert first["language"] == "de-DE"
    assert (await client.http.get(first["downloadUri"])).status_code == 200
    await simulator.advance(301)
    assert (await client.http.get(first["downloadUri"])).status_code == 403


async def test_a_document_in_a_language_the_country_lacks_is_english(client: PartnerClient):
    path = f"/v1/agreementtemplates/{CUSTOMER_AGREEMENT}/document?country=US&language=de-DE"
    assert (await client.call("GET", path)).json()["language"] == "en-US"
    assert (await client.call("GET", path.replace("117A".lower(), "117A"))).status_code == 404
