"""What stands against a new customer at a REST provider."""

from typing import Any

import pytest

from providers.base import Address, Contact, NewCustomer

TANIA = Contact(first_name="Tania", last_name="Carr", email="tania@northwind.example", phone="4255550100")
REDMOND = Address(line1="One Microsoft Way", city="Redmond", region="WA", postal_code="98052", country="US")
NO_RULES: dict[str, Any] = {
    "DefaultSupportedLanguage": "",
    "DefaultCulture": "",
    "IsStateRequired": False,
    "StateList": None,
    "IsCityRequired": False,
    "IsPostalCodeRequired": False,
    "PostalCodeRegex": "",
    "PhoneNumberRegex": "",
    "IsTaxIdSupported": False,
    "IsTaxIdOptional": True,
    "TaxIdFormat": "",
    "IsVatIdSupported": False,
    "VatIdRegex": "",
}


def northwind(**changes) -> NewCustomer:
    known = {"name": "Northwind", "contact": TANIA, "domain": "northwind.example", "address": REDMOND}
    return NewCustomer(**known | changes)


def answer(body, status=200):
    return {"kind": "status", "status": status, "body": body}


async def told(client, new):
    return [(problem.code, ".".join(problem.field)) for problem in await client.check_new_customer(new)]


async def test_a_taken_domain_is_told_before_all_else(rest, rest_client):
    await rest.add_customers([{"id": "1", "domain": "northwind.example"}])
    await rest.fault(
        "validation-rules", answer(NO_RULES | {"IsTaxIdSupported": True, "IsTaxIdOptional": False})
    )

    assert await told(rest_client, northwind()) == [
        ("DOMAIN_UNAVAILABLE", "domain"),
        ("REGISTRATION_NUMBER_REQUIRED", "organization_registration_number"),
    ]


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ({}, []),
        ({"PostalCodeRegex": r"^\d{4}$"}, [("ADDRESS_INVALID", "address.postal_code")]),
        ({"PostalCodeRegex": r"\d{4}"}, []),
        ({"PostalCodeRegex": r"(?<only>.NET)"}, []),
        ({"PhoneNumberRegex": r"^0"}, [("PHONE_REQUIRED", "contact.phone")]),
        ({"StateList": ["Florida", "Texas"]}, [("ADDRESS_INVALID", "address.region")]),
        ({"StateList": ["wa"], "IsStateRequired": True}, []),
        ({"IsTaxIdSupported": True, "IsTaxIdOptional": None}, []),
    ],
    ids=[
        "none",
        "postal code",
        "not anchored",
        "not ours",
        "phone",
        "region",
        "lower case",
        "tax id unclear",
    ],
)
async def test_a_rule_of_the_country_is_applied(rest, rest_client, rules, expected):
    await rest.fault("validation-rules", answer(NO_RULES | rules))

    assert await told(rest_client, northwind()) == expected


async def test_what_an_address_lacks_is_told_part_by_part(rest, rest_client):
    rules = {"IsStateRequired": True, "IsCityRequired": True, "IsPostalCodeRequired": True}
    await rest.fault("validation-rules", answer(NO_RULES | rules))

    assert await told(rest_client, northwind(address=Address(line1="1", city="", country="US"))) == [
        ("ADDRESS_REQUIRED", "address.city"),
        ("ADDRESS_REQUIRED", "address.region"),
        ("ADDRESS_REQUIRED", "address.postal_code"),
    ]


async def test_the_form_of_a_registration_number_is_an_example_and_no_rule(rest, rest_client):
    rules = {"IsTaxIdSupported": True, "IsTaxIdOptional": False, "TaxIdFormat": "ABC001F552"}
    await rest.fault("validation-rules", answer(NO_RULES | rules), times=2)

    [problem] = await rest_client.check_new_customer(northwind())
    assert "ABC001F552" in problem.message
    assert await told(rest_client, northwind(organization_registration_number="anything")) == []


@pytest.mark.parametrize("takes", [True, False])
async def test_a_registration_number_is_sent_only_where_it_is_taken(rest, rest_client, takes):
    await rest.fault("validation-rules", answer(NO_RULES | {"IsVatIdSupported": takes}))

    await rest_client.create_customer(northwind(organization_registration_number="12"), request_id="1")

    [stored] = await rest.customers()
    assert stored["organizationRegistrationNumber"] == ("12" if takes else None)


@pytest.mark.parametrize("status", [200, 204, 404, 405], ids=["null", "204", "404", "405"])
async def test_a_country_without_rules_stands_against_nobody(rest, rest_client, status):
    await rest.fault("validation-rules", answer("null" if status == 404 else None, status))

    assert await told(rest_client, northwind()) == []


async def test_a_country_that_is_refused_is_told_in_the_providers_words(rest, rest_client):
    elsewhere = Address(line1="1", city="London", postal_code="EC1A 1BB", country="UK")

    [problem] = await rest_client.check_new_customer(northwind(address=elsewhere))

    assert (problem.code, problem.field) == ("ADDRESS_INVALID", ("address", "country"))
    assert "No rules for this country." in problem.message


@pytest.mark.parametrize(
    ("status", "count"),
    [(0, 0), (1, 1), (2, 0), ("Error", 1), ("CouldNotValidate", 0), (None, 0)],
)
async def test_only_an_address_that_is_wrong_is_told(rest, rest_client, status, count):
    checked = {
        "OriginalAddress": {},
        "SuggestedAddresses": [{"AddressLine1": "Way 1", "City": "Redmond", "Country": "US"}],
        "ValidationMessage": None,
        "AddressValidationStatus": status,
    }
    await rest.fault("validate-address", answer(checked))

    found = await rest_client.check_new_customer(northwind())

    assert [problem.code for problem in found] == ["ADDRESS_INVALID"] * count
    assert all("It suggests: Way 1, Redmond, US." in problem.message for problem in found)


async def test_an_address_that_the_provider_refuses_is_told_in_its_words(rest, rest_client):
    await rest.fault("validate-address", answer({"title": "No such street."}, 400))

    [problem] = await rest_client.check_new_customer(northwind())

    assert "No such street." in problem.message


async def test_a_provider_that_verifies_no_addresses_is_not_asked_to(rest, rest_client):
    await rest.settings(supportsAddressVerification=False)

    assert await told(rest_client, northwind()) == []
    assert not [call for call in await rest.requests() if "validate-address" in call["path"]]


async def test_a_country_is_asked_about_in_capitals(rest, rest_client):
    await rest_client.check_new_customer(northwind(address=Address(line1="1", city="Berlin", country="de")))

    assert [call for call in await rest.requests() if call["path"] == "/countries/DE/validation-rules"]


@pytest.mark.parametrize("written", ["true", "false", '"True"', '"False"'])
async def test_availability_may_be_written_as_text(rest, rest_client, written):
    await rest.fault("domain-check", answer(written))

    assert await rest_client.is_domain_available("x.example") == ("rue" in written)
