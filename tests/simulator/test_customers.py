"""Customers: lists and their pages, search, creation by the rules of a country, visibility."""

import json

import pytest
from support.simulator import SimulatedPartner, Simulator
from support.simulator_client import PartnerClient, customer, decode, new_customer


async def seek_all(client: PartnerClient, size: int) -> list[str]:
    """Page as Microsoft's own tool does: by the token in the body, until there is none or a 400 with 2000."""
    ids: list[str] = []
    path, headers = f"/v1/customers?size={size}", {}
    while True:
        answer = await client.call("GET", path, headers=headers)
        body = decode(answer)
        if answer.status_code == 400:
            assert body["code"] == 2000
            return ids
        ids += [item["id"] for item in body["items"]]
        assert body["totalCount"] == len(body["items"])
        if not body.get("continuationToken"):
            return ids
        path = f"/v1/customers?size={size}&seekOperation=next"
        headers = {"MS-ContinuationToken": body["continuationToken"]}


@pytest.mark.parametrize("end_with_400", [False, True])
@pytest.mark.parametrize("size", [3, 4])
async def test_paging_by_token_gives_every_customer_once(
    simulator: Simulator, client: PartnerClient, size, end_with_400
):
    await simulator.settings(endWith400=end_with_400)
    customers = [customer(number) for number in range(1, 10)]
    await simulator.add_customers(client.partner.tenant_id, customers)
    assert await seek_all(client, size) == [each["id"] for each in customers]


@pytest.mark.parametrize("with_version", [False, True])
async def test_paging_by_link_gives_every_customer_once(
    simulator: Simulator, client: PartnerClient, with_version
):
    await simulator.settings(linksWithVersion=with_version)
    customers = [customer(number) for number in range(1, 6)]
    await simulator.add_customers(client.partner.tenant_id, customers)
    ids, path, headers = [], "/customers?size=2", {}
    while path:
        versioned = path if path.startswith("/v1/") else f"/v1{path}"
        body = decode(await client.call("GET", versioned, headers=headers))
        ids += [item["id"] for item in body["items"]]
        following = body["links"].get("next", {"uri": "", "headers": []})
        path, headers = following["uri"], {field["key"]: field["value"] for field in following["headers"]}
        assert not path or path.startswith("/v1/") == with_version
    assert ids == [each["id"] for each in customers]


async def test_a_page_is_never_larger_than_the_service_allows(simulator: Simulator, client: PartnerClient):
    await simulator.settings(maxPageSize=2)
    await simulator.add_customers(client.partner.tenant_id, [customer(number) for number in range(3)])
    for size in ("0", "500"):
        assert decode(await client.call("GET", f"/v1/customers?size={size}"))["totalCount"] == 2
    assert (await client.call("GET", "/v1/customers?size=many")).status_code == 400
    assert (await client.call("GET", "/v1/customers?seekOperation=next")).status_code == 400


async def test_one_may_seek_back(simulator: Simulator, client: PartnerClient):
    await simulator.add_customers(client.partner.tenant_id, [customer(number) for number in range(5)])
    last = decode(await client.call("GET", "/v1/customers?size=2&seekOperation=Last"))
    assert [item["id"][-1] for item in last["items"]] == ["3", "4"]
    first = decode(await client.call("GET", "/v1/customers?size=2"))
    token = {"MS-ContinuationToken": first["continuationToken"]}
    second = decode(await client.call("GET", "/v1/customers?size=2&seekOperation=Next", headers=token))
    token = {"MS-ContinuationToken": second["continuationToken"]}
    back = decode(await client.call("GET", "/v1/customers?size=2&seekOperation=Previous", headers=token))
    assert back["items"] == first["items"]


async def test_a_list_shows_less_than_a_single_customer(simulator: Simulator, client: PartnerClient):
    await simulator.add_customers(client.partner.tenant_id, [customer(address={"city": "Berlin"})])
    (item,) = decode(await client.call("GET", "/v1/customers?size=40"))["items"]
    assert set(item) == {"id", "companyProfile", "relationshipToPartner", "links", "attributes"}
    assert set(item["companyProfile"]) == {"tenantId", "domain", "companyName", "links", "attributes"}
    single = decode(await client.call("GET", f"/v1/customers/{item['id'].upper()}"))
    assert single["billingProfile"]["defaultAddress"]["city"] == "Berlin"
    assert single["allowDelegatedAccess"] is True


