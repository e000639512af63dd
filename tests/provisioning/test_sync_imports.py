"""Importing what customers have accepted at the provider, whoever of them cannot be read."""

from datetime import timedelta

from support.factories import (
    ADA,
    GRACE,
    an_account,
)
from support.orders import TODAY
from support.syncing import confirmed_by, counts, tenant

from models import JobStatus


async def test_the_newest_confirmation_at_the_provider_is_imported(sync, there, context, rows, items):
    await an_account(context, domain="tenant1.example")
    older, newer = TODAY - timedelta(days=400), TODAY - timedelta(days=30)
    customer = tenant(1, agreements=[confirmed_by(GRACE, newer), confirmed_by(ADA, older)])
    await there.add(customer)

    job = await sync()

    (agreement,) = await rows("select * from agreements")
    assert (agreement.status_reason, agreement.sync_state) == ("ACCEPTED", "IN_SYNC")
    assert (str(agreement.executed_on), agreement.signer_email) == (newer.isoformat(), GRACE.email)
    (acceptance,) = await rows("select * from acceptances")
    assert (acceptance.path, acceptance.email) == ("PROVIDER_IMPORT", GRACE.email)
    assert acceptance.recorded_by == f"job:{job.id}"
    assert (await items(job))[customer["id"]].outcome == "CREATED"
    assert counts(await sync()) == (1, 0, 0, 1, 0, 0)


async def test_a_customer_who_accepts_by_itself_later_is_found_by_the_next_sync(
    sync, there, context, rows, items
):
    await an_account(context, domain="tenant1.example")
    customer = tenant(1)
    await there.add(customer)
    await sync()
    await there.accept(customer["id"])

    job = await sync()

    assert counts(job) == (1, 0, 1, 0, 0, 0)
    (acceptance,) = await rows("select * from acceptances")
    assert (acceptance.path, acceptance.email) == ("DIRECT_AT_VENDOR", None)
    (agreement,) = await rows("select * from agreements")
    assert (agreement.status_reason, agreement.sync_state) == ("ACCEPTED", "IN_SYNC")
    assert (await items(job))[customer["id"]].agreement_id == agreement.id


async def test_customers_without_an_open_agreement_are_not_asked_about(sync, there, context):
    await an_account(context, domain="tenant1.example")
    await there.add(tenant(1, agreements=[confirmed_by(ADA)]), tenant(2))
    await sync()
    await there.clear_requests()

    await sync()

    assert not [each for each in await there.requests() if each["path"].endswith("/agreements")]


async def test_one_customer_whose_acceptances_cannot_be_read_makes_the_sync_partial(
    sync, there, context, rows, items
):
    broken, fine = tenant(1), tenant(2, agreements=[confirmed_by(ADA)])
    for number in (1, 2):
        await an_account(context, domain=f"tenant{number}.example")
    await there.add(broken, fine)
    await there.fault(f"{broken['id']}/agreements", {"kind": "html"}, times=5)

    job = await sync()

    assert (job.status, counts(job)) == (JobStatus.PARTIAL, (2, 1, 0, 0, 0, 1))
    found = await items(job)
    assert (found[broken["id"]].outcome, found[fine["id"]].outcome) == ("FAILED", "CREATED")
    assert found[broken["id"]].reason
    accepted = await rows("select id from agreements where status_reason = 'ACCEPTED'")
    assert len(accepted) == 1


async def test_a_page_of_customers_that_cannot_be_read_does_not_keep_the_next_page_from_being_asked(
    sync, there, context, rows, items
):
    await there.settings(maxPageSize=1)
    broken, fine = tenant(1), tenant(2, agreements=[confirmed_by(ADA)])
    for number in (1, 2):
        await an_account(context, domain=f"tenant{number}.example")
    await there.add(broken, fine)
    await there.fault(f"{broken['id']}/agreements", {"kind": "html"}, times=5)

    job = await sync()

    assert (job.status, job.error) == (JobStatus.PARTIAL, None)
    assert (await items(job))[broken["id"]].outcome == "FAILED"
    (accepted,) = await rows("select signer_email from agreements where status_reason = 'ACCEPTED'")
    assert accepted.signer_email == ADA.email


async def test_without_the_consent_of_a_partner_user_the_customers_are_synced_all_the_same(
    sync, there, context, rows, monkeypatch
):
    monkeypatch.setattr("resolvers.sync_import.GROUP", 2)
    for number in range(5):
        await an_account(context, domain=f"tenant{number}.example")
    await there.add(*[tenant(number) for number in range(5)])
    await there.end_consent()

    job = await sync()

    assert job.status is JobStatus.PARTIAL
    assert "could not be read" in job.error
    assert job.failed == 2  # nobody was asked about the others
    assert len(await rows("select id from provider_accounts")) == 5
