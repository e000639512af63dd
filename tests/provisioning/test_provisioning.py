"""Provisioning a customer at Partner Center: what exists here and there afterwards, whatever happened."""

import asyncio

import httpx
import pytest
from support.factories import (
    ADA,
    GRACE,
    PARTNER_CENTER,
    an_account,
)
from support.orders import REDMOND, TODAY, YESTERDAY, an_order, contoso
from support.simulator import NO_CERTIFICATES

from models import DomainError, ErrorCode
from resolvers.agreements import deactivate_agreement
from resolvers.awaiting import poll_acceptances, refresh_agreement
from resolvers.jobs import cancel_job
from resolvers.provisioning import provision_account
from resolvers.sync import SyncProviderAccounts, sync_provider_accounts

AGREEMENT = (
    "select status, status_reason, sync_state, sync_error, executed_on, signer_email, origin, acceptance_url"
    " from agreements"
)
POST_CUSTOMERS = {"path": "/customers$", "method": "POST"}
POST_AGREEMENTS = {"path": "/agreements$", "method": "POST"}


@pytest.fixture
def exactly_one(there, rows):
    """Assert that the customer exists once here and there, accepted and in sync."""

    async def check():
        (customer,) = await there.customers()
        (confirmation,) = customer["agreements"]
        assert confirmation["primaryContact"]["email"] == ADA.email
        (account,) = await rows("select id, name from accounts")
        (place,) = await rows("select * from provider_accounts")
        assert (place.provider_specific_id, place.account_id) == (customer["id"], account.id)
        (agreement,) = await rows("select * from agreements")
        assert (agreement.status_reason, agreement.sync_state) == ("ACCEPTED", "IN_SYNC")
        assert agreement.provider_account_id == place.id
        (acceptance,) = await rows("select * from acceptances")
        assert (acceptance.path, acceptance.email) == ("PROVISIONING", ADA.email)
        (job,) = await rows("select * from jobs")
        assert (job.status, job.error, job.created, job.failed) == ("SUCCEEDED", None, 1, 0)
        return customer

    return check


async def test_a_new_customer_is_created_confirmed_and_accepted_in_one_call(
    provision, there, exactly_one, rows
):
    result = await provision()

    customer = await exactly_one()
    assert result.refusal is None
    assert result.invitation_url is None
    assert (customer["companyName"], customer["domain"]) == ("Contoso Ltd", "contoso.onmicrosoft.com")
    assert customer["agreements"][0]["dateAgreed"].startswith(YESTERDAY.isoformat())
    (agreement,) = await rows(AGREEMENT)
    assert (str(agreement.executed_on), agreement.signer_email) == (YESTERDAY.isoformat(), ADA.email)
    assert agreement.origin == "PROVISIONING"
    (place,) = await rows("select * from provider_accounts")
    assert (place.mapping, place.provider_name, place.domain) == (
        "PROVISIONED",
        "Contoso Ltd",
        "contoso.onmicrosoft.com",
    )
    (item,) = await rows("select * from job_items")
    assert (item.key, item.outcome) == (customer["id"], "CREATED")


async def test_the_tenants_first_password_is_told_to_the_request_that_waited_for_it(provision):
    result = await provision()

    assert result.credentials is not None
    assert result.credentials.user_name == "admin"
    assert result.credentials.password
    assert result.credentials.password not in repr(result)


async def test_every_change_is_filed_under_the_job(provision, rows):
    result = await provision()

    events = await rows("select actor, entity, type from audit_events where entity <> 'Account' order by id")
    assert [tuple(each) for each in events] == [
        (f"job:{result.job_id}", "ProviderAccount", "CREATED"),
        (f"job:{result.job_id}", "Agreement", "CREATED"),
        (f"job:{result.job_id}", "Agreement", "ACCEPTED"),
    ]


async def test_a_customer_in_the_books_is_provisioned_with_another_signer(provision, context, there, rows):
    account = await an_account(context, primary_contact=ADA, address=REDMOND)

    result = await provision(account_id=account.id, signed_by=GRACE)

    assert result.account_id == account.id
    (customer,) = await there.customers()
    assert customer["email"] == ADA.email
    assert customer["agreements"][0]["primaryContact"]["email"] == GRACE.email
    (agreement,) = await rows(AGREEMENT)
    assert agreement.signer_email == GRACE.email


async def test_a_call_without_a_wait_answers_with_the_queued_job_and_the_account(context, rows):
    result = await provision_account(context, an_order(), wait_seconds=0)

    (job,) = await rows("select * from jobs")
    assert job.status == "QUEUED"
    assert result.account_id is not None
    assert (result.agreement_id, result.provider_account_id, result.credentials) == (None, None, None)