@pytest.mark.parametrize(
    ("field", "value", "found"),
    [
        ("CompanyName", "CONT", 2),
        ("Domain", "contoso0001", 1),
        ("CompanyName", "toso", 0),
        ("Domain", "%", 0),
    ],
)
async def test_customers_are_searched_by_prefix(
    simulator: Simulator, client: PartnerClient, field, value, found
):
    await simulator.add_customers(client.partner.tenant_id, [customer(1), customer(2)])
    query = json.dumps({"Field": field, "Value": value, "Operator": "starts_with"})
    answer = await client.http.get(
        "/v1/customers",
        params={"size": "0", "filter": query},
        headers={"Authorization": f"Bearer {await client.token(as_user=False)}"},
    )
    assert decode(answer)["totalCount"] == found


async def test_no_other_search_is_understood(client: PartnerClient):
    for query in ("{}", "nonsense", '{"Field":"CompanyName","Value":"c","Operator":"substring"}'):
        assert (await client.call("GET", f"/v1/customers?filter={query}")).status_code == 400


async def test_a_new_customer_has_a_password_once(client: PartnerClient):
    answer = await client.call("POST", "/v1/customers", new_customer(), as_user=False)
    assert answer.status_code == 201
    created = answer.json()
    assert created["userCredentials"]["password"]
    assert created["billingProfile"]["culture"] == "de-DE"
    assert created["companyProfile"]["domain"] == "contoso.onmicrosoft.com"
    read = decode(await client.call("GET", f"/v1/customers/{created['id']}"))
    assert "userCredentials" not in read
    assert read["companyProfile"]["companyName"] == "Contoso"


async def test_member_names_are_read_without_regard_to_case(client: PartnerClient):
    body = json.loads(json.dumps(new_customer()).replace("CompanyProfile", "companyprofile"))
    assert (await client.call("POST", "/v1/customers", body)).status_code == 201


def in_country(code: str, number: str | None = None, **address: str) -> dict[str, object]:
    body = new_customer()
    body["BillingProfile"]["DefaultAddress"] |= {"Country": code, **address}
    if number is not None:
        body["CompanyProfile"]["OrganizationRegistrationNumber"] = number
    return body


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (in_country("UK"), 400, 3000),
        (in_country("DE", "12345678"), 400, 600002),
        (in_country("UA"), 400, 600049),
        (in_country("UA", "1"), 400, 600050),
        (in_country("UA", "12345678"), 400, 600051),
        (in_country("UA", "12345678", PhoneNumber="380441234567"), 201, None),
        (in_country("US", PostalCode="10115", State="Berlin"), 400, 3000),
        (in_country("US", PostalCode="98052", State="WA"), 201, None),
        (in_country("DE", PostalCode="1"), 400, 3000),
        (new_customer("example.com"), 400, 3000),
        (new_customer(Email="nobody"), 400, 3000),
        (new_customer(Culture="German"), 400, 3000),
        (new_customer() | {"UserCredentials": {"Password": "secret"}}, 400, 800002),
        (new_customer() | {"AssociatedPartnerId": customer()["id"]}, 403, 600006),
        ([], 400, 800002),
    ],
)
async def test_a_new_customer_obeys_the_rules(client: PartnerClient, body, status, code):
    answer = await client.call("POST", "/v1/customers", body)
    assert (answer.status_code, answer.json().get("code")) == (status, code)
    assert (decode(await client.call("GET", "/v1/customers"))["totalCount"] == 1) == (status == 201)


async def test_a_domain_is_taken_once(client: PartnerClient):
    domain = "/v1/domains/CONTOSO.onmicrosoft.com"
    free = await client.call("HEAD", domain)
    assert (free.status_code, free.content) == (404, b"")
    await client.call("POST", "/v1/customers", new_customer())
    assert (await client.call("HEAD", domain)).status_code == 200
    assert (await client.call("POST", "/v1/customers", new_customer())).status_code == 400


