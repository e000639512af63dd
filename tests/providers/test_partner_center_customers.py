"""Customers at Partner Center, over HTTP."""

from uuid import uuid4

import pytest
from support.provider_calls import QUICKLY

from providers.base import Address, Contact, Customer, NewCustomer
from providers.errors import CustomerNotVisible, InputRefused, ProviderUnavailable

TANIA = Contact(first_name="Tania", last_name="Carr", email="tania@northwind.example", phone="4255550100")
REDMOND = Address(line1="One Microsoft Way", city="Redmond", region="WA", postal_code="98052", country="US")
SAO_PAULO = Address(
    line1="Av. Paulista 1", city="São Paulo", region="SP", postal_code="01310-100", country="BR"
)


def northwind(**changes) -> NewCustomer:
    domain = "northwind.onmicrosoft.com"
    known = {"name": "Northwind", "contact": TANIA, "domain": domain, "address": REDMOND}
    return NewCustomer(**known | changes)


def many(count):
    return [
        {"id": str(uuid4()), "companyName": f"Company {number}", "domain": f"c{number}.onmicrosoft.com"}
        for number in range(count)
    ]


async def pages_of(client):
    return [page async for page in client.list_customers()]


@pytest.mark.parametrize("links_with_version", [False, True])
@pytest.mark.parametrize("end_with_400", [False, True])
async def test_all_pages_come_whatever_the_end_looks_like(
    simulator, partner, connect, links_with_version, end_with_400
):
    await simulator.settings(linksWithVersion=links_with_version, endWith400=end_with_400)
    customers = many(20)
    await simulator.add_customers(partner.tenant_id, customers)

    pages = await pages_of(connect(partner, page_size=7))

    assert [len(page) for page in pages] == [7, 7, 6]
    assert [customer for page in pages for customer in page] == [
        Customer(id=known["id"], name=known["companyName"], domain=known["domain"]) for known in customers
    ]


@pytest.mark.parametrize("version", ["", "/v1"])
async def test_a_page_without_a_continuation_token_leads_on_by_its_link(simulator, partner, client, version):
    [second] = many(1)
    await simulator.add_customers(partner.tenant_id, [second])
    link = {"uri": f"{version}/customers?size=7&seekOperation=First", "headers": []}
    first = {"items": [{"id": str(uuid4()), "companyProfile": {}}], "links": {"next": link}}
    await simulator.fault("/customers$", {"kind": "status", "status": 200, "body": first})

    pages = await pages_of(client)

    assert [customer.id for page in pages for customer in page] == [first["items"][0]["id"], second["id"]]


async def test_no_customers_are_one_empty_page(client):
    assert await pages_of(client) == [[]]


@pytest.mark.parametrize(
    "action",
    [
        {"kind": "status", "status": 404},
        {"kind": "status", "status": 400, "body": {"code": 800002, "description": "No."}},
        {"kind": "truncate"},
        {"kind": "status", "status": 200, "body": {"totalCount": 0}},
    ],
    ids=["missing", "refused", "cut off", "without items"],
)
async def test_a_broken_second_page_is_an_error_and_never_a_shorter_list(simulator, partner, connect, action):
    await simulator.add_customers(partner.tenant_id, many(20))
    await simulator.fault("seekOperation=Next", action, times=10)
    pages = connect(partner, page_size=7).list_customers()

    assert len(await anext(pages)) == 7
    with pytest.raises(ProviderUnavailable):
        await anext(pages)


async def test_a_page_that_comes_again_and_again_is_an_error(simulator, partner, connect):
    await simulator.add_customers(partner.tenant_id, many(2))
    stuck = {"items": [{"id": str(uuid4())}], "continuationToken": "same"}
    await simulator.fault("/customers$", {"kind": "status", "status": 200, "body": stuck}, times=5)

    with pytest.raises(ProviderUnavailable, match="same page"):
        await pages_of(connect(partner))


