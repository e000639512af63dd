"""What users of Partner Center's API have complained about does not happen to ours: a test a complaint."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from support.simulator_client import PartnerClient, customer
from support.virtual_clock import VirtualClock

from providers.base import Address, Contact, NewCustomer
from providers.clock import SystemClock
from providers.errors import AdministratorNeeded, CustomerNotVisible, InputRefused, ProviderUnavailable
from providers.partner_center import ConfirmationMode, Environment

MCA = "117a77b0-9360-443b-8795-c6dedc750cf9"
CLOUD = "998b88de-aa99-4388-a42c-1b3517d49490"
TANIA = Contact(first_name="Tania", last_name="Carr", email="tania@contoso.example")
ADAM = {"firstName": "Adam", "lastName": "Wu", "email": "adam@contoso.example"}
REDMOND = Address(line1="One Microsoft Way", city="Redmond", region="WA", postal_code="98052", country="US")
SAO_PAULO = Address(line1="Rua 1", city="S\u00e3o Paulo", region="SP", postal_code="01000-000", country="BR")


def northwind(**changes):
    known = {"name": "Northwind", "contact": TANIA, "domain": "northwind.onmicrosoft.com", "address": REDMOND}
    return NewCustomer(**known | changes)


@pytest.fixture
def legacy(connect, partner):
    return connect(partner, confirmation=ConfirmationMode.LEGACY)


@pytest.fixture
async def contoso(simulator, partner):
    known = customer()
    await simulator.add_customers(partner.tenant_id, [known])
    return known["id"]


def confirm(client, customer_id, **changes):
    known = {"template_id": MCA, "contact": TANIA, "agreed_on": date(2024, 6, 14), "request_id": str(uuid4())}
    return client.confirm(customer_id, **known | changes)


async def agreements(simulator, partner):
    [known] = await simulator.customers(partner.tenant_id)
    return known["agreements"]


async def ids_of_all(client):
    return [each.id async for page in client.list_customers() for each in page]


async def test_only_the_cloud_agreement_shows_after_a_customer_agreement_was_made(
    simulator, partner, client, contoso
):
    both = [
        {"templateId": template_id, "primaryContact": ADAM, "dateAgreed": "2024-05-01T00:00:00Z"}
        for template_id in (CLOUD, MCA)
    ]
    await simulator.add_customers(partner.tenant_id, [customer(agreements=both)])

    async with PartnerClient(simulator.url, partner) as bare:  # as the service answers if it is not told
        without = await bare.call("GET", f"/v1/customers/{contoso}/agreements")
    assert MCA not in without.text

    assert {each.template_id for each in await client.list_confirmations(contoso)} == {CLOUD, MCA}


async def test_a_cloud_agreement_was_made_though_the_type_said_customer(simulator, partner, legacy, contoso):
    renamed = [
        {"templateId": MCA, "agreementType": "MicrosoftCustomerAgreement"},
        {"templateId": str(uuid4()), "agreementType": "MicrosoftCloudAgreement"},
    ]
    answer = {"kind": "status", "status": 200, "body": {"items": renamed}}
    await simulator.fault("/v1/agreements$", answer, times=9)

    for template_id in (CLOUD, renamed[1]["templateId"]):
        with pytest.raises(InputRefused):
            await confirm(legacy, contoso, template_id=template_id)

    assert "POST" not in [call["method"] for call in await simulator.requests() if "/v1/" in call["path"]]
    await confirm(legacy, contoso)
    assert [each["type"] for each in await agreements(simulator, partner)] == ["MicrosoftCustomerAgreement"]


async def test_the_date_is_in_the_future_by_the_local_clock(simulator, partner, connect, contoso):
    class Ahead(SystemClock):
        def now(self):
            return super().now() + timedelta(days=1)

    client = connect(partner, confirmation=ConfirmationMode.LEGACY, clock=Ahead())

    confirmed = await confirm(client, contoso, agreed_on=Ahead().now().date())

    [stored] = await agreements(simulator, partner)
    assert datetime.fromisoformat(stored["dateAgreed"]) <= datetime.now(UTC)
    assert confirmed.agreed_on <= datetime.now(UTC).date()


async def test_the_template_is_no_longer_supported(simulator, legacy, contoso):
    with pytest.raises(InputRefused, match="Cloud"):
        await confirm(legacy, contoso, template_id=CLOUD)

    assert await simulator.requests() == []


async def test_accepted_customers_are_not_found(simulator, client, contoso):
    assert await client.list_confirmations(contoso) == []

    await simulator.accept(contoso)

    [accepted] = await client.list_confirmations(contoso)
    assert accepted.direct
    assert accepted.template_id == MCA


async def test_an_indirect_resellers_calls_about_agreements_all_fail(simulator, connect):
    provider = await simulator.add_partner(name="Provider", kind="indirect_provider")
    reseller = await simulator.add_partner(kind="indirect_reseller", indirect_providers=[provider.tenant_id])
    client = connect(reseller)

    with pytest.raises(AdministratorNeeded, match="indirect reseller") as caught:
        await client.list_templates()

    assert caught.value.provider_code == "900150"
    [trouble] = await client.examine()
    assert trouble.cause == "INDIRECT_RESELLER"
    assert "indirect provider" in trouble.remedy


async def test_it_takes_ninety_seconds_until_a_new_customer_can_be_read(simulator, partner, connect):
    await simulator.settings(visibilityDelaySeconds=90)
    clock = VirtualClock(simulator)
    client = connect(partner, clock=clock)
    created = await client.create_customer(northwind(), request_id="create")

    with pytest.raises(CustomerNotVisible):
        await client.list_confirmations(created.customer.id)
    while await client.get_customer(created.customer.id) is None:
        await clock.sleep(10)

    assert timedelta(seconds=80) <= clock.slept <= timedelta(seconds=100)
    assert await client.list_confirmations(created.customer.id) == []


@pytest.mark.parametrize("body", [None, "Bad Request"], ids=["empty", "words"])
async def test_a_creation_fails_with_bad_request_and_nothing_more(simulator, client, body):
    await simulator.fault("/customers$", {"kind": "status", "status": 400, "body": body}, method="POST")

    with pytest.raises(InputRefused) as caught:
        await client.create_customer(northwind(), request_id="create")

    [call] = [call for call in await simulator.requests() if call["method"] == "POST" and call["fault"]]
    assert caught.value.message == "Partner Center refused (400)."
    assert str(caught.value).endswith(f" [request {call['requestId']}, correlation {call['correlationId']}]")


@pytest.mark.parametrize(
    ("body", "problems"),
    [
        (True, []),
        (False, ["ADDRESS_INVALID"]),
        ({"status": "VerifiedShippable"}, []),
        ({"status": "StreetPartial"}, ["ADDRESS_INVALID"]),
    ],
)
async def test_the_check_of_an_address_turned_from_a_boolean_to_an_object(simulator, client, body, problems):
    await simulator.fault("/validations/address", {"kind": "status", "status": 200, "body": body})

    assert [problem.code for problem in await client.check_new_customer(northwind())] == problems


async def test_the_united_kingdom_is_not_gb(simulator, partner, client):
    in_london = northwind(
        address=replace(REDMOND, city="London", region=None, postal_code="WC2N 5HR", country="UK")
    )
    nowhere = northwind(address=replace(REDMOND, country="XX"), domain="other.onmicrosoft.com")

    assert await client.check_new_customer(in_london) == []
    await client.create_customer(in_london, request_id="create")
    [created] = await simulator.customers(partner.tenant_id)
    assert created["country"] == "GB"
    [problem] = await client.check_new_customer(nowhere)
    assert problem.field == ("address", "country")
    assert "ISO" in problem.message


async def test_the_registration_number_is_missing_in_brazil(client):
    contact = Contact(first_name="Ana", last_name="Sousa", email="ana@contoso.example", phone="+5511555")

    [problem] = await client.check_new_customer(northwind(address=SAO_PAULO, contact=contact))

    assert problem.code == "REGISTRATION_NUMBER_REQUIRED"
    assert problem.field == ("organization_registration_number",)


@pytest.mark.parametrize("with_version", [False, True])
async def test_the_version_is_doubled_in_the_next_link(simulator, partner, client, with_version):
    [second] = [customer(2)]
    await simulator.add_customers(partner.tenant_id, [second])
    uri = f"{'/v1' if with_version else ''}/customers?size=7&seekOperation=First"
    first = {"items": [{"id": customer(1)["id"]}], "links": {"next": {"uri": uri, "headers": []}}}
    await simulator.fault("/customers$", {"kind": "status", "status": 200, "body": first})

    assert await ids_of_all(client) == [customer(1)["id"], second["id"]]
    paths = [call["path"] for call in await simulator.requests() if "/customers" in call["path"]]
    assert paths == ["/v1/customers"] * 2


async def test_the_second_page_is_not_found_for_weeks(simulator, partner, connect):
    await simulator.add_customers(partner.tenant_id, [customer(number) for number in range(1, 10)])
    gone = {"kind": "status", "status": 404, "body": {"code": 1000, "description": "Not found"}}
    await simulator.fault("seekOperation=Next", gone, times=9)

    with pytest.raises(ProviderUnavailable, match="code 1000"):
        await ids_of_all(connect(partner, page_size=4))


async def test_there_are_only_five_hundred_customers(simulator, partner, client):
    known = [customer(number) for number in range(1, 502)]
    await simulator.add_customers(partner.tenant_id, known)

    assert await ids_of_all(client) == [each["id"] for each in known]


async def test_how_long_to_wait_cannot_be_seen(simulator, client, contoso):
    throttled = {"kind": "status", "status": 429, "retryAfterSeconds": 90}
    await simulator.fault("/customers/", throttled)

    with pytest.raises(ProviderUnavailable) as caught:
        await client.get_customer(contoso)

    assert caught.value.retry_after_seconds == 90
    with pytest.raises(ProviderUnavailable) as kept_back:
        await client.get_customer(contoso)
    assert 80 < kept_back.value.retry_after_seconds <= 90
    assert len([call for call in await simulator.requests() if "/customers/" in call["path"]]) == 1


async def test_the_token_expires_in_long_runs(simulator, partner, connect):
    await simulator.settings(tokenLifetimeSeconds=360, refreshTokenGraceSeconds=0)
    known = [customer(number) for number in range(1, 31)]
    await simulator.add_customers(partner.tenant_id, known)
    clock, saved = VirtualClock(simulator), []

    async def save(refresh_token):
        saved.append(refresh_token)

    client = connect(partner, clock=clock, save_refresh_token=save, page_size=7)
    read = []
    async for page in client.list_customers():
        for each in page:
            confirmations = await asyncio.gather(*(client.list_confirmations(each.id) for _ in range(3)))
            assert confirmations == [[]] * 3
            read.append(each.id)
            await clock.sleep(60)

    assert read == [each["id"] for each in known]
    calls = await simulator.requests()
    assert {call["status"] for call in calls} == {200}
    # 30 minutes, and a token is good for 324 of its 360 seconds
    assert 5 <= len(set(saved)) <= 7


async def test_a_byte_order_mark_stands_before_the_json(simulator, partner, client):
    await simulator.settings(bom=True)
    await simulator.add_customers(partner.tenant_id, [customer()])
    async with PartnerClient(simulator.url, partner) as bare:
        assert (await bare.call("GET", "/v1/customers")).content.startswith(b"\xef\xbb\xbf{")

    assert await ids_of_all(client) == [customer()["id"]]


async def test_a_sandbox_account_with_all_rights_is_forbidden(simulator, partner, connect):
    await simulator.change_partner(partner.tenant_id, sandbox=True)
    body = {"code": 600006, "description": "The requested action is not allowed"}
    forbidden = {"kind": "status", "status": 403, "body": body}
    await simulator.fault("/customers$", forbidden, times=9)
    client = connect(partner, environment=Environment.PRODUCTION)

    with pytest.raises(AdministratorNeeded) as caught:
        await ids_of_all(client)

    call = (await simulator.requests())[-1]
    assert "code 600006" in str(caught.value)
    assert call["requestId"] in str(caught.value)
    assert call["correlationId"] in str(caught.value)
    assert {trouble.cause for trouble in await client.examine()} == {"ROLE_LACKS_RIGHT", "WRONG_ENVIRONMENT"}
