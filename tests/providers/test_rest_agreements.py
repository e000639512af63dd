"""Agreements at a REST provider, over HTTP."""

from datetime import UTC, date, datetime, timedelta

import pytest
from support.provider_calls import QUICKLY

from providers.base import AcceptanceStatus, Confirmation, Contact
from providers.errors import (
    AlreadyConfirmed,
    CustomerMustAccept,
    CustomerNotVisible,
    InputRefused,
    ProviderUnavailable,
    Unsupported,
)

TERMS = "Temp001"
TANIA = Contact(first_name="Tania", last_name="Carr", email="tania@contoso.example", phone="1234567890")
ADAM = Contact(first_name="Adam", last_name="Wu", email="adam@contoso.example")
SIGNED_ON = date(2024, 6, 14)
UNSIGNED_ON = "0001-01-01T00:00:00"


@pytest.fixture(autouse=True)
async def contoso(rest):
    await rest.add_customers([{"id": "0001", "name": "Contoso", "domain": "contoso.example"}])


def confirm(client, customer_id="0001", **changes):
    known = {"template_id": TERMS, "contact": TANIA, "agreed_on": SIGNED_ON, "request_id": "1"}
    return client.confirm(customer_id, **known | changes)


def ask(client, customer_id="0001", **changes):
    return client.request_acceptance(
        customer_id, **{"template_id": TERMS, "contact": TANIA, "request_id": "1", **changes}
    )


def follow(client, reference):
    return client.follow_acceptance("0001", reference=reference, template_id=TERMS, request_id="2")


def answer(body, status=200):
    return {"kind": "status", "status": status, "body": body}


def agreement(**members):
    person = {"FirstName": "Tania", "LastName": "Carr", "PhoneNumber": "1234567890", "Email": TANIA.email}
    return {
        "Id": "Agr001",
        "Name": None,
        "TemplateId": TERMS,
        "Customer": {"Id": "0001", "Name": None},
        "SignedBy": person,
        "SignedOn": "2024-06-14T00:00:00",
        "CreatedOn": None,
        "ModifiedOn": None,
        **members,
    }


async def submissions(rest):
    return [call for call in await rest.requests() if call["path"] == "/agreements"]


async def test_a_confirmation_is_sent_for_the_day_with_its_signer(rest, rest_client):
    confirmed = await confirm(rest_client)

    assert confirmed == Confirmation(template_id=TERMS, contact=TANIA, agreed_on=SIGNED_ON)
    assert await rest_client.list_confirmations("0001") == [confirmed]
    [stored] = await rest.agreements()
    assert (stored["templateId"], stored["customerId"]) == (TERMS, "0001")
    assert stored["signedOn"] == "2024-06-14T00:00:00"
    assert stored["signedBy"] == {
        "firstName": "Tania",
        "lastName": "Carr",
        "phoneNumber": "1234567890",
        "email": TANIA.email,
    }


@pytest.mark.parametrize(
    "signed_on",
    [
        "2024-06-14T00:00:00",
        "2024-06-14T23:59:59.1234567",
        "2024-06-14T10:20:30Z",
        "2024-06-14T23:00:00-00:30",
    ],
)
async def test_the_day_of_a_signature_is_read_with_and_without_a_zone(rest, rest_client, signed_on):
    await rest.fault("/agreements$", answer([agreement(SignedOn=signed_on)]))

    [confirmation] = await rest_client.list_confirmations("0001")

    assert confirmation.agreed_on == SIGNED_ON


@pytest.mark.parametrize(
    "unsigned",
    [
        agreement(SignedBy=None, SignedOn=UNSIGNED_ON),
        agreement(SignedBy=None, SignedOn=None),
        agreement(SignedBy={"FirstName": None, "Email": None, "Id": None}, SignedOn=f"{UNSIGNED_ON}Z"),
        {"id": "1", "templateId": TERMS},
    ],
    ids=["as documented", "null", "nobody", "missing"],
)
async def test_an_unsigned_agreement_is_no_confirmation(rest, rest_client, unsigned):
    await rest.fault("/agreements$", answer([unsigned]))

    assert await rest_client.list_confirmations("0001") == []


async def test_a_signature_without_a_date_counts_from_the_last_change(rest, rest_client):
    undated = [
        agreement(SignedOn=UNSIGNED_ON),
        agreement(SignedOn=UNSIGNED_ON, CreatedOn="2024-05-01T00:00:00"),
        agreement(SignedOn=UNSIGNED_ON, CreatedOn="2024-05-01T00:00:00", ModifiedOn="2024-05-02T00:00:00"),
    ]
    await rest.fault("/agreements$", answer(undated))

    found = await rest_client.list_confirmations("0001")

    today = datetime.now(UTC).date()
    assert [each.agreed_on for each in found] == [today, date(2024, 5, 2), date(2024, 5, 1)]


async def test_a_signer_of_whom_too_little_is_told_is_nobody(rest, rest_client):
    await rest.fault("/agreements$", answer([agreement(SignedBy={"FirstName": "Tania"})]))

    [confirmation] = await rest_client.list_confirmations("0001")

    assert confirmation == Confirmation(template_id=TERMS, contact=None, agreed_on=SIGNED_ON)


async def test_templates_with_a_guid_are_known_in_either_case(rest, rest_client):
    written = "1DECBA1A-184A-432A-8312-D8D178C8EEE5"
    await confirm(rest_client, template_id=written)

    [confirmation] = await rest_client.list_confirmations("0001")

    assert confirmation.template_id == written.lower()
    with pytest.raises(AlreadyConfirmed):
        await confirm(rest_client, template_id=written.lower())