async def test_names_in_pascal_case_are_read(simulator, partner, client):
    [known] = many(1)
    await simulator.add_customers(partner.tenant_id, [known])
    await simulator.fault("/customers$", {"kind": "pascal_case"})

    assert await pages_of(client) == [
        [Customer(id=known["id"], name=known["companyName"], domain=known["domain"])]
    ]


async def test_a_customer_is_found_by_its_whole_domain_in_any_case(simulator, partner, client):
    longer, exact = many(2)
    longer["domain"], exact["domain"] = "contoso.onmicrosoft.community", "contoso.onmicrosoft.com"
    await simulator.add_customers(partner.tenant_id, [longer, exact])

    assert (await client.find_customer(domain="CONTOSO.onmicrosoft.com")).id == exact["id"]
    assert await client.find_customer(domain="contoso.onmicrosoft") is None


async def test_unknown_foreign_and_impossible_customers_are_none(simulator, client):
    other = await simulator.add_partner(name="Other")
    [foreign] = many(1)
    await simulator.add_customers(other.tenant_id, [foreign])

    assert await client.get_customer(str(uuid4())) is None
    assert await client.get_customer(foreign["id"]) is None
    assert await client.get_customer("no/guid") is None


async def test_a_domain_is_available_until_it_is_taken(client):
    assert await client.is_domain_available("northwind.onmicrosoft.com")

    await client.create_customer(northwind(), request_id="create")

    assert not await client.is_domain_available("northwind.onmicrosoft.com")


async def test_a_customer_is_created_with_its_credentials_and_read_back(client):
    created = await client.create_customer(northwind(), request_id="create")

    assert (created.customer.name, created.customer.domain) == ("Northwind", "northwind.onmicrosoft.com")
    assert created.credentials.user_name
    assert created.credentials.password
    assert await client.get_customer(created.customer.id) == created.customer
    assert await client.find_customer(domain="northwind.onmicrosoft.com") == created.customer


async def test_the_same_request_id_makes_one_customer(simulator, partner, client):
    first = await client.create_customer(northwind(), request_id="any text")
    again = await client.create_customer(northwind(), request_id="any text")

    assert again.customer == first.customer
    assert len(await simulator.customers(partner.tenant_id)) == 1


async def test_an_answer_that_never_comes_leaves_one_customer_after_the_repetition(
    simulator, partner, connect
):
    client = connect(partner, timeout=QUICKLY)
    await client.is_domain_available("warm-up.onmicrosoft.com")
    await simulator.fault("/customers$", {"kind": "timeout_after"}, method="POST")
    request_id = str(uuid4())

    created = await client.create_customer(northwind(), request_id=request_id)

    posts = [call for call in await simulator.requests() if call["path"].endswith("/customers")]
    assert [call["requestId"] for call in posts] == [request_id, request_id]
    assert len({call["correlationId"] for call in posts}) == 1
    [stored] = await simulator.customers(partner.tenant_id)
    assert stored["id"] == created.customer.id


async def test_a_cut_off_answer_to_a_creation_is_asked_for_again(simulator, partner, client):
    await simulator.fault("/customers$", {"kind": "truncate"}, method="POST")

    created = await client.create_customer(northwind(), request_id="create")

    assert created.credentials is not None
    assert len(await simulator.customers(partner.tenant_id)) == 1


async def test_a_taken_domain_is_refused(client):
    await client.create_customer(northwind(), request_id="first")

    with pytest.raises(InputRefused):
        await client.create_customer(northwind(name="Other"), request_id="second")


@pytest.mark.parametrize("lacking", [{"domain": None}, {"address": None}])
async def test_a_customer_without_domain_or_address_is_refused_before_any_call(simulator, client, lacking):
    with pytest.raises(InputRefused):
        await client.create_customer(northwind(**lacking), request_id="create")

    assert await simulator.requests() == []


