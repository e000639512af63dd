"""The simulated REST provider: what a client of the contract meets."""

from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest
from support.rest_simulator import API_KEY, KEY_HEADER, RestSimulator
from support.simulator import NO_CERTIFICATES

PERSON = {"firstName": "Tania", "lastName": "Carr", "email": "tania@contoso.example", "phoneNumber": "1"}
BERLIN = {"AddressLine1": "Platz 1", "City": "Berlin", "PostalOrZipCode": "10115", "Country": "DE"}


@pytest.fixture
async def http(rest: RestSimulator) -> AsyncGenerator[httpx.AsyncClient]:
    headers = {KEY_HEADER: API_KEY}
    async with httpx.AsyncClient(
        base_url=rest.url, headers=headers, timeout=30, verify=NO_CERTIFICATES
    ) as client:
        yield client


async def create(http: httpx.AsyncClient, **members: object) -> dict[str, Any]:
    answer = await http.post("/customers", json={"Name": "Contoso", "Domain": "contoso.example", **members})
    assert answer.status_code == 200
    return answer.json()


@pytest.mark.parametrize(
    ("headers", "text"), [({}, "Unknown client!"), ({KEY_HEADER: "guess"}, "Invalid client!")]
)
async def test_whoever_lacks_the_key_is_told_so_in_plain_text(rest: RestSimulator, headers, text):
    async with httpx.AsyncClient(base_url=rest.url, headers=headers, verify=NO_CERTIFICATES) as client:
        for path in ("/customers", "/utilities/provider-properties"):
            answer = await client.get(path)
            assert (answer.status_code, answer.text) == (403, text)
            assert answer.headers["content-type"].startswith("text/plain")


async def test_the_key_can_be_changed(rest: RestSimulator, http: httpx.AsyncClient):
    await rest.settings(apiKey="another")
    assert (await http.get("/customers")).text == "Invalid client!"


async def test_capabilities_are_settings(rest: RestSimulator, http: httpx.AsyncClient):
    await rest.settings(supportsCustomerCreation=False, supportsAgreementConfirmation=False)
    shown = (await http.get("/utilities/provider-properties")).json()
    assert shown == {
        "supportsAgreementConfirmation": False,
        "supportsAddressVerification": True,
        "supportsCustomerCreation": False,
    }
    assert (await http.post("/customers", json={"Name": "Contoso"})).status_code == 400
    body = {"TemplateId": "T1", "Customer": {"Id": "C1"}}
    assert (await http.post("/agreements", json=body)).status_code == 400


async def test_a_new_customer_shows_its_password_once(http: httpx.AsyncClient):
    made = await create(http, Contact={"FirstName": "Tania"}, DefaultAddress=BERLIN)
    assert made["userCredentials"]["userName"] == "admin@contoso.example"
    assert made["userCredentials"]["password"]
    read = (await http.get(f"/customers/{made['id']}")).json()
    assert read == {**made, "userCredentials": None}
    assert (await http.get("/customers")).json() == [read]
    assert read["defaultAddress"]["postalOrZipCode"] == "10115"
    assert read["contact"]["firstName"] == "Tania"


async def test_nothing_keeps_a_customer_from_being_made_twice(http: httpx.AsyncClient):
    first, second = await create(http), await create(http)
    assert first["id"] != second["id"]


async def test_a_customer_without_name_is_refused_in_plain_text(http: httpx.AsyncClient):
    answer = await http.post("/customers", json={"Domain": "contoso.example"})
    assert answer.status_code == 400
    assert answer.text == "Please provide complete customer information"
    assert (await http.post("/customers", content=b"[")).status_code == 400


async def test_names_are_read_whatever_their_case(http: httpx.AsyncClient):
    answer = await http.post("/customers", json={"name": "Contoso", "DOMAIN": "contoso.example"})
    assert answer.json()["domain"] == "contoso.example"


@pytest.mark.parametrize(
    ("setting", "status", "content"), [("null", 200, b"null"), ("204", 204, b""), ("404", 404, None)]
)
async def test_a_missing_customer_has_three_faces(
    rest: RestSimulator, http: httpx.AsyncClient, setting, status, content
):
    await rest.settings(missingCustomer=setting)
    answer = await http.get("/customers/nobody")
    assert answer.status_code == status
    assert content is None or answer.content == content


async def test_members_come_in_pascal_case_and_behind_a_byte_order_mark(
    rest: RestSimulator, http: httpx.AsyncClient
):
    await rest.settings(pascalCase=True, bom=True)
    await rest.add_customers([{"id": "C1", "name": "Contoso", "domain": "contoso.example"}])
    answer = await http.get("/customers/C1")
    assert answer.content.startswith(b'\xef\xbb\xbf{"Email": null')
    assert b'"Domain": "contoso.example"' in answer.content


async def test_names_may_be_kept_back(rest: RestSimulator, http: httpx.AsyncClient):
    await rest.add_customers([{"id": "C1", "name": "Contoso"}])
    await rest.settings(nullNames=True)
    (shown,) = (await http.get("/customers")).json()
    assert (shown["id"], shown["name"]) == ("C1", None)