async def test_the_same_signer_is_confirmed_once_and_another_one_as_well(rest, rest_client):
    await confirm(rest_client)

    with pytest.raises(AlreadyConfirmed):
        await confirm(
            rest_client, contact=Contact(first_name="T.", last_name="CARR", email=TANIA.email.upper())
        )
    await confirm(rest_client, contact=ADAM)
    await confirm(rest_client, template_id="Temp002")

    assert len(await rest.agreements()) == 3


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
@pytest.mark.parametrize("signing", ["kept", "asked"])
async def test_a_lost_answer_is_followed_by_a_look_and_no_second_agreement(
    rest, connect_rest, action, signing
):
    client = connect_rest(timeout=QUICKLY)
    await rest.settings(signing=signing)
    await rest.fault("^/agreements$", action)

    if signing == "asked":
        with pytest.raises(CustomerMustAccept):
            await confirm(client)
    else:
        await confirm(client)

    assert len(await rest.agreements()) == 1
    assert len(await submissions(rest)) == 1


async def test_a_lost_request_to_the_customer_is_made_once(rest, rest_client):
    await rest.fault("^/agreements$", {"kind": "drop_after"})

    request = await ask(rest_client)

    [stored] = await rest.agreements()
    assert request.reference == stored["id"]


async def test_a_provider_that_asks_its_customer_takes_no_signature_from_us(rest, rest_client):
    await rest.settings(signing="asked")

    with pytest.raises(CustomerMustAccept):
        await confirm(rest_client)
    request = await ask(rest_client)

    [stored] = await rest.agreements()
    assert request.reference == stored["id"]
    assert await follow(rest_client, request.reference) is AcceptanceStatus.OPEN


async def test_the_customers_signature_ends_a_request(rest, rest_client):
    request = await ask(rest_client)
    [stored] = await rest.agreements()
    assert (stored["signedBy"], stored["signedOn"]) == (None, UNSIGNED_ON)

    assert await follow(rest_client, request.reference) is AcceptanceStatus.OPEN
    await rest.sign(
        stored["id"], firstName="Adam", lastName="Wu", email=ADAM.email, signed_on="2024-06-14T00:00:00Z"
    )

    assert await follow(rest_client, request.reference) is AcceptanceStatus.ACCEPTED
    assert await rest_client.list_confirmations("0001") == [
        Confirmation(template_id=TERMS, contact=ADAM, agreed_on=SIGNED_ON)
    ]


async def test_an_agreement_that_waits_already_is_the_request(rest, rest_client):
    await rest.add_agreements(
        [
            {"id": "other terms", "customerId": "0001", "templateId": "Temp002"},
            {"id": "waiting", "customerId": "0001", "templateId": TERMS},
        ]
    )

    assert (await ask(rest_client)).reference == "waiting"
    assert await submissions(rest) == []


async def test_a_request_that_the_provider_has_forgotten_is_refused(rest, rest_client):
    request = await ask(rest_client)
    await rest.remove_agreement(request.reference)

    with pytest.raises(InputRefused):
        await follow(rest_client, request.reference)


@pytest.mark.parametrize("page", ["", "https://distributor.example/accept?from=us"])
async def test_the_customer_accepts_where_the_connection_says(rest, connect_rest, page):
    client = connect_rest(acceptance_url=page)

    request = await ask(client)

    assert request.url == (page or f"{rest.url}/")
    assert request.expires_at is None


@pytest.mark.parametrize("missing", ["null", "204", "404"])
async def test_nothing_is_submitted_for_a_customer_who_is_not_there(rest, rest_client, missing):
    await rest.settings(missingCustomer=missing)

    for call in (
        rest_client.list_confirmations("0002"),
        confirm(rest_client, "0002"),
        ask(rest_client, "0002"),
    ):
        with pytest.raises(CustomerNotVisible):
            await call

    assert await submissions(rest) == []


async def test_customers_who_were_listed_are_not_asked_for_one_by_one(rest, rest_client):
    async for _ in rest_client.list_customers():
        pass
    await rest.clear_requests()

    assert await rest_client.list_confirmations("0001") == []
    await rest_client.list_confirmations("0001")

    assert [call["path"] for call in await rest.requests()].count("/customers/0001") == 0


async def test_a_future_day_is_refused_before_any_call(rest, rest_client):
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)

    with pytest.raises(InputRefused):
        await confirm(rest_client, agreed_on=tomorrow)

    assert await rest.requests() == []


async def test_a_clock_that_is_ahead_sends_no_day_in_the_future(rest, connect_rest):
    class Ahead:
        def now(self):
            return datetime.now(UTC) + timedelta(days=1)

        async def sleep(self, seconds):
            raise AssertionError("nothing is to be waited for")

    client = connect_rest(clock=Ahead())

    confirmed = await confirm(client, agreed_on=Ahead().now().date())

    assert confirmed.agreed_on < Ahead().now().date()


async def test_a_provider_that_confirms_nothing_is_not_asked_to(rest, rest_client):
    await rest.settings(supportsAgreementConfirmation=False)

    for call in (rest_client.list_confirmations("0001"), confirm(rest_client), ask(rest_client)):
        with pytest.raises(Unsupported):
            await call
    with pytest.raises(Unsupported):
        await follow(rest_client, "1")

    assert {call["path"] for call in await rest.requests()} == {"/utilities/provider-properties"}


@pytest.mark.parametrize(
    "broken",
    [[agreement(TemplateId=None)], [agreement(SignedOn="soon")], "none"],
    ids=["terms", "date", "list"],
)
async def test_an_agreement_that_cannot_be_read_is_an_error_and_not_left_out(rest, rest_client, broken):
    await rest.fault("/agreements$", answer(broken), times=10)

    with pytest.raises(ProviderUnavailable):
        await rest_client.list_confirmations("0001")