async def test_a_new_customer_is_not_visible_for_a_while(simulator, client):
    await simulator.settings(visibilityDelaySeconds=90)
    created = await client.create_customer(northwind(), request_id="create")
    customer_id = created.customer.id

    assert await client.get_customer(customer_id) is None
    with pytest.raises(CustomerNotVisible):
        await client.list_confirmations(customer_id)
    await simulator.advance(60)
    assert await client.get_customer(customer_id) is None
    await simulator.advance(31)
    assert await client.get_customer(customer_id) == created.customer
    assert await client.list_confirmations(customer_id) == []


async def test_nothing_stands_against_a_good_customer_and_nothing_is_made(simulator, partner, client):
    assert await client.check_new_customer(northwind()) == []
    assert await simulator.customers(partner.tenant_id) == []


@pytest.fixture(params=[True, False], ids=["wrapped", "plain"])
async def form_of_rules(request, simulator):
    await simulator.settings(countryRulesWrapped=request.param)


@pytest.mark.usefixtures("form_of_rules")
@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"domain": None, "address": None}, [("DOMAIN_REQUIRED", "domain"), ("ADDRESS_REQUIRED", "address")]),
        ({"domain": "taken.onmicrosoft.com"}, [("DOMAIN_UNAVAILABLE", "domain")]),
        (
            {"address": SAO_PAULO, "contact": Contact(first_name="A", last_name="B", email="a@b.example")},
            [
                ("REGISTRATION_NUMBER_REQUIRED", "organization_registration_number"),
                ("PHONE_REQUIRED", "contact.phone"),
            ],
        ),
        (
            {"address": SAO_PAULO, "organization_registration_number": "?"},
            [("REGISTRATION_NUMBER_INVALID", "organization_registration_number")],
        ),
        (
            {"address": Address(line1="1", city="London", postal_code="EC1A 1BB", country="XX")},
            [("ADDRESS_INVALID", "address.country")],
        ),
        (
            {"address": Address(line1="1", city="X", region="ZZ", postal_code="98052", country="US")},
            [("ADDRESS_INVALID", "address.region")],
        ),
    ],
    ids=["nothing given", "taken", "number and phone", "number", "country", "region"],
)
async def test_all_that_stands_against_a_customer_is_told_at_once(
    simulator, partner, client, changes, expected
):
    taken = {"id": str(uuid4()), "companyName": "Taken", "domain": "taken.onmicrosoft.com"}
    await simulator.add_customers(partner.tenant_id, [taken])

    found = await client.check_new_customer(northwind(**changes))

    assert [(problem.code, ".".join(problem.field)) for problem in found] == expected


@pytest.mark.parametrize(
    ("status", "body", "count"),
    [(200, True, 0), (200, False, 1), (200, {"status": "InteractionRequired"}, 1), (400, None, 1)],
    ids=["true", "false", "unsure", "refused"],
)
async def test_the_check_of_the_address_may_answer_in_both_forms(simulator, client, status, body, count):
    await simulator.fault("/validations/address", {"kind": "status", "status": status, "body": body})

    found = await client.check_new_customer(northwind())

    assert [problem.code for problem in found] == ["ADDRESS_INVALID"] * count


async def test_a_registration_number_does_not_stand_against_a_country_that_takes_none(client):
    new = northwind(organization_registration_number="1234567")

    assert await client.check_new_customer(new) == []
    assert (await client.create_customer(new, request_id="create")).customer.name == "Northwind"


@pytest.mark.usefixtures("form_of_rules")
async def test_the_united_kingdom_may_be_called_uk(simulator, partner, client):
    new = northwind(address=Address(line1="1", city="London", postal_code="EC1A 1BB", country="uk"))

    assert await client.check_new_customer(new) == []
    await client.create_customer(new, request_id="create")

    [stored] = await simulator.customers(partner.tenant_id)
    assert stored["country"] == "GB"
