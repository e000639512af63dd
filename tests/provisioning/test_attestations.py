"""A request of its own to the customer: followed until it is answered, has expired or was refused."""

# ruff: noqa: PLR0913, PLR0917 -- a test names the fixtures that it needs

from dataclasses import replace
from datetime import timedelta

import pytest
from support.factories import ADA, PARTNER_CENTER
from support.orders import TODAY
from support.syncing import confirmed_by

from models import ProviderCapabilities
from providers.errors import ProviderUnavailable
from providers.partner_center import ConfirmationMode
from providers.partner_center.client import PartnerCenter
from resolvers import awaiting
from resolvers.agreements import accept_agreement, deactivate_agreement, retry_agreement_push
from resolvers.awaiting import poll_acceptances, refresh_agreement
from resolvers.providers import set_provider_capabilities

FINALISING = {"path": "/agreements$", "method": "POST"}


@pytest.fixture
async def providers(providers, there):
    """The seeded provider, where only the customer itself accepts, on a page made for it."""
    await there.settings(legacyAttestation="gone")
    connection = replace(
        there.connection, confirmation=ConfirmationMode.ENHANCED, timeout=timedelta(seconds=3)
    )
    client = PartnerCenter(connection)
    providers.clients[PARTNER_CENTER] = client
    yield providers
    await client.aclose()


@pytest.fixture
def stored(rows):
    async def read():
        (agreement,) = await rows("select * from agreements")
        return agreement

    return read


@pytest.fixture
async def asked(context, provision):
    """A provisioned agreement whose customer has been sent to its page."""
    result = await provision()
    async with context.look() as view:
        return await view.agreements.peek(result.agreement_id)


async def decide(there, decision):
    *_, attestation = await there.attestations()
    return await there.decide_attestation(attestation["attestationId"], decision)


async def test_a_provisioning_asks_the_signer_and_ends(asked, stored, there):
    waiting = await stored()
    assert (waiting.status_reason, waiting.sync_state) == ("PENDING", "AWAITING_CUSTOMER")
    (attestation,) = await there.attestations()
    assert (waiting.acceptance_url, waiting.acceptance_status) == (there.url + attestation["url"], "OPEN")
    assert waiting.acceptance_reference == attestation["attestationId"]
    assert waiting.acceptance_expires_at is not None
    assert attestation["email"] == ADA.email
    assert await there.confirmations() == []


async def test_while_the_customer_thinks_nothing_changes(worker, asked, stored, there):
    before = await stored()

    assert await poll_acceptances(worker.context) == 0

    assert await stored() == before
    assert await there.confirmations() == []


async def test_the_customers_acceptance_takes_effect_at_the_provider_and_here(
    worker, asked, stored, there, rows
):
    await decide(there, "accept")

    assert await poll_acceptances(worker.context) == 1

    (confirmation,) = await there.confirmations()
    assert confirmation["primaryContact"]["email"] == ADA.email
    accepted = await stored()
    assert (accepted.status_reason, accepted.sync_state) == ("ACCEPTED", "IN_SYNC")
    assert (accepted.acceptance_status, str(accepted.executed_on)) == ("ACCEPTED", TODAY.isoformat())
    (acceptance,) = await rows("select * from acceptances")
    assert (acceptance.path, acceptance.email) == ("CUSTOMER_LINK", ADA.email)
    (attestation,) = await there.attestations()
    assert (acceptance.external_ref, attestation["status"]) == (attestation["attestationId"], "finalized")


async def test_a_person_can_ask_instead_of_waiting_for_the_poll(context, asked, stored, there):
    await decide(there, "accept")

    outcome = await refresh_agreement(context, asked.id)

    assert (outcome.changed, outcome.entity.status_reason) == (True, "ACCEPTED")
    assert len(await there.confirmations()) == 1


@pytest.mark.parametrize("kind", ["drop_after", "timeout_before"])
async def test_a_lost_answer_at_the_end_makes_no_second_confirmation(
    worker, asked, stored, there, rows, kind
):
    await decide(there, "accept")
    await there.fault(**FINALISING, action={"kind": kind})

    await poll_acceptances(worker.context)
    await poll_acceptances(worker.context)

    assert len(await there.confirmations()) == 1
    assert (await stored()).sync_state == "IN_SYNC"
    assert [each.path for each in await rows("select path from acceptances")] == ["CUSTOMER_LINK"]


@pytest.mark.parametrize("asker", ["poll", "sync"])
async def test_what_was_confirmed_by_another_way_is_not_taken_for_the_customers_answer(
    worker, asked, there, rows, sync, asker
):
    (customer,) = await there.customers()
    known = {each: customer[each] for each in ("id", "companyName", "domain")}
    await there.add({**known, "agreements": [confirmed_by(ADA)]})

    await (poll_acceptances(worker.context) if asker == "poll" else sync())

    (acceptance,) = await rows("select * from acceptances")
    assert (acceptance.path, acceptance.external_ref) == ("PROVIDER_IMPORT", None)