async def test_a_repeated_key_answers_with_what_exists_and_without_the_password(
    provision, there, exactly_one
):
    first = await provision(key="k-1")
    await there.clear_requests()

    again = await provision(key="k-1")

    await exactly_one()
    assert await there.requests() == []
    assert again.credentials is None
    assert (again.job_id, again.account_id) == (first.job_id, first.account_id)
    assert (again.agreement_id, again.provider_account_id) == (first.agreement_id, first.provider_account_id)


async def test_the_same_key_sent_at_the_same_time_makes_one_customer(context, worker, exactly_one):
    requests = [
        provision_account(context, an_order(), wait_seconds=20, idempotency_key="k") for _ in range(4)
    ]

    results = await worker.work_for(asyncio.gather(*requests))

    await exactly_one()
    assert len({each.job_id for each in results}) == 1
    assert len([each for each in results if each.credentials is not None]) == 1


async def test_a_key_with_other_input_is_refused(provision):
    await provision(key="k-1")

    with pytest.raises(DomainError) as refusal:
        await provision(key="k-1", executed_on=TODAY)

    assert refusal.value.code is ErrorCode.IDEMPOTENCY_CONFLICT


async def test_a_refused_customer_leaves_the_account_and_the_same_key_resumes(
    provision, there, rows, exactly_one
):
    refusal = {"kind": "status", "status": 400, "body": {"code": 3000, "description": "No such street."}}
    await there.fault(**POST_CUSTOMERS, action=refusal)

    failed = await provision(key="k-1")

    assert failed.refusal is not None
    assert failed.refusal.code is ErrorCode.PROVIDER_REFUSED
    assert "No such street." in failed.refusal.message
    assert await there.customers() == []
    assert len(await rows("select id from accounts")) == 1
    assert await rows("select id from agreements") == await rows("select id from provider_accounts") == []
    (job,) = await rows("select * from jobs")
    assert (job.status, job.error_code) == ("FAILED", "PROVIDER_REFUSED")

    resumed = await provision(key="k-1")

    await exactly_one()
    assert resumed.refusal is None
    assert (resumed.job_id, resumed.account_id) == (failed.job_id, failed.account_id)


async def test_a_refused_confirmation_leaves_the_customer_and_the_same_key_resumes(
    provision, there, rows, exactly_one
):
    refusal = {"kind": "status", "status": 400, "body": {"code": 600002, "description": "Not this date."}}
    await there.fault(**POST_AGREEMENTS, action=refusal)

    failed = await provision(key="k-1")

    assert failed.refusal is not None
    assert failed.refusal.code is ErrorCode.PROVIDER_REFUSED
    assert failed.provider_account_id is not None
    assert failed.credentials is not None
    (agreement,) = await rows(AGREEMENT)
    assert (agreement.status_reason, agreement.sync_state) == ("PENDING", "PUSH_FAILED")
    assert "Not this date." in agreement.sync_error
    assert len(await rows("select id from provider_accounts")) == 1

    resumed = await provision(key="k-1")

    await exactly_one()
    assert resumed.agreement_id == failed.agreement_id
    (agreement,) = await rows(AGREEMENT)
    assert agreement.sync_error is None


@pytest.fixture(params=["timeout_after", "timeout_before", "drop_after", "truncate", "html"])
def lost_answer(request):
    return {"kind": request.param}


@pytest.mark.parametrize("call", [POST_CUSTOMERS, POST_AGREEMENTS], ids=["customer", "confirmation"])
async def test_a_lost_answer_is_looked_for_before_the_call_is_repeated(
    provision, there, exactly_one, call, lost_answer
):
    await there.fault(**call, action=lost_answer)

    result = await provision()

    await exactly_one()
    assert result.refusal is None
    assert [each for each in await there.requests() if each["fault"] == lost_answer["kind"]]


async def test_a_customer_that_does_not_show_yet_is_waited_for(provision, there, worker, exactly_one):
    await there.settings(visibilityDelaySeconds=1)
    worker.tries = 1000

    await provision()

    await exactly_one()
    assert worker.unanswered


async def test_a_provider_that_never_answers_fails_the_job_in_the_end_and_the_same_key_resumes(
    provision, there, rows, exactly_one
):
    await there.fault(**POST_AGREEMENTS, action={"kind": "status", "status": 503}, times=4)

    failed = await provision(key="k-1")

    assert failed.refusal is not None
    assert failed.refusal.code is ErrorCode.PROVIDER_UNAVAILABLE
    (agreement,) = await rows(AGREEMENT)
    assert (agreement.status_reason, agreement.sync_state) == ("PENDING", "PUSH_FAILED")

    await provision(key="k-1")

    await exactly_one()