async def test_a_provider_creates_for_its_resellers_only_as_a_user(simulator: Simulator):
    provider = await simulator.add_partner(kind="indirect_provider")
    reseller = await simulator.add_partner(kind="indirect_reseller", indirect_providers=[provider.tenant_id])
    body = new_customer() | {"AssociatedPartnerId": reseller.tenant_id}
    async with PartnerClient(simulator.url, provider) as client:
        assert (await client.call("POST", "/v1/customers", body, as_user=False)).status_code == 403
        created = await client.call("POST", "/v1/customers", body)
    assert created.json()["associatedPartnerId"] == reseller.tenant_id


async def test_a_new_customer_becomes_visible_in_steps(simulator: Simulator, client: PartnerClient):
    await simulator.settings(visibilityDelaySeconds=90)
    created = (await client.call("POST", "/v1/customers", new_customer())).json()
    path = f"/v1/customers/{created['id']}"

    async def look() -> tuple[str, int]:
        single = decode(await client.call("GET", path))
        listed = decode(await client.call("GET", "/v1/customers"))["totalCount"]
        return single.get("description", "visible"), listed

    assert await look() == (f"A customer with the tenant Id '{created['id']}' was not found.", 0)
    await simulator.advance(31)
    text = f"No company was found to be associated with tenant Id: '{created['id']}'."
    assert await look() == (text, 0)
    await simulator.advance(60)
    assert await look() == ("visible", 0)
    await simulator.advance(30)
    assert await look() == ("visible", 1)


@pytest.mark.parametrize("wrapped", [True, False])
async def test_country_rules_come_in_two_shapes(simulator: Simulator, client: PartnerClient, wrapped):
    await simulator.settings(countryRulesWrapped=wrapped)
    rules = (await client.call("GET", "/v1/countryvalidationrules/US")).json()
    states = rules["states"]["value"] if wrapped else rules["supportedStatesList"]
    assert "WA" in states
    assert (await client.call("GET", "/v1/countryvalidationrules/UK")).status_code == 400


async def test_an_address_is_judged_not_refused(client: PartnerClient):
    address = {
        "AddressLine1": "1 Way",
        "City": "Redmond",
        "State": "WA",
        "PostalCode": "98052",
        "Country": "US",
    }
    good = (await client.call("POST", "/v1/validations/address", address)).json()
    assert good["status"] == "VerifiedShippable"
    bad = await client.call("POST", "/v1/validations/address", address | {"State": "XX"})
    assert (bad.status_code, bad.json()["status"]) == (200, "None")


async def test_the_invitation_leads_to_our_own_admin_centre(
    simulator: Simulator, client: PartnerClient, partner: SimulatedPartner
):
    other = await simulator.add_partner(name="Other")
    await simulator.add_customers(other.tenant_id, [customer()])
    url = (await client.call("GET", "/v1/customers/relationshiprequests")).json()["url"]
    assert url.startswith(f"{simulator.url}/")
    invitation = await client.http.get(url)
    assert "Fabrikam invites you" in invitation.text
    form = {"tenantId": customer()["id"], "partnerId": partner.tenant_id}
    assert "Fabrikam as your reseller" in (await client.http.post(url, data=form)).text
    (listed,) = await simulator.customers(partner.tenant_id)
    assert listed["directSigned"] is True


async def test_the_acceptance_page_names_what_is_wrong(simulator: Simulator, client: PartnerClient):
    for tenant_id, status in (("", 400), ("<b>", 400), (customer()["id"], 404)):
        answer = await client.http.post("/AdminPortal/Home", data={"tenantId": tenant_id})
        assert answer.status_code == status
        assert 'role="alert"' in answer.text
        assert "<b>" not in answer.text


async def test_the_front_page_counts_customers(simulator: Simulator, client: PartnerClient):
    await simulator.add_customers(client.partner.tenant_id, [customer(1), customer(2)])
    assert "<td>2</td>" in (await client.http.get("/")).text
