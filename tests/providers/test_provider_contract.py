"""What every kind of provider promises, whoever it is; what one of them lacks, it says."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from support.provider_calls import (
    ADAM,
    CALLS,
    SIGNED_ON,
    TANIA,
    ask,
    confirm,
    follow,
    northwind,
    pages_of,
)
from support.provider_stands import LACKS, METHODS, Stand, a_customer, having

from providers.base import (
    AcceptanceStatus,
    Address,
    Capabilities,
    Confirmation,
    Contact,
    EndingKind,
    Provider,
    SubscriptionStatus,
)
from providers.errors import (
    AlreadyConfirmed,
    CustomerNotVisible,
    InputRefused,
    Unsupported,
)


@pytest.fixture
def client(stand: Stand) -> Provider:
    return stand.open()


@pytest.fixture
async def contoso(stand: Stand):
    customer = a_customer()
    await stand.add(customer)
    return customer


@pytest.mark.parametrize(
    ("stand", "method"),
    [(kind, method) for kind, lacks in LACKS.items() for method in sorted(lacks)],
    indirect=["stand"],
)
async def test_what_a_provider_lacks_is_unsupported(client, method):
    with pytest.raises(Unsupported):
        await CALLS[method](client)


def test_no_method_of_the_port_is_left_out():
    assert CALLS.keys() == METHODS - {"read_capabilities", "examine", "aclose"}


@having("aclose")
async def test_a_client_can_be_closed_twice(client):
    await client.aclose()
    await client.aclose()


@having("read_capabilities")
async def test_capabilities_are_those_of_the_provider(stand, client):
    able = stand.kind != "manual"

    assert await client.read_capabilities() == Capabilities(
        customer_sync=able, customer_creation=able, agreement_confirmation=able, agreement_sync=able
    )


@having("examine")
async def test_nothing_is_in_the_way_of_a_good_connection_and_nothing_is_changed(stand, client):
    assert list(await client.examine()) == []
    assert list(await stand.customers()) == []


@having("list_customers")
async def test_all_customers_come_in_the_providers_order(stand, client):
    known = [a_customer(number) for number in range(20)]
    await stand.add(*known)

    assert [customer for page in await pages_of(client) for customer in page] == known


@having("list_customers")
async def test_no_customers_are_an_empty_page(client):
    assert await pages_of(client) == [[]]


@having("find_customer")
async def test_a_customer_is_found_by_its_whole_domain_in_either_case(stand, client, contoso):
    assert await client.find_customer(domain=contoso.domain) == contoso
    assert await client.find_customer(domain=contoso.domain.upper()) == contoso
    assert await client.find_customer(domain=contoso.domain.removesuffix("m")) is None


@having("get_customer")
async def test_one_customer_is_read_and_an_unknown_one_is_none(client, contoso):
    assert await client.get_customer(contoso.id) == contoso
    assert await client.get_customer(str(uuid4())) is None
    assert await client.get_customer("no/such id") is None


@having("is_domain_available")
async def test_a_domain_is_available_until_it_is_taken(client, contoso):
    assert not await client.is_domain_available(contoso.domain)
    assert await client.is_domain_available("northwind.onmicrosoft.com")


@having("check_new_customer")
async def test_nothing_stands_against_a_good_customer_and_nothing_is_made(stand, client):
    assert list(await client.check_new_customer(northwind())) == []
    assert list(await stand.customers()) == []


@having("check_new_customer")
async def test_what_stands_against_a_customer_is_told_in_the_order_of_the_form(stand, client, contoso):
    address = Address(line1="Av. Paulista 1", city="São Paulo", region="SP", postal_code="?", country="BR")
    contact = Contact(first_name="A", last_name="B", email="a@b.example", phone=None)

    found = await client.check_new_customer(
        northwind(domain=contoso.domain, address=address, contact=contact)
    )

    phone = ["PHONE_REQUIRED"] if stand.kind == "partner_center" else []  # the others require none
    assert [problem.code for problem in found] == [
        "DOMAIN_UNAVAILABLE",
        "REGISTRATION_NUMBER_REQUIRED",
        *phone,
        "ADDRESS_INVALID",
    ]
    assert [".".join(problem.field) for problem in found] == [
        "domain",
        "organization_registration_number",
        *["contact.phone" for _ in phone],
        "address.postal_code",
    ]


@having("create_customer")
async def test_a_created_customer_is_read_back_and_found(client):
    created = await client.create_customer(northwind(), request_id="create")

    assert (created.customer.name, created.customer.domain) == ("Northwind", "northwind.onmicrosoft.com")
    assert created.credentials.user_name
    assert created.credentials.password not in repr(created)
    assert await client.get_customer(created.customer.id) == created.customer
    assert await client.find_customer(domain="northwind.onmicrosoft.com") == created.customer


@having("create_customer")
async def test_a_customer_is_made_once_under_one_request_id(stand, client):
    first = await client.create_customer(northwind(), request_id="create")
    again = await client.create_customer(northwind(), request_id="create")

    assert again.customer == first.customer
    assert len(await stand.customers()) == 1


@having("create_customer")
async def test_a_refused_customer_is_not_made(stand, client):
    with pytest.raises(InputRefused):
        await client.create_customer(northwind(name="", domain=None), request_id="create")

    assert list(await stand.customers()) == []


@having("list_templates")
async def test_templates_come_with_the_one_in_force_first(stand, client):
    templates = await client.list_templates()

    assert stand.template_id in [template.template_id for template in templates]
    ranks = [template.version_rank for template in templates]
    assert ranks == sorted(ranks, reverse=True)


@having("confirm", "list_confirmations")
async def test_a_confirmation_is_read_back_as_it_was_given(stand, client, contoso):
    assert list(await client.list_confirmations(contoso.id)) == []

    confirmed = await confirm(client, stand, contoso.id)

    assert confirmed == Confirmation(template_id=stand.template_id, contact=TANIA, agreed_on=SIGNED_ON)
    assert list(await client.list_confirmations(contoso.id)) == [confirmed]


@having("confirm", "list_confirmations")
async def test_confirmations_come_newest_first(stand, client, contoso):
    await confirm(client, stand, contoso.id)
    await confirm(client, stand, contoso.id, contact=ADAM, agreed_on=SIGNED_ON + timedelta(days=1))

    found = await client.list_confirmations(contoso.id)

    assert [confirmation.contact for confirmation in found] == [ADAM, TANIA]


@having("confirm")
async def test_the_same_confirmation_is_made_once(stand, client, contoso):
    await confirm(client, stand, contoso.id)

    with pytest.raises(AlreadyConfirmed):
        await confirm(client, stand, contoso.id)

    assert len(await stand.agreements()) == 1


@having("confirm")
async def test_no_day_that_is_yet_to_come_is_confirmed(stand, client, contoso):
    with pytest.raises(InputRefused):
        await confirm(client, stand, contoso.id, agreed_on=datetime.now(UTC).date() + timedelta(days=1))

    assert list(await stand.agreements()) == []


@having("confirm", "list_confirmations", "request_acceptance")
async def test_a_customer_who_is_not_there_is_not_visible(stand, client):
    stranger = str(uuid4())

    for call in (
        client.list_confirmations(stranger),
        confirm(client, stand, stranger),
        ask(stand.open_asking(), stand, stranger),
    ):
        with pytest.raises(CustomerNotVisible):
            await call


@having("request_acceptance", "follow_acceptance", "list_confirmations")
async def test_a_request_is_open_until_the_customer_accepts(stand, contoso):
    client = stand.open_asking()
    request = await ask(client, stand, contoso.id)

    assert request.url.startswith(stand.simulator.url)
    assert await follow(client, stand, contoso.id, request.reference) is AcceptanceStatus.OPEN
    assert list(await client.list_confirmations(contoso.id)) == []
    await stand.sign(request.reference, first_name="Adam", last_name="Wu", email=ADAM.email)

    for _ in range(2):
        status = await follow(client, stand, contoso.id, request.reference)
        assert status is AcceptanceStatus.ACCEPTED
    [confirmation] = await client.list_confirmations(contoso.id)
    assert confirmation.template_id == stand.template_id
    assert confirmation.contact.email == ADAM.email


@having("request_acceptance")
async def test_a_request_is_made_once_under_one_request_id(stand, contoso):
    client = stand.open_asking()

    first = await ask(client, stand, contoso.id)

    assert await ask(client, stand, contoso.id) == first


@having("follow_acceptance")
async def test_an_unknown_request_is_refused(stand, contoso):
    with pytest.raises(InputRefused):
        await follow(stand.open_asking(), stand, contoso.id, str(uuid4()))


@pytest.mark.parametrize("stand", ["partner_center"], indirect=True)  # elsewhere requests have no end
@pytest.mark.parametrize("decision", ["expire", "refuse"])
async def test_a_request_that_came_to_nothing_says_how(stand, contoso, decision):
    client = stand.open_asking()
    request = await ask(client, stand, contoso.id)
    assert request.expires_at > datetime.now(UTC)

    await stand.simulator.decide_attestation(request.reference, decision)

    status = await follow(client, stand, contoso.id, request.reference)
    assert status is {"expire": AcceptanceStatus.EXPIRED, "refuse": AcceptanceStatus.REFUSED}[decision]
    assert list(await client.list_confirmations(contoso.id)) == []


@having("list_changes", "create_customer")
async def test_a_new_customer_is_among_the_changes(client):
    since = datetime.now(UTC) - timedelta(minutes=1)
    created = await client.create_customer(northwind(), request_id="create")

    changed = [change async for page in client.list_changes(since=since) for change in page]

    assert created.customer.id in [change.customer_id for change in changed if not change.removed]


@having("list_changes")
async def test_changes_of_long_ago_are_unsupported_and_not_an_empty_list(client):
    with pytest.raises(Unsupported):
        await anext(client.list_changes(since=datetime.now(UTC) - timedelta(days=400)))


@having("document_link")
async def test_the_text_of_terms_is_linked_and_unknown_terms_are_refused(stand, client):
    link = await client.document_link(stand.template_id, language="en-US", country="US")

    assert link.display_url
    assert link.download_url
    with pytest.raises(InputRefused):
        await client.document_link(str(uuid4()), language="en-US", country="US")


@having("list_subscriptions", "end_subscription", "remove_customer", "get_customer")
async def test_a_customer_leaves_once_its_subscriptions_have_ended(stand, client, contoso):
    known = {"id": str(uuid4()), "name": "Exchange", "quantity": 3}
    await stand.simulator.add_subscriptions(stand.partner.tenant_id, contoso.id, known)
    [subscription] = await client.list_subscriptions(contoso.id)
    assert (subscription.name, subscription.status) == ("Exchange", SubscriptionStatus.ACTIVE)
    with pytest.raises(InputRefused):
        await client.remove_customer(contoso.id, request_id="too early")

    ended = await client.end_subscription(contoso.id, subscription.id, request_id="end")
    again = await client.end_subscription(contoso.id, subscription.id, request_id="again")

    assert (ended.kind, again.kind) == (EndingKind.CANCELLED, EndingKind.ENDED_BEFORE)
    for number in range(2):
        await client.remove_customer(contoso.id, request_id=f"remove {number}")
    assert await client.get_customer(contoso.id) is None


@having("list_subscriptions")
async def test_a_stranger_has_no_list_of_subscriptions(client):
    with pytest.raises(CustomerNotVisible):
        await client.list_subscriptions(str(uuid4()))


@having("invitation_url")
async def test_every_customer_is_invited_at_one_address(stand, client):
    assert await client.invitation_url() == await client.invitation_url()


@having("subscribe")
async def test_a_later_address_takes_the_place_of_an_earlier_one(stand, client):
    await client.subscribe("https://partner.example/first")
    await client.subscribe("https://partner.example/second")

    assert "https://partner.example/second" in str(await stand.simulator.webhooks(stand.partner.tenant_id))


@having("read_notification")
@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"EventName": "test-created"}'], ids=["none", "empty", "unsigned"]
)
async def test_a_notification_that_is_not_proved_is_refused(client, body):
    with pytest.raises(InputRefused):
        await client.read_notification({"content-type": "application/json"}, body)
