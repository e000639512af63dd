"""Agreements at Partner Center, over HTTP."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from providers.base import Confirmation, Contact, Template
from providers.clock import SystemClock
from providers.errors import (
    AdministratorNeeded,
    AlreadyConfirmed,
    CustomerMustAccept,
    CustomerNotVisible,
    InputRefused,
)
from providers.partner_center import ConfirmationMode

MCA = "117a77b0-9360-443b-8795-c6dedc750cf9"
CLOUD = "998b88de-aa99-4388-a42c-1b3517d49490"
TANIA = Contact(first_name="Tania", last_name="Carr", email="tania@contoso.example", phone="1234567890")
ADAM = Contact(first_name="Adam", last_name="Wu", email="adam@contoso.example")
SIGNED_ON = date(2024, 6, 14)


@pytest.fixture
async def customer_id(simulator, partner):
    customer_id = str(uuid4())
    contoso = {"id": customer_id, "companyName": "Contoso", "domain": "contoso.onmicrosoft.com"}
    await simulator.add_customers(partner.tenant_id, [contoso])
    return customer_id


@pytest.fixture
def legacy(connect, partner):
    return connect(partner, confirmation=ConfirmationMode.LEGACY)


def confirm(client, customer_id, **changes):
    known = {
        "template_id": MCA,
        "contact": TANIA,
        "agreed_on": SIGNED_ON,
        "request_id": str(uuid4()),
    }
    return client.confirm(customer_id, **known | changes)


async def agreements(simulator, partner):
    [customer] = await simulator.customers(partner.tenant_id)
    return customer["agreements"]


async def test_the_templates_of_every_kind_are_listed(client):
    templates = await client.list_templates()

    assert {template.template_id: template.kind for template in templates} == {
        MCA: "MicrosoftCustomerAgreement",
        CLOUD: "MicrosoftCloudAgreement",
    }
    assert all(isinstance(template, Template) and template.link for template in templates)


async def test_a_confirmation_is_sent_for_the_day_and_read_back(simulator, partner, legacy, customer_id):
    confirmed = await confirm(legacy, customer_id)

    assert confirmed == Confirmation(template_id=MCA, contact=TANIA, agreed_on=SIGNED_ON)
    assert await legacy.list_confirmations(customer_id) == [confirmed]
    [stored] = await agreements(simulator, partner)
    assert datetime.fromisoformat(stored["dateAgreed"]) == datetime(2024, 6, 14, tzinfo=UTC)


async def test_the_same_contact_again_is_already_confirmed_and_another_is_not(legacy, customer_id):
    await confirm(legacy, customer_id)

    with pytest.raises(AlreadyConfirmed) as caught:
        await confirm(legacy, customer_id)
    await confirm(legacy, customer_id, contact=ADAM)

    assert caught.value.provider_code == "600061"
    assert caught.value.correlation_id is not None


async def test_a_confirmation_whose_answer_is_lost_is_made_once(simulator, partner, legacy, customer_id):
    await simulator.fault("/agreements$", {"kind": "drop_after"}, method="POST")

    await confirm(legacy, customer_id)

    assert len(await agreements(simulator, partner)) == 1


async def test_confirmations_come_newest_first_with_the_customers_own_among_them(
    simulator, client, partner, customer_id
):
    contact = {"firstName": "Adam", "lastName": "Wu", "email": "adam@contoso.example"}
    known = [
        {"templateId": MCA, "primaryContact": contact, "dateAgreed": f"{day}T00:00:00Z"}
        for day in ("2023-05-01", "2025-02-03", "2024-01-01")
    ]
    contoso = {"id": customer_id, "companyName": "Contoso", "domain": "contoso.onmicrosoft.com"}
    await simulator.add_customers(partner.tenant_id, [{**contoso, "agreements": known}])
    await simulator.accept(customer_id)

    found = await client.list_confirmations(customer_id)

    today = datetime.now(UTC).date()
    assert found == [
        Confirmation(template_id=MCA, contact=None, agreed_on=today, direct=True),
        Confirmation(template_id=MCA, contact=ADAM, agreed_on=date(2025, 2, 3)),
        Confirmation(template_id=MCA, contact=ADAM, agreed_on=date(2024, 1, 1)),
        Confirmation(template_id=MCA, contact=ADAM, agreed_on=date(2023, 5, 1)),
    ]


async def test_the_terms_are_not_asked_for_again_with_each_customer(simulator, client, customer_id):
    await simulator.accept(customer_id)

    await client.list_confirmations(customer_id)
    await client.list_confirmations(customer_id)

    assert [call["path"] for call in await simulator.requests()].count("/v1/agreements") == 1


async def test_by_default_the_customer_must_accept_and_nothing_is_sent(simulator, client, customer_id):
    with pytest.raises(CustomerMustAccept):
        await confirm(client, customer_id)

    assert await simulator.requests() == []


async def test_the_customer_is_asked_at_microsofts_own_page(simulator, client, customer_id):
    request = await client.request_acceptance(customer_id, template_id=MCA, contact=TANIA, request_id="ask")

    assert request.url == f"{simulator.url}/AdminPortal/Home?ref=/BillingAccounts/agreement"
    assert request.expires_at is None


async def test_where_microsoft_has_ended_confirmation_the_customer_must_accept(
    simulator, partner, legacy, customer_id
):
    await simulator.settings(legacyAttestation="gone")

    with pytest.raises(CustomerMustAccept):
        await confirm(legacy, customer_id)

    assert await agreements(simulator, partner) == []


@pytest.mark.parametrize("template_id", [CLOUD, CLOUD.upper()])
async def test_a_cloud_agreement_is_refused_before_any_call(simulator, legacy, customer_id, template_id):
    with pytest.raises(InputRefused):
        await confirm(legacy, customer_id, template_id=template_id)
    with pytest.raises(InputRefused):
        await legacy.request_acceptance(customer_id, template_id=template_id, contact=TANIA, request_id="ask")

    assert await simulator.requests() == []


async def test_an_unknown_template_is_refused_before_the_confirmation(simulator, legacy, customer_id):
    with pytest.raises(InputRefused):
        await confirm(legacy, customer_id, template_id=str(uuid4()))

    assert all(call["method"] != "POST" for call in await simulator.requests() if "/v1/" in call["path"])


async def test_a_future_day_is_refused_before_any_call(simulator, legacy, customer_id):
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)

    with pytest.raises(InputRefused):
        await confirm(legacy, customer_id, agreed_on=tomorrow)

    assert await simulator.requests() == []


async def test_a_clock_that_is_ahead_does_not_send_a_day_in_the_future(connect, partner, customer_id):
    class Ahead(SystemClock):
        def now(self):
            return super().now() + timedelta(days=1)

    client = connect(partner, confirmation=ConfirmationMode.LEGACY, clock=Ahead())

    confirmed = await confirm(client, customer_id, agreed_on=Ahead().now().date())

    assert confirmed.agreed_on < Ahead().now().date()


async def test_a_refused_contact_is_refused_input(legacy, customer_id):
    nobody = Contact(first_name="", last_name="Carr", email="tania@contoso.example")

    with pytest.raises(InputRefused) as caught:
        await confirm(legacy, customer_id, contact=nobody)

    assert "firstName" in str(caught.value)


async def test_an_unknown_customer_is_not_visible(legacy):
    with pytest.raises(CustomerNotVisible):
        await confirm(legacy, str(uuid4()))
    with pytest.raises(CustomerNotVisible):
        await legacy.list_confirmations(str(uuid4()))


async def test_without_a_relationship_an_administrator_is_needed(simulator, partner, client, customer_id):
    await simulator.remove_customer(partner.tenant_id, customer_id)

    with pytest.raises(AdministratorNeeded) as caught:
        await client.list_confirmations(customer_id)

    assert caught.value.provider_code == "20002"


async def test_an_existing_customer_is_invited_by_one_link(client, partner):
    url = await client.invitation_url()

    assert partner.tenant_id in url


@pytest.mark.parametrize(
    "kind",
    [{"kind": "indirect_reseller"}, {"roles": ["helpdesk_agent"]}, {"mfa": False}],
    ids=["reseller", "role", "no mfa"],
)
async def test_a_partner_who_may_not_confirm_needs_an_administrator(simulator, connect, kind):
    partner = await simulator.add_partner(**kind)
    customer_id = str(uuid4())
    contoso = {"id": customer_id, "companyName": "Contoso", "domain": "contoso.onmicrosoft.com"}
    await simulator.add_customers(partner.tenant_id, [contoso])
    client = connect(partner, confirmation=ConfirmationMode.LEGACY)

    with pytest.raises(AdministratorNeeded):
        await confirm(client, customer_id)


@pytest.mark.parametrize(
    ("enough_since", "found"),
    [
        (None, [True, False]),
        (SIGNED_ON, [False]),
        (date.min, [False]),
        (SIGNED_ON + timedelta(days=1), [True, False]),
    ],
)
async def test_where_the_partners_confirmation_is_enough_the_customers_own_is_not_looked_for(
    legacy, simulator, customer_id, enough_since, found
):
    await confirm(legacy, customer_id)
    await simulator.accept(customer_id)
    await simulator.clear_requests()

    confirmations = await legacy.list_confirmations(customer_id, enough_since=enough_since)

    assert [each.direct for each in confirmations] == found
    asked = [each for each in await simulator.requests() if "directSigned" in each["path"]]
    assert len(asked) == found.count(True)