@pytest.mark.parametrize(
    ("decision", "status", "words"), [("expire", "EXPIRED", "in time"), ("refuse", "REFUSED", "refused")]
)
async def test_an_ended_request_says_why_and_can_be_made_anew(
    worker, asked, stored, there, decision, status, words
):
    await decide(there, decision)

    assert await poll_acceptances(worker.context) == 0

    ended = await stored()
    assert (ended.status_reason, ended.sync_state) == ("PENDING", "PUSH_FAILED")
    assert ended.acceptance_status == status
    assert words in ended.sync_error

    await retry_agreement_push(worker.context, asked.id)
    await worker.work()

    again = await stored()
    assert (again.sync_state, again.acceptance_status) == ("AWAITING_CUSTOMER", "OPEN")
    assert again.acceptance_reference != ended.acceptance_reference
    assert again.sync_error is None
    for each in await there.attestations():
        await there.decide_attestation(each["attestationId"], "accept")
    assert await poll_acceptances(worker.context) == 1
    assert len(await there.confirmations()) == 1


async def test_a_customer_that_accepts_by_itself_elsewhere_is_found_as_well(
    worker, asked, stored, there, rows
):
    (customer,) = await there.customers()
    await there.accept(customer["id"])

    assert await poll_acceptances(worker.context) == 1

    assert ((await stored()).status_reason, (await stored()).acceptance_status) == ("ACCEPTED", "ACCEPTED")
    assert [each.path for each in await rows("select path from acceptances")] == ["DIRECT_AT_VENDOR"]
    assert await there.confirmations() == []


async def test_customers_that_have_left_keep_no_other_from_being_asked(
    worker, provision, there, rows, monkeypatch
):
    monkeypatch.setattr(awaiting, "PAGE", awaiting.HANDFUL)
    for number in range(awaiting.HANDFUL + 1):
        await provision(domain=f"customer{number}.onmicrosoft.com")
    *gone, _ = await there.customers()
    for each in gone:
        await there.remove(each["id"])
    await decide(there, "accept")

    assert await poll_acceptances(worker.context) == 1

    accepted = await rows("select id from agreements where status_reason = 'ACCEPTED'")
    assert len(accepted) == 1


async def test_who_has_left_is_asked_no_more(worker, asked, there, sync):
    await sync()  # one that no sync has seen is not missed so soon
    (customer,) = await there.customers()
    await there.remove(customer["id"])
    await sync()
    await there.clear_requests()

    assert await poll_acceptances(worker.context) == 0

    assert await there.requests() == []


async def test_where_reading_agreements_is_switched_off_nothing_takes_effect(
    worker, asked, stored, there, context
):
    await decide(there, "accept")
    capabilities = ProviderCapabilities(customer_sync=True, customer_creation=True)
    await set_provider_capabilities(context, PARTNER_CENTER, capabilities)

    assert await poll_acceptances(worker.context) == 0

    assert await there.confirmations() == []
    assert (await stored()).sync_state == "AWAITING_CUSTOMER"


async def test_what_was_deactivated_meanwhile_takes_no_effect(worker, asked, stored, there, monkeypatch):
    await decide(there, "accept")
    list_awaiting = "repositories.sync.SyncRepository.list_awaiting_customer"
    async with worker.context.look() as view:
        waiting = await view.sync.list_awaiting_customer(after=None, limit=10)
    pages = [waiting, []]

    async def as_it_was(*_args, **_named):
        return pages.pop(0)

    await deactivate_agreement(worker.context, asked.id)
    assert await poll_acceptances(worker.context) == 0
    monkeypatch.setattr(list_awaiting, as_it_was)  # read just before the deactivation
    assert await poll_acceptances(worker.context) == 0

    assert await there.confirmations() == []
    assert ((await stored()).status, (await stored()).status_reason) == ("INACTIVE", "WITHDRAWN")


async def test_a_crash_after_the_call_gives_the_customer_the_same_page(
    context, worker, provision, there, stored, monkeypatch
):
    from resolvers import provisioning_steps  # noqa: PLC0415 -- what is made to fail once

    keep, crashes = provisioning_steps._keep_answer, [True]  # noqa: SLF001 -- the moment between call and commit

    async def crash_once(*arguments):
        if crashes:
            crashes.pop()
            raise ProviderUnavailable("The process ended here, and the step is done again.")
        return await keep(*arguments)

    monkeypatch.setattr(provisioning_steps, "_keep_answer", crash_once)

    await provision()

    (attestation,) = await there.attestations()
    assert (await stored()).acceptance_reference == attestation["attestationId"]


async def test_an_acceptance_recorded_here_stands_when_the_customer_refuses_there(
    worker, asked, stored, there, rows
):
    await accept_agreement(worker.context, asked.id, signed_by=ADA)
    await worker.work()
    assert len(await there.attestations()) == 1  # the customer is not asked a second time
    await decide(there, "refuse")

    await poll_acceptances(worker.context)

    refused = await stored()
    assert (refused.status_reason, refused.sync_state) == ("ACCEPTED", "PUSH_FAILED")
    assert "refused" in refused.sync_error
    assert len(await rows("select id from acceptances")) == 1
