"""Documented answers of Partner Center, read and written without any I/O."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from providers.base import (
    Address,
    Confirmation,
    Contact,
    Customer,
    NewCustomer,
    ProblemCode,
    Template,
    TenantCredentials,
)
from providers.partner_center import wire
from providers.partner_center.paging import Next, page_of
from providers.partner_center.rules import address_problem, country_rules, problems
from providers.record import Malformed, Record, parse

SAMPLES = Path(__file__).parent / "samples"
MCA = "117a77b0-9360-443b-8795-c6dedc750cf9"
TANIA = Contact(first_name="Tania", last_name="Carr", email="tania@contoso.example", phone="1234567890")


def sample(name: str) -> object:
    return parse((SAMPLES / f"{name}.json").read_bytes())


def test_a_body_may_begin_with_a_byte_order_mark():
    assert parse(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}


@pytest.mark.parametrize("body", [b'{"items": [{"id"', b"<html></html>", b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_json_is_malformed_and_not_quoted(body):
    with pytest.raises(Malformed) as caught:
        parse(body)

    assert str(caught.value) == "The answer is no JSON."
    assert caught.value.__cause__ is None


def test_an_empty_body_is_nothing():
    assert parse(b"\xef\xbb\xbf \r\n") is None


def test_a_page_of_customers_has_names_ids_in_lower_case_and_the_way_to_the_next():
    page = page_of(wire.customer)(sample("customers"))

    assert page.items == [
        Customer(id="b44bb1fb-c595-45b0-9e09-d657365580bf", name="Contoso", domain="contoso.onmicrosoft.com"),
        Customer(
            id="45c44870-ef77-4fdd-b6fe-3dacb075cff2",
            name="fabrikam.onmicrosoft.com",
            domain="fabrikam.onmicrosoft.com",
        ),
    ]
    assert page.next == Next(token="AAAA", target="/customers?size=2&seekOperation=Next")  # noqa: S106 - of a page, no secret


def test_a_created_customer_carries_its_credentials_but_never_shows_the_password():
    created = wire.created_customer(sample("created_customer"))

    assert created.customer == Customer(
        id="dfd8cc0a-c592-468c-8461-869a38d24738", name="Northwind", domain="northwind.onmicrosoft.com"
    )
    assert created.credentials == TenantCredentials(user_name="admin", password="=;;n.=s9Z")  # noqa: S106 - printed in the documentation
    assert "s9Z" not in repr(created)


def test_names_in_pascal_case_and_nulls_are_read_alike():
    assert wire.customer(sample("patched_customer")).name == "Northwind"


def test_agreements_without_a_zone_are_of_the_utc_day():
    page = page_of(wire.confirmation)(sample("agreements"))

    assert page.next is None
    assert page.items[0] == Confirmation(template_id=MCA, contact=TANIA, agreed_on=date(2019, 8, 26))
    assert page.items[1].agreed_on == date(2019, 8, 27)
    assert page.items[1].contact.phone is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2019-08-26T00:00:00", datetime(2019, 8, 26, tzinfo=UTC)),
        ("2018-06-14T00:00:00.000Z", datetime(2018, 6, 14, tzinfo=UTC)),
        ("2018-06-14T23:30:00-07:00", datetime(2018, 6, 15, 6, 30, tzinfo=UTC)),
        ("2018-06-14T12:00:00.1234567+00:00", datetime(2018, 6, 14, 12, 0, 0, 123456, tzinfo=UTC)),
        ("2018-06-14", datetime(2018, 6, 14, tzinfo=UTC)),
        ("9999-12-10T00:00:00Z", datetime(9999, 12, 10, tzinfo=UTC)),
        ("0001-01-01T00:00:00", None),
        ("0001-01-01T00:00:00+14:00", None),
        (None, None),
    ],
)
def test_dates_come_in_many_forms(text, expected):
    assert Record({"dateAgreed": text}).instant("DateAgreed") == expected


@pytest.mark.parametrize("text", ["soon", "9999-12-31T23:59:59-07:00"])
def test_what_is_no_date_is_malformed(text):
    with pytest.raises(Malformed):
        Record({"dateAgreed": text}).instant("dateAgreed")


@pytest.mark.parametrize("agreed", [None, "0001-01-01T00:00:00"])
def test_an_agreement_without_a_date_is_no_confirmation(agreed):
    assert wire.confirmation({"templateId": MCA, "dateAgreed": agreed}) is None


def test_an_agreement_that_names_nobody_has_no_contact():
    read = wire.confirmation(
        {"templateId": MCA, "dateAgreed": "2024-01-02", "primaryContact": {"email": "x@y"}}
    )

    assert read == Confirmation(template_id=MCA, contact=None, agreed_on=date(2024, 1, 2))


def test_what_the_answer_to_a_confirmation_lacks_is_what_was_asked():
    asked = Confirmation(template_id=MCA, contact=TANIA, agreed_on=date(2018, 6, 14))

    assert wire.confirmed({"userId": None}, asked=asked) == asked
    assert wire.confirmed(sample("confirmed_agreement"), asked=asked) == asked


def test_characters_that_no_database_stores_are_replaced():
    record = Record(parse(b'{"name": "Nul\\u0000Co \\ud800"}'))

    assert record.text("name") == "Nul\N{REPLACEMENT CHARACTER}Co \N{REPLACEMENT CHARACTER}"


def test_a_template_keeps_the_providers_name_of_its_kind():
    assert page_of(wire.template)(sample("templates")).items == [
        Template(
            template_id=MCA,
            kind="MicrosoftCustomerAgreement",
            link="https://aka.ms/customeragreement",
            version_rank=0,
        )
    ]


def test_an_agreement_is_written_in_utc_with_the_type_of_its_template():
    terms = Template(template_id=MCA, kind="MicrosoftCustomerAgreement")

    written = wire.new_agreement(
        terms=terms, contact=TANIA, agreed_at=datetime.fromisoformat("2024-05-01T02:00:00+02:00")
    )

    assert written == {
        "primaryContact": {
            "firstName": "Tania",
            "lastName": "Carr",
            "email": "tania@contoso.example",
            "phoneNumber": "1234567890",
        },
        "dateAgreed": "2024-05-01T00:00:00.000Z",
        "templateId": MCA,
        "type": "MicrosoftCustomerAgreement",
    }


@pytest.mark.parametrize(
    ("name", "code", "beginning"),
    [
        ("classic", "2000", "Tenant Id must"),
        ("customer_service", "600061", "A partner confirmed"),
        ("text_code", "900420", "The audience"),
        ("gateway", "429", "Rate limit"),
    ],
)
def test_errors_are_read_in_every_shape(name, code, beginning):
    body = wire.error_body(json.dumps(sample("errors")[name]).encode("utf-8-sig"))

    assert body.code == code
    assert body.text.startswith(beginning)


@pytest.mark.parametrize("content", [b"", b"<h1>Bad gateway</h1>", b'["x"]', b'{"code": {}}'])
def test_an_error_in_no_known_shape_tells_nothing(content):
    assert wire.error_body(content) == wire.ErrorBody()


def test_the_text_of_an_error_is_one_short_line():
    body = wire.error_body(json.dumps({"code": 1, "description": "a\r\nb " + "c" * 2000}).encode())

    assert body.text.startswith("a b c")
    assert len(body.text) == 300


@pytest.mark.parametrize(
    ("uri", "target"),
    [
        ("/customers?size=7&seekOperation=Next", "/customers?size=7&seekOperation=Next"),
        ("/v1/customers?size=7&seekOperation=Next", "/customers?size=7&seekOperation=Next"),
        ("v1/customers", "/customers"),
        ("/v1customers", "/v1customers"),
    ],
)
def test_links_come_with_and_without_the_version(uri, target):
    link = {"uri": uri, "headers": [{"key": "ms-continuationtoken", "value": "t"}]}

    page = page_of(wire.customer)({"items": [], "links": {"next": link}})

    assert page.next == Next(token="t", target=target)  # noqa: S106 - of a page, no secret


@pytest.mark.parametrize("uri", ["https://elsewhere.example/customers", "//elsewhere.example/customers"])
def test_a_link_to_another_host_is_not_followed(uri):
    with pytest.raises(Malformed):
        page_of(wire.customer)({"items": [], "links": {"next": {"uri": uri}}})


def test_a_link_sets_no_header_but_the_continuation():
    link = {"uri": "/customers", "headers": [{"key": "Authorization", "value": "Bearer theirs"}]}

    assert page_of(wire.customer)({"items": [], "links": {"next": link}}).next == Next(
        token=None, target="/customers"
    )


def test_the_continuation_token_of_the_body_leads_on_without_a_link():
    assert page_of(wire.customer)({"items": [], "continuationToken": "t"}).next == Next(token="t")  # noqa: S106 - of a page, no secret


@pytest.mark.parametrize(
    "body", [{}, {"items": None}, {"items": 1}, {"items": {"a": 1}}, {"items": [{"id": ""}]}, None, "x"]
)
def test_a_page_without_readable_items_is_broken_not_empty(body):
    with pytest.raises(Malformed):
        page_of(wire.customer)(body)


def test_a_bare_list_is_a_page():
    assert page_of(wire.confirmation)([]).items == []


def northwind(**changes) -> NewCustomer:
    return NewCustomer(
        **{
            "name": "Northwind",
            "contact": TANIA,
            "domain": "northwind.onmicrosoft.com",
            "address": Address(
                line1="One Microsoft Way", city="Redmond", region="WA", postal_code="98052", country="us"
            ),
            **changes,
        }
    )


def test_a_new_customer_is_written_with_culture_and_language_of_its_country():
    written = wire.new_customer(northwind(), country_rules(sample("rules_wrapped")))

    assert written == {
        "companyProfile": {"domain": "northwind.onmicrosoft.com"},
        "billingProfile": {
            "email": "tania@contoso.example",
            "culture": "en-US",
            "language": "en",
            "companyName": "Northwind",
            "defaultAddress": {
                "addressLine1": "One Microsoft Way",
                "city": "Redmond",
                "state": "WA",
                "postalCode": "98052",
                "country": "US",
                "firstName": "Tania",
                "lastName": "Carr",
                "phoneNumber": "1234567890",
            },
        },
    }


def test_the_registration_number_goes_only_where_the_country_takes_one():
    new = northwind(organization_registration_number="1234567")

    in_brazil = wire.new_customer(new, country_rules(sample("rules_plain")))
    in_america = wire.new_customer(new, country_rules(sample("rules_wrapped")))

    assert in_brazil["companyProfile"]["organizationRegistrationNumber"] == "1234567"
    assert "organizationRegistrationNumber" not in in_america["companyProfile"]


PAULISTA = Address(line1="Av. Paulista 1", city="São Paulo", postal_code="01310-100", country="BR")
REDMOND = Address(line1="1 Main", city="Redmond", region="wa", postal_code="98052-8300", country="US")


@pytest.mark.parametrize(
    ("rules", "changes", "expected"),
    [
        ("rules_wrapped", {"address": REDMOND}, []),
        (
            "rules_wrapped",
            {"address": Address(line1="", city="", country="US")},
            [
                ("ADDRESS_REQUIRED", "line1"),
                ("ADDRESS_REQUIRED", "city"),
                ("ADDRESS_REQUIRED", "region"),
                ("ADDRESS_REQUIRED", "postal_code"),
            ],
        ),
        (
            "rules_wrapped",
            {"address": Address(line1="1", city="X", region="ZZ", postal_code="1", country="US")},
            [("ADDRESS_INVALID", "region"), ("ADDRESS_INVALID", "postal_code")],
        ),
        ("rules_plain", {"address": PAULISTA, "organization_registration_number": "1234567"}, []),
        (
            "rules_plain",
            {
                "address": PAULISTA,
                "contact": Contact(first_name="A", last_name="B", email="a@b.example"),
            },
            [
                ("REGISTRATION_NUMBER_REQUIRED", "organization_registration_number"),
                ("PHONE_REQUIRED", "phone"),
            ],
        ),
        (
            "rules_plain",
            {"address": PAULISTA, "organization_registration_number": "12-34"},
            [("REGISTRATION_NUMBER_INVALID", "organization_registration_number")],
        ),
    ],
)
def test_both_documented_shapes_of_country_rules_are_applied(rules, changes, expected):
    found = problems(northwind(**changes), country_rules(sample(rules)))

    assert [(problem.code, problem.field[-1]) for problem in found] == expected


def test_a_rule_that_python_cannot_compile_is_left_to_the_provider():
    rules = country_rules({"defaultCulture": "en-US", "postalCodeRegex": "(?<name"})

    assert list(problems(northwind(), rules)) == []


@pytest.mark.parametrize("body", [True, {"status": "VerifiedShippable"}, {"Status": "Verified"}])
def test_a_verified_address_is_no_problem(body):
    assert address_problem(body) is None


def test_an_address_that_needs_a_person_is_a_problem_with_the_suggestion():
    problem = address_problem({**sample("address"), "status": "InteractionRequired"})

    assert problem.code is ProblemCode.ADDRESS_INVALID
    assert problem.message == (
        "Partner Center cannot verify the address. It suggests: 1 Microsoft Way, Redmond, WA, 98052-8300, US."
    )
    assert address_problem(body=False).message == "Partner Center cannot verify the address."