async def test_a_submitted_signature_stands(http: httpx.AsyncClient):
    customer = await create(http)
    body = {
        "TemplateId": "T1",
        "Customer": {"Id": customer["id"]},
        "SignedBy": {"FirstName": "Tania", "LastName": "Carr", "Email": "tania@contoso.example"},
        "SignedOn": "2026-05-04T00:00:00",
    }
    made = (await http.post("/agreements", json=body)).json()
    assert made["signedBy"]["lastName"] == "Carr"
    assert made["customer"] == {"id": customer["id"], "name": None}
    assert (await http.get(f"/customers/{customer['id']}/agreements")).json() == [made]
    await http.post("/agreements", json=body)
    assert len((await http.get(f"/customers/{customer['id']}/agreements")).json()) == 2


async def test_an_agreement_waits_until_the_customer_signs(rest: RestSimulator, http: httpx.AsyncClient):
    await rest.settings(signing="asked")
    customer = await create(http)
    body = {"TemplateId": "T1", "Customer": {"Id": customer["id"]}, "SignedBy": {"FirstName": "Tania"}}
    made = (await http.post("/agreements", json={**body, "SignedOn": "2026-05-04T00:00:00Z"})).json()
    assert (made["signedBy"], made["signedOn"]) == (None, "0001-01-01T00:00:00")
    await rest.sign(made["id"], signed_on="2026-05-06T07:08:09Z", **PERSON)
    (read,) = (await http.get(f"/customers/{customer['id']}/agreements")).json()
    assert (read["signedBy"]["firstName"], read["signedOn"]) == ("Tania", "2026-05-06T07:08:09")


@pytest.mark.parametrize(
    "body",
    [
        {"Customer": {"Id": "C1"}},
        {"TemplateId": "T1"},
        {"TemplateId": "T1", "Customer": {"Id": "C2"}},
        {"TemplateId": "T1", "Customer": {"Id": "C1"}, "SignedOn": "soon"},
    ],
)
async def test_an_incomplete_agreement_is_refused(rest: RestSimulator, http: httpx.AsyncClient, body):
    await rest.add_customers([{"id": "C1"}])
    answer = await http.post("/agreements", json=body)
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("text/plain")
    assert await rest.agreements() == []


async def test_a_domain_is_free_until_a_customer_has_it(http: httpx.AsyncClient):
    assert (await http.get("/utilities/domain-check/contoso.example")).json() is True
    await create(http)
    assert (await http.get("/utilities/domain-check/CONTOSO.example")).json() is False


@pytest.mark.parametrize(
    ("changes", "status"),
    [({}, 0), ({"PostalOrZipCode": "1"}, 1), ({"City": ""}, 1), ({"Country": "XX"}, 2)],
)
async def test_an_address_is_good_or_bad_or_beyond_judgement(http: httpx.AsyncClient, changes, status):
    answer = (await http.post("/utilities/validate-address", json=BERLIN | changes)).json()
    assert answer["addressValidationStatus"] == status
    assert bool(answer["validationMessage"]) == (status != 0)
    assert len(answer["suggestedAddresses"]) == (status == 0)


async def test_rules_tell_what_a_country_wants(http: httpx.AsyncClient):
    rules = (await http.get("/countries/US/validation-rules")).json()
    assert rules["isStateRequired"]
    assert "WA" in rules["stateList"]
    assert rules["defaultCulture"] == "en-US"
    assert (await http.get("/countries/AD/validation-rules")).json()["postalCodeRegex"] == ""
    assert (await http.get("/countries/UK/validation-rules")).status_code == 400


async def test_faults_strike_before_and_after_the_write(rest: RestSimulator, http: httpx.AsyncClient):
    await rest.fault("^/customers$", {"kind": "status", "status": 503}, method="POST")
    await rest.fault("^/customers$", {"kind": "timeout_after"}, method="POST", skip=1)
    assert (await http.post("/customers", json={"Name": "Contoso"})).status_code == 503
    assert await rest.customers() == []
    with pytest.raises(httpx.ReadTimeout):
        await http.post("/customers", json={"Name": "Contoso"}, timeout=1.5)
    assert len(await rest.customers()) == 1
    assert [entry["fault"] for entry in await rest.requests()] == ["status", "timeout_after"]


async def test_customers_and_agreements_can_be_taken_away(rest: RestSimulator, http: httpx.AsyncClient):
    await rest.add_customers([{"id": "C1", "contact": PERSON}, {"id": "C2"}])
    await rest.add_agreements([{"customerId": "C1", "templateId": "T1", "signedBy": PERSON}])
    await rest.add_agreements([{"id": "A2", "customerId": "C2", "templateId": "T1"}])
    await rest.remove_customer("C1")
    assert [one["id"] for one in await rest.customers()] == ["C2"]
    assert [one["id"] for one in await rest.agreements()] == ["A2"]
    await rest.remove_agreement("A2")
    assert (await http.get("/customers/C2/agreements")).json() == []


async def test_the_admin_interface_names_what_it_does_not_understand(rest: RestSimulator):
    async with httpx.AsyncClient(base_url=f"{rest.url}/admin", verify=NO_CERTIFICATES) as client:
        assert (await client.put("/settings", json={"missingCustomer": "500"})).status_code == 422
        assert (await client.post("/customers", json=[{"name": "Contoso"}])).status_code == 422
        unknown = {"signedBy": PERSON}
        assert (await client.post("/agreements/A9/sign", json=unknown)).status_code == 404
