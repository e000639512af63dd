"""An acceptance recorded here is told to the provider, and stands whatever the provider says."""

from uuid import uuid4

import pytest
from support.factories import ADA, CUSTOMER_AGREEMENT, GRACE, PARTNER_CENTER, a_provider_account, an_account
from support.orders import TODAY, YESTERDAY

from resolvers.agreements import accept_agreement, deactivate_agreement, retry_agreement_push
from resolvers.awaiting import poll_acceptances
from resolvers.new_agreements import NewAgreement, create_agreement

POST = {"path": "/agreements$", "method": "POST"}


@pytest.fixture
async def agreement(context, there):
    """A pending agreement of a customer that Partner Center knows."""
    customer_id = str(uuid4())
    tenant = {"id": customer_id, "companyName": "Contoso", "domain": "contoso.onmicrosoft.com"}
    await there.add(tenant)
    account = await an_account(context)
    await a_provider_account(context, PARTNER_CENTER, account.id, provider_specific_id=customer_id)
    return await create_agreement(
        context, NewAgreement(account_id=account.id, agreement_template_id=CUSTOMER_AGREEMENT)
    )


@pytest.fixture
def stored(rows):
    async def read():
        (agreement,) = await rows("select * from agreements")
        return agreement

    return read


async def test_an_accepted_agreement_is_confirmed_at_the_provider(worker, agreement, stored, rows, there):
    await accept_agreement(worker.context, agreement.id, signed_by=ADA, executed_on=YESTERDAY)
    assert (await stored()).sync_state == "TO_PUSH"

    await worker.work()

    (confirmation,) = await there.confirmations()
    assert confirmation["primaryContact"]["email"] == ADA.email
    assert confirmation["dateAgreed"].startswith(YESTERDAY.isoformat())
    assert (await stored()).sync_state == "IN_SYNC"
    (acceptance,) = await rows("select * from acceptances")
    assert (acceptance.path, acceptance.recorded_by) == ("PARTNER_ATTESTATION", "local")


@pytest.mark.parametrize("kind", ["timeout_after", "timeout_before", "drop_after"])
async def test_a_lost_answer_makes_no_second_confirmation(worker, agreement, there, stored, kind):
    await there.fault(**POST, action={"kind": kind})
    await accept_agreement(worker.context, agreement.id, signed_by=ADA)

    await worker.work()

    assert len(await there.confirmations()) == 1
    assert (await stored()).sync_state == "IN_SYNC"


async def test_a_refusal_leaves_the_acceptance_and_can_be_tried_again(
    context, worker, agreement, there, stored
):
    refusal = {"kind": "status", "status": 400, "body": {"code": 3000, "description": "Not like this."}}
    await there.fault(**POST, action=refusal)
    await accept_agreement(context, agreement.id, signed_by=ADA)

    await worker.work()

    failed = await stored()
    assert (failed.status_reason, failed.sync_state) == ("ACCEPTED", "PUSH_FAILED")
    assert "Not like this." in failed.sync_error

    await retry_agreement_push(context, agreement.id)
    await worker.work()

    assert len(await there.confirmations()) == 1
    assert ((await stored()).sync_state, (await stored()).sync_error) == ("IN_SYNC", None)


async def test_a_provider_that_never_answers_leaves_the_acceptance_and_the_reason(
    context, worker, agreement, there, stored
):
    await there.fault("/v1/", {"kind": "status", "status": 503}, times=99)
    await accept_agreement(context, agreement.id, signed_by=ADA)

    await worker.work()

    failed = await stored()
    assert (failed.status_reason, failed.sync_state) == ("ACCEPTED", "PUSH_FAILED")
    assert failed.sync_error


async def test_what_the_provider_holds_already_is_not_confirmed_again(
    context, worker, agreement, there, stored
):
    (customer,) = await there.customers()
    await there.accept(customer["id"])
    await accept_agreement(context, agreement.id, signed_by=ADA)

    await worker.work()

    assert await there.confirmations() == []
    assert ((await stored()).sync_state, (await stored()).signer_email) == ("IN_SYNC", ADA.email)


async def test_where_only_the_customer_can_accept_the_acceptance_here_waits_for_that_one(
    worker, agreement, there, stored, rows
):
    await there.settings(legacyAttestation="gone")
    await accept_agreement(worker.context, agreement.id, signed_by=ADA, executed_on=TODAY)

    await worker.work()

    waiting = await stored()
    assert (waiting.status_reason, waiting.sync_state) == ("ACCEPTED", "AWAITING_CUSTOMER")
    assert waiting.acceptance_url.startswith(there.url)
    (customer,) = await there.customers()
    await there.accept(customer["id"])

    assert await poll_acceptances(worker.context) == 1

    settled = await stored()
    assert (settled.sync_state, settled.acceptance_status) == ("IN_SYNC", "ACCEPTED")
    assert settled.signer_email == ADA.email
    assert len(await rows("select id from acceptances")) == 1


async def test_an_agreement_that_was_deactivated_meanwhile_is_not_told(
    context, worker, agreement, stored, there
):
    await accept_agreement(context, agreement.id, signed_by=GRACE)
    await deactivate_agreement(context, agreement.id)

    await worker.work()

    assert await there.confirmations() == []
    assert (await stored()).status == "INACTIVE"


async def test_a_provider_that_nobody_has_configured_is_the_reason_that_is_kept(
    context, worker, agreement, providers, stored
):
    providers.clients.clear()
    await accept_agreement(context, agreement.id, signed_by=ADA)

    await worker.work()

    assert "configured" in (await stored()).sync_error


async def test_one_customer_that_cannot_be_asked_about_keeps_no_other_from_being_asked_about(
    worker, agreement, there, rows, monkeypatch
):
    context = worker.context
    monkeypatch.setattr("resolvers.awaiting.PAGE", 1)
    await there.settings(legacyAttestation="gone")
    other = str(uuid4())
    await there.add({"id": other, "companyName": "Fabrikam", "domain": "fabrikam.onmicrosoft.com"})
    account = await an_account(context)
    await a_provider_account(context, PARTNER_CENTER, account.id, provider_specific_id=other)
    command = NewAgreement(
        account_id=account.id,
        agreement_template_id=CUSTOMER_AGREEMENT,
        executed_on=YESTERDAY,
        signed_by=GRACE,
    )
    await create_agreement(context, command)
    await accept_agreement(context, agreement.id, signed_by=ADA)
    await worker.work()
    first, second = await rows(
        "select a.id, p.provider_specific_id from agreements a"
        " join provider_accounts p on p.id = a.provider_account_id order by a.id"
    )
    await there.fault(f"{first.provider_specific_id}/agreements", {"kind": "html"}, times=5)
    await there.accept(second.provider_specific_id)

    assert await poll_acceptances(context) == 1

    states = await rows("select sync_state from agreements order by id")
    assert [each.sync_state for each in states] == ["AWAITING_CUSTOMER", "IN_SYNC"]
