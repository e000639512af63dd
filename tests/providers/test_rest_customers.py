"""Customers at a REST provider, over HTTP."""

import pytest
from support.provider_calls import QUICKLY

from providers.base import Address, Capabilities, Contact, Customer, NewCustomer
from providers.errors import InputRefused, ProviderUnavailable, Unsupported

TANIA = Contact(first_name="Tania", last_name="Carr", email="tania@northwind.example", phone="4255550100")
REDMOND = Address(line1="One Microsoft Way", city="Redmond", region="WA", postal_code="98052", country="US")
BERLIN = Address(line1="Platz 1", city="Berlin", postal_code="10115", country="DE")


def northwind(**changes) -> NewCustomer:
    known = {"name": "Northwind", "contact": TANIA, "domain": "northwind.example", "address": REDMOND}
    return NewCustomer(**known | changes)


def answer(body, status=200):
    return {"kind": "status", "status": status, "body": body}


async def pages_of(client):
    return [page async for page in client.list_customers()]


async def sent(rest, path, method="GET"):
    return [call for call in await rest.requests() if call["path"] == path and call["method"] == method]


@pytest.mark.parametrize("creation", [True, False])
@pytest.mark.parametrize("confirmation", [True, False])
async def test_the_provider_says_what_it_can_do(rest, rest_client, creation, confirmation):
    await rest.settings(supportsCustomerCreation=creation, supportsAgreementConfirmation=confirmation)

    assert await rest_client.read_capabilities() == Capabilities(
        customer_sync=True,
        customer_creation=creation,
        agreement_confirmation=confirmation,
        agreement_sync=confirmation,
    )


async def test_capabilities_are_asked_for_each_time_that_they_are_wanted(rest, rest_client):
    assert (await rest_client.read_capabilities()).customer_creation
    await rest.settings(supportsCustomerCreation=False)

    assert not (await rest_client.read_capabilities()).customer_creation
    with pytest.raises(Unsupported):
        await rest_client.create_customer(northwind(), request_id="1")


async def test_an_answer_that_names_no_capability_is_none(rest, rest_client):
    await rest.fault("provider-properties", answer({"title": "Welcome"}), times=10)

    with pytest.raises(ProviderUnavailable):
        await rest_client.read_capabilities()


@pytest.mark.parametrize("settings", [{"pascalCase": True}, {"pascalCase": False}, {"bom": True}], ids=str)
async def test_both_cases_of_names_and_a_byte_order_mark_are_read(rest, rest_client, settings):
    await rest.settings(**settings)
    await rest.add_customers([{"id": "0001", "name": "Contoso", "domain": "contoso.example"}])
    contoso = Customer(id="0001", name="Contoso", domain="contoso.example")

    assert await pages_of(rest_client) == [[contoso]]
    assert await rest_client.get_customer("0001") == contoso
    created = await rest_client.create_customer(northwind(), request_id="1")
    assert created.customer.name == "Northwind"
    assert created.credentials.user_name


async def test_a_customer_without_a_name_is_called_by_its_domain_or_its_id(rest, rest_client):
    await rest.settings(nullNames=True)
    await rest.add_customers([{"id": "0001"}, {"id": "0002", "domain": "contoso.example"}])

    assert await pages_of(rest_client) == [
        [
            Customer(id="0001", name="0001"),
            Customer(id="0002", name="contoso.example", domain="contoso.example"),
        ]
    ]


async def test_an_id_is_sent_back_as_it_is_written(rest, rest_client):
    written = "1DECBA1A-184A-432A-8312-D8D178C8EEE5"
    await rest.add_customers([{"id": written, "name": "Contoso"}])

    assert (await rest_client.get_customer(written)).id == written
    assert await sent(rest, f"/customers/{written}")


@pytest.mark.parametrize("missing", ["null", "204", "404"])
async def test_a_missing_customer_is_none_however_that_is_said(rest, rest_client, missing):
    await rest.settings(missingCustomer=missing)

    assert await rest_client.get_customer("no/body ?") is None


@pytest.mark.parametrize("body", [None, []], ids=["null", "empty"])
async def test_no_customers_are_one_empty_page(rest, rest_client, body):
    if body is None:
        await rest.fault("^/customers$", answer(None, 204))

    assert await pages_of(rest_client) == [[]]


async def test_customers_are_handed_on_in_pages(rest, rest_client):
    await rest.add_customers([{"id": str(number), "name": f"Company {number}"} for number in range(1201)])

    pages = await pages_of(rest_client)

    assert [len(page) for page in pages] == [500, 500, 201]
    assert [customer.id for page in pages for customer in page] == [str(number) for number in range(1201)]


@pytest.mark.parametrize(
    "action",
    [
        {"kind": "truncate"},
        {"kind": "html", "status": 200},
        answer({"customers": []}),
        answer([{"Id": "1"}, {"Name": "without an id"}]),
        answer([None]),
        {"kind": "status", "status": 404},
        {"kind": "status", "status": 302},
    ],
    ids=["cut off", "page", "no list", "a broken item", "null item", "missing", "elsewhere"],
)
async def test_a_broken_list_is_an_error_and_never_a_shorter_one(rest, rest_client, action):
    await rest.add_customers([{"id": "1", "name": "Contoso"}])
    await rest.fault("^/customers$", action, times=10)

    with pytest.raises(ProviderUnavailable):
        await pages_of(rest_client)


