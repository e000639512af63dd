"""Enhanced attestation: the customer accepts on a page, and the client files the agreement."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from providers.base import AcceptanceStatus, Confirmation, Contact
from providers.errors import CustomerMustAccept, CustomerNotVisible, InputRefused
from providers.partner_center import ConfirmationMode

MCA = "117a77b0-9360-443b-8795-c6dedc750cf9"
CLOUD = "998b88de-aa99-4388-a42c-1b3517d49490"
TANIA = Contact(first_name="Tania", last_name="Carr", email="tania@contoso.example", phone="1234567890")


@pytest.fixture
async def customer_id(simulator, partner):
    customer_id = str(uuid4())
    contoso = {
        "id": customer_id,
        "companyName": "Contoso",
        "domain": "contoso.onmicrosoft.com",
        "country": "DE",
        "culture": "de-DE",
    }
    await simulator.add_customers(partner.tenant_id, [contoso])
    return customer_id


@pytest.fixture
def enhanced(connect, partner):
    return connect(partner, confirmation=ConfirmationMode.ENHANCED)


def ask(client, customer_id, **changes):
    known = {"template_id": MCA, "contact": TANIA, "request_id": "ask"}
    return client.request_acceptance(customer_id, **known | changes)


def follow(client, customer_id, reference, request_id="follow"):
    return client.follow_acceptance(customer_id, reference=reference, template_id=MCA, request_id=request_id)


async def agreements(simulator, partner):
    [customer] = await simulator.customers(partner.tenant_id)
    return customer["agreements"]


async def test_the_partner_confirms_nothing_by_itself(simulator, enhanced, customer_id):
    with pytest.raises(CustomerMustAccept):
        await enhanced.confirm(
            customer_id,
            template_id=MCA,
            contact=TANIA,
            agreed_on=datetime.now(UTC).date(),
            request_id="confirm",
        )

    assert await simulator.requests() == []


async def test_the_request_names_the_company_as_the_provider_knows_it(simulator, enhanced, customer_id):
    request = await ask(enhanced, customer_id)

    [stored] = await simulator.attestations()
    assert request.reference == stored["attestationId"]
    assert request.url == f"{simulator.url}/attestations/{request.reference}"
    assert request.expires_at > datetime.now(UTC) + timedelta(days=6)
    assert [stored[name] for name in ("companyName", "country", "language", "email", "phone")] == [
        "Contoso",
        "DE",
        "de-DE",
        TANIA.email,
        TANIA.phone,
    ]


async def test_a_request_whose_answer_is_lost_is_made_once(simulator, enhanced, customer_id):
    await simulator.fault("/attestations/enhanced$", {"kind": "drop_after"}, method="POST")

    await ask(enhanced, customer_id)

    assert len(await simulator.attestations()) == 1


async def test_once_the_customer_has_accepted_the_agreement_is_filed(
    simulator, partner, enhanced, customer_id
):
    request = await ask(enhanced, customer_id)

    assert await follow(enhanced, customer_id, request.reference) is AcceptanceStatus.OPEN
    assert await agreements(simulator, partner) == []
    await simulator.decide_attestation(request.reference, "accept")
    assert await follow(enhanced, customer_id, request.reference) is AcceptanceStatus.ACCEPTED

    today = datetime.now(UTC).date()
    assert await enhanced.list_confirmations(customer_id) == [
        Confirmation(template_id=MCA, contact=TANIA, agreed_on=today)
    ]


async def test_it_is_filed_although_the_partners_own_confirmation_has_ended(simulator, enhanced, customer_id):
    await simulator.settings(legacyAttestation="gone")
    request = await ask(enhanced, customer_id)
    await simulator.decide_attestation(request.reference, "accept")

    assert await follow(enhanced, customer_id, request.reference) is AcceptanceStatus.ACCEPTED


@pytest.mark.parametrize("kind", ["drop_after", "truncate"])
async def test_filing_is_done_once_however_often_it_is_repeated(
    simulator, partner, enhanced, customer_id, kind
):
    request = await ask(enhanced, customer_id)
    await simulator.decide_attestation(request.reference, "accept")
    await simulator.fault("/agreements$", {"kind": kind}, method="POST")

    found = [await follow(enhanced, customer_id, request.reference, f"try {each}") for each in range(3)]

    assert found == [AcceptanceStatus.ACCEPTED] * 3
    assert len(await agreements(simulator, partner)) == 1


async def test_a_confirmation_with_the_same_contact_counts_as_filed(
    simulator, partner, connect, enhanced, customer_id
):
    legacy = connect(partner, confirmation=ConfirmationMode.LEGACY)
    day = datetime.now(UTC).date()
    await legacy.confirm(customer_id, template_id=MCA, contact=TANIA, agreed_on=day, request_id="old")
    request = await ask(enhanced, customer_id)
    await simulator.decide_attestation(request.reference, "accept")

    assert await follow(enhanced, customer_id, request.reference) is AcceptanceStatus.ACCEPTED


async def test_an_older_confirmation_by_the_same_person_does_not_count_as_filed(
    simulator, connect, partner, enhanced, customer_id
):
    legacy = connect(partner, confirmation=ConfirmationMode.LEGACY)
    old = date(2020, 1, 2)
    await legacy.confirm(customer_id, template_id=MCA, contact=TANIA, agreed_on=old, request_id="old")
    request = await ask(enhanced, customer_id)
    await simulator.decide_attestation(request.reference, "accept")

    with pytest.raises(InputRefused, match="another e-mail address or phone"):
        await follow(enhanced, customer_id, request.reference)

    assert [each.agreed_on for each in await enhanced.list_confirmations(customer_id)] == [old]


class StandingClock:
    """A clock that tells two calls the same time."""

    def now(self):
        return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)

    async def sleep(self, seconds):
        await asyncio.sleep(seconds)


@pytest.mark.parametrize("clock", [None, StandingClock()], ids=["a clock", "one instant"])
async def test_a_refusal_to_file_that_has_passed_does_not_come_back(
    simulator, partner, connect, customer_id, clock
):
    enhanced = connect(partner, confirmation=ConfirmationMode.ENHANCED, clock=clock)
    request = await ask(enhanced, customer_id)
    stored = {**(await simulator.attestations())[0], "status": "accepted"}
    early = {"kind": "status", "status": 200, "body": stored}
    await simulator.fault("/attestations/enhanced/", early, method="GET")

    assert await follow(enhanced, customer_id, request.reference) is AcceptanceStatus.OPEN
    await simulator.decide_attestation(request.reference, "accept")

    assert await follow(enhanced, customer_id, request.reference) is AcceptanceStatus.ACCEPTED
    assert len(await agreements(simulator, partner)) == 1


async def test_an_end_needs_no_other_member_than_the_status(simulator, enhanced, customer_id):
    request = await ask(enhanced, customer_id)
    bare = {"kind": "status", "status": 200, "body": {"status": "expired"}}
    await simulator.fault("/attestations/enhanced/", bare, method="GET")

    assert await follow(enhanced, customer_id, request.reference) is AcceptanceStatus.EXPIRED


@pytest.mark.parametrize(
    ("decision", "status"),
    [("refuse", AcceptanceStatus.REFUSED), ("expire", AcceptanceStatus.EXPIRED)],
)
async def test_refusal_and_expiry_are_told(simulator, enhanced, customer_id, decision, status):
    request = await ask(enhanced, customer_id)
    await simulator.decide_attestation(request.reference, decision)

    assert await follow(enhanced, customer_id, request.reference) is status
    assert await enhanced.list_confirmations(customer_id) == []


async def test_a_status_that_is_not_known_leaves_the_request_open(simulator, enhanced, customer_id):
    request = await ask(enhanced, customer_id)
    body = {"attestationId": request.reference, "status": "viewed", "signatoryFirstName": "T"}
    known = {"signatoryLastName": "C", "email": "t@c.example", "country": "DE"}
    await simulator.fault(
        "/attestations/enhanced/", {"kind": "status", "status": 200, "body": {**body, **known}}
    )

    assert await follow(enhanced, customer_id, request.reference) is AcceptanceStatus.OPEN


async def test_an_acceptance_that_the_service_has_not_seen_yet_leaves_the_request_open(
    simulator, partner, enhanced, customer_id
):
    request = await ask(enhanced, customer_id)
    await simulator.decide_attestation(request.reference, "accept")
    body = {"code": 600070, "description": "Not accepted yet."}
    await simulator.fault("/agreements$", {"kind": "status", "status": 400, "body": body}, method="POST")

    assert await follow(enhanced, customer_id, request.reference, "one") is AcceptanceStatus.OPEN
    assert await follow(enhanced, customer_id, request.reference, "two") is AcceptanceStatus.ACCEPTED


async def test_an_unknown_request_is_refused_input(enhanced, customer_id):
    with pytest.raises(InputRefused):
        await follow(enhanced, customer_id, str(uuid4()))


async def test_terms_that_microsoft_refuses_are_refused_before_any_call(simulator, enhanced, customer_id):
    with pytest.raises(InputRefused):
        await ask(enhanced, customer_id, template_id=CLOUD)

    assert await simulator.requests() == []


async def test_an_unknown_customer_is_not_visible(simulator, enhanced):
    with pytest.raises(CustomerNotVisible):
        await ask(enhanced, str(uuid4()))

    assert await simulator.attestations() == []