async def test_a_created_customer_whose_answer_was_lost_for_good_is_found_when_the_work_resumes(
    provision, there, worker, rows, exactly_one
):
    worker.tries = 1
    await there.fault(**POST_CUSTOMERS, action={"kind": "timeout_after"})
    failed = await provision(key="k-1")
    assert failed.refusal is not None
    await sync_provider_accounts(worker.context, SyncProviderAccounts(provider_id=PARTNER_CENTER))
    await worker.work()
    assert (await rows("select mapping from provider_accounts"))[0].mapping == "UNMAPPED"

    resumed = await provision(key="k-1")

    assert resumed.refusal is None
    assert resumed.credentials is None
    (place,) = await rows("select * from provider_accounts")
    assert place.mapping == "PROVISIONED"


async def test_where_the_partner_cannot_confirm_the_customer_is_asked_and_a_poll_finds_its_acceptance(
    provision, there, context, rows
):
    await there.settings(legacyAttestation="gone")

    result = await provision()

    assert result.refusal is None
    (agreement,) = await rows(AGREEMENT)
    assert (agreement.status, agreement.status_reason) == ("ACTIVE", "PENDING")
    assert agreement.sync_state == "AWAITING_CUSTOMER"
    assert agreement.acceptance_url.startswith(there.url)
    (job,) = await rows("select * from jobs")
    assert job.status == "SUCCEEDED"
    assert await rows("select id from acceptances") == []
    assert await poll_acceptances(context) == 0

    (customer,) = await there.customers()
    async with httpx.AsyncClient(verify=NO_CERTIFICATES) as browser:
        answer = await browser.post(agreement.acceptance_url, data={"tenantId": customer["id"]})
    assert answer.is_success

    assert await poll_acceptances(context) == 1
    (agreement,) = await rows("select * from agreements")
    assert (agreement.status_reason, agreement.sync_state) == ("ACCEPTED", "IN_SYNC")
    assert (agreement.acceptance_status, agreement.signer_email) == ("ACCEPTED", None)
    (acceptance,) = await rows("select * from acceptances")
    assert (acceptance.path, acceptance.email) == ("DIRECT_AT_VENDOR", None)
    assert await poll_acceptances(context) == 0


async def test_a_person_can_have_the_provider_asked_at_once(provision, there, context):
    await there.settings(legacyAttestation="gone")
    result = await provision()
    assert not (await refresh_agreement(context, result.agreement_id)).changed
    (customer,) = await there.customers()
    await there.accept(customer["id"])

    refreshed = await refresh_agreement(context, result.agreement_id)

    assert refreshed.changed
    assert refreshed.entity.status_reason.value == "ACCEPTED"


async def test_one_customer_that_cannot_be_read_keeps_no_other_from_being_found(
    provision, there, context, rows
):
    await there.settings(legacyAttestation="gone")
    await provision()
    await provision(
        new_account=contoso(name="Fourth Coffee", domain="fourth.example"), domain="fourth.onmicrosoft.com"
    )
    lost, found = await there.customers()
    await there.remove(lost["id"])
    await there.accept(found["id"])

    assert await poll_acceptances(context) == 1

    states = await rows("select name, sync_state from agreements order by serial")
    assert [each.sync_state for each in states] == ["AWAITING_CUSTOMER", "IN_SYNC"]


async def test_an_agreement_that_was_deactivated_meanwhile_is_not_confirmed(context, worker, there, rows):
    worker.tries = 1
    await there.fault("/agreements", {"kind": "status", "status": 503}, method="GET", times=20)
    result = await provision_account(context, an_order(), wait_seconds=0, idempotency_key="k-1")
    await worker.work()
    (agreement,) = await rows("select * from agreements")
    assert agreement.sync_state == "PUSH_FAILED"
    result = await provision_account(context, an_order(), wait_seconds=0, idempotency_key="k-1")
    await deactivate_agreement(context, result.agreement_id)
    await there.clear_faults()

    await worker.work()

    (job,) = await rows("select * from jobs")
    assert job.status == "CANCELLED"
    assert "deactivated" in job.error
    (customer,) = await there.customers()
    assert customer["agreements"] == []


async def test_a_cancelled_provisioning_creates_nothing(context, worker, there, rows):
    result = await provision_account(context, an_order(), wait_seconds=0)
    await cancel_job(context, result.job_id)

    await worker.work()

    (job,) = await rows("select * from jobs")
    assert job.status == "CANCELLED"
    assert await there.customers() == []