async def test_what_is_not_known_in_an_answer_changes_nothing(rest, rest_client):
    extended = [
        {"ID": 7, "nAmE": "Contoso", "domain": "", "createdOn": "0001-01-01T00:00:00", "tier": {"a": 1}}
    ]
    await rest.fault("^/customers$", answer(extended))

    assert await pages_of(rest_client) == [[Customer(id="7", name="Contoso")]]


async def test_a_customer_is_sent_in_pascal_case_with_the_language_of_its_country(rest, rest_client):
    await rest_client.create_customer(northwind(address=BERLIN), request_id="1")

    [stored] = await rest.customers()
    assert stored["name"] == "Northwind"
    assert stored["email"] == "tania@northwind.example"
    assert (stored["language"], stored["culture"]) == ("de", "de-DE")
    assert stored["defaultAddress"] == {
        "addressLine1": "Platz 1",
        "addressLine2": None,
        "city": "Berlin",
        "regionOrState": None,
        "postalOrZipCode": "10115",
        "country": "DE",
    }
    assert stored["contact"]["phoneNumber"] == "4255550100"


async def test_a_customer_needs_neither_domain_nor_address(rest, rest_client):
    new = northwind(domain=None, address=None)

    assert await rest_client.check_new_customer(new) == []
    created = await rest_client.create_customer(new, request_id="1")
    assert await rest_client.get_customer(created.customer.id) == Customer(
        id=created.customer.id, name="Northwind"
    )


@pytest.mark.parametrize(
    "there",
    [
        {"name": "Another name", "domain": "NORTHWIND.example"},
        {"name": "northwind ", "email": "Tania@Northwind.example"},
        {"name": "Northwind", "contact": {"email": "tania@northwind.example"}},
    ],
    ids=["domain", "name and e-mail", "name and e-mail of the contact"],
)
async def test_a_customer_that_is_there_is_not_made_again(rest, rest_client, there):
    await rest.add_customers([{"id": "0001", **there}])

    created = await rest_client.create_customer(northwind(), request_id="1")

    assert (created.customer.id, created.credentials) == ("0001", None)
    assert len(await rest.customers()) == 1


async def test_a_namesake_with_another_domain_is_another_customer(rest, rest_client):
    namesake = {"id": "0001", "name": "Northwind", "email": TANIA.email, "domain": "northwind.test"}
    await rest.add_customers([namesake])

    created = await rest_client.create_customer(northwind(), request_id="1")

    assert created.customer.id != "0001"


@pytest.mark.parametrize(
    "action",
    [
        {"kind": "drop_after"},
        {"kind": "status_after", "status": 502},
        {"kind": "truncate"},
        {"kind": "timeout_after"},
    ],
    ids=lambda action: action["kind"],
)
async def test_a_lost_answer_is_followed_by_a_look_and_no_second_customer(rest, connect_rest, action):
    client = connect_rest(timeout=QUICKLY)
    await rest.fault("^/customers$", action, method="POST")

    created = await client.create_customer(northwind(), request_id="1")

    [stored] = await rest.customers()
    assert (created.customer.id, created.credentials) == (stored["id"], None)
    assert len(await sent(rest, "/customers", "POST")) == 1


async def test_while_the_provider_may_still_be_at_it_nothing_is_sent_again(rest, connect_rest):
    client = connect_rest(timeout=QUICKLY)
    await rest.fault("^/customers$", {"kind": "timeout_before"}, method="POST")

    with pytest.raises(ProviderUnavailable, match="ReadTimeout"):
        await client.create_customer(northwind(), request_id="1")
    assert len(await sent(rest, "/customers", "POST")) == 1

    created = await client.create_customer(northwind(), request_id="1")
    assert created.credentials is not None
    assert len(await rest.customers()) == 1


@pytest.mark.parametrize(
    "action", [{"kind": "status", "status": status} for status in (502, 504, 524)], ids=str
)
async def test_what_a_gateway_says_is_no_word_of_the_provider(rest, rest_client, action):
    await rest.fault("^/customers$", action, method="POST")

    with pytest.raises(ProviderUnavailable):
        await rest_client.create_customer(northwind(), request_id="1")

    assert len(await sent(rest, "/customers", "POST")) == 1


@pytest.mark.parametrize("kind", ["truncate", "drop_after"])
async def test_a_customer_that_shows_late_is_not_made_again(rest, rest_client, kind):
    await rest.fault("^/customers$", {"kind": kind}, method="POST")
    await rest.fault("^/customers$", {"kind": "status", "status": 200, "body": []}, method="GET", times=9)

    with pytest.raises(ProviderUnavailable):
        await rest_client.create_customer(northwind(), request_id="1")

    assert len(await rest.customers()) == 1


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_what_was_surely_not_done_is_sent_again(rest, rest_client, status):
    await rest.fault(
        "^/customers$", {"kind": "status", "status": status, "retryAfterSeconds": 0}, method="POST", times=2
    )

    created = await rest_client.create_customer(northwind(), request_id="1")

    assert created.credentials is not None
    assert len(await sent(rest, "/customers", "POST")) == 3


async def test_a_refusal_in_plain_words_is_told(rest, rest_client):
    with pytest.raises(InputRefused, match="Please provide complete customer information"):
        await rest_client.create_customer(northwind(name="", domain=None), request_id="1")

    assert await rest.customers() == []


async def test_a_password_is_shown_to_nobody(rest_client):
    created = await rest_client.create_customer(northwind(), request_id="1")

    assert created.credentials.password not in repr(created)
