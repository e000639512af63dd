"""A sync by the clock goes on from the last one; a person's reads the whole list."""

from dataclasses import replace
from datetime import timedelta

import pytest
from support.factories import ADA, PARTNER_CENTER, an_account
from support.syncing import confirmed_by, counts, tenant

from models import JobStatus
from resolvers import sync_import
from resolvers.jobs import cancel_job
from resolvers.sync import SyncProviderAccounts, start_scheduled_syncs, sync_provider_accounts


@pytest.fixture
def by_the_clock(context, worker):
    """Sync as the schedule does, and give the job as it ended."""

    async def run(*, later=timedelta(0)):
        now = context.now
        worker.context = replace(context, now=lambda: now() + later)
        async with context.unit_of_work() as uow:
            await uow.providers.put_connection(PARTNER_CENTER, b"sealed", uow.now)
            await uow.commit()
        assert await start_scheduled_syncs(worker.context) == 1
        await worker.work()
        worker.context = context
        async with context.unit_of_work() as uow:
            provider = await uow.providers.peek(PARTNER_CENTER)
            job_id = (await uow.session.execute(LATEST)).scalar_one()
            return await uow.jobs.peek(job_id), provider

    from sqlalchemy import select  # noqa: PLC0415 -- only for this fixture

    from models import Job  # noqa: PLC0415 -- likewise

    LATEST = select(Job.id).order_by(Job.id.desc()).limit(1)  # noqa: N806 -- as a constant
    return run


async def listings(there):
    return [each for each in await there.requests() if each["path"].endswith("/customers")]


async def test_only_what_changed_since_the_last_sync_is_read(sync, by_the_clock, there, rows):
    gone, renamed, still = tenant(1), tenant(2), tenant(3)
    await there.add(gone, renamed, still)
    await sync()
    await there.remove(gone["id"])
    await there.add({**renamed, "companyName": "Renamed"}, tenant(4))
    await there.clear_requests()

    job, provider = await by_the_clock()

    assert await listings(there) == []
    assert (job.status, counts(job)) == (JobStatus.SUCCEEDED, (4, 1, 2, 1, 0, 0))
    places = await rows("select provider_name, missing_since from provider_accounts order by provider_name")
    assert [(each.provider_name, each.missing_since is not None) for each in places] == [
        ("Renamed", False),
        ("Tenant 1", True),
        ("Tenant 3", False),
        ("Tenant 4", False),
    ]
    assert provider.changes_read_until > provider.listed_at


async def test_acceptances_are_asked_for_though_nothing_changed(sync, by_the_clock, there, context, rows):
    await an_account(context, domain="tenant1.example")
    customer = tenant(1)
    await there.add(customer)
    await sync()
    await there.accept(customer["id"])

    job, _ = await by_the_clock()

    assert counts(job) == (1, 0, 1, 0, 0, 0)
    (agreement,) = await rows("select * from agreements")
    assert (agreement.status_reason, agreement.sync_state) == ("ACCEPTED", "IN_SYNC")


async def test_a_cancelled_sync_asks_for_the_acceptances_of_no_more_customers(
    sync, by_the_clock, there, context, monkeypatch
):
    monkeypatch.setattr(sync_import, "PAGE", 2)
    for number in range(6):
        await an_account(context, domain=f"tenant{number}.example")
    await there.add(*[tenant(number) for number in range(6)])
    await sync()
    await there.clear_requests()
    keep = sync_import._keep  # noqa: SLF001 -- the moment after a page

    async def keep_and_cancel(acting, job_id, *arguments):
        await keep(acting, job_id, *arguments)
        await cancel_job(context, job_id)

    monkeypatch.setattr(sync_import, "_keep", keep_and_cancel)

    job, _ = await by_the_clock()

    assert job.status is JobStatus.CANCELLED
    asked = [each for each in await there.requests() if each["path"].endswith("/agreements")]
    assert len(asked) == 2


async def test_an_account_that_was_entered_since_is_matched_and_asked_to_agree(
    sync, by_the_clock, there, context, rows
):
    await there.add(tenant(1, agreements=[confirmed_by(ADA)]), tenant(2))
    await sync()
    await an_account(context, domain="tenant1.example")

    job, _ = await by_the_clock()

    assert counts(job) == (2, 1, 0, 1, 0, 0)
    (agreement,) = await rows("select * from agreements")
    assert (agreement.status_reason, agreement.origin) == ("ACCEPTED", "SYNC")


async def test_the_whole_list_is_read_when_the_last_one_is_a_week_old(sync, by_the_clock, there):
    await there.add(tenant(1))
    await sync()
    await there.clear_requests()

    job, provider = await by_the_clock(later=timedelta(days=8))

    assert len(await listings(there)) == 1
    assert counts(job) == (1, 0, 0, 1, 0, 0)
    assert provider.listed_at == provider.changes_read_until


async def test_the_whole_list_is_read_after_a_sync_by_a_clock_that_was_ahead(
    sync, by_the_clock, there, context
):
    await there.add(tenant(1))
    await sync()
    await there.add(tenant(2))
    async with context.unit_of_work() as uow:
        ahead = uow.now + timedelta(days=30)
        await uow.sync.note_synced(PARTNER_CENTER, ahead, read_at=ahead, listed=False)
        await uow.commit()

    job, provider = await by_the_clock()

    assert counts(job) == (2, 1, 0, 1, 0, 0)
    assert provider.changes_read_until < ahead


async def test_the_whole_list_is_read_by_whom_the_log_of_changes_is_closed_to(sync, by_the_clock, there):
    await there.add(tenant(1))
    await sync()
    await there.add(tenant(2))
    refusal = {"kind": "status", "status": 403, "body": {"code": 403, "description": "Access denied"}}
    await there.fault("/auditrecords", refusal, method="GET", times=9)

    job, _ = await by_the_clock()

    assert (job.status, counts(job)) == (JobStatus.SUCCEEDED, (2, 1, 0, 1, 0, 0))


async def test_the_whole_list_is_read_when_a_person_asks(sync, there):
    await there.add(tenant(1))
    await sync()
    await there.clear_requests()

    await sync()

    assert len(await listings(there)) == 1


async def test_a_sync_that_breaks_off_is_not_gone_on_from(sync, by_the_clock, there, rows):
    customer = tenant(1)
    await there.add(customer)
    await sync()
    await there.add({**customer, "companyName": "Renamed"})
    await there.fault(f"/customers/{customer['id']}$", {"kind": "html"}, method="GET", times=1)

    job, before = await by_the_clock()

    assert (job.status, job.error_code) == (JobStatus.FAILED, "PROVIDER_UNAVAILABLE")
    assert before.changes_read_until == before.listed_at
    job, _ = await by_the_clock()
    assert counts(job) == (1, 0, 1, 0, 0, 0)
    assert (await rows("select provider_name from provider_accounts"))[0].provider_name == "Renamed"


async def test_a_failed_sync_that_is_started_again_days_later_misses_nothing(context, worker, there, rows):
    await there.settings(maxPageSize=2)
    tenants = [tenant(number) for number in range(5)]
    await there.add(*tenants)
    await there.fault("/customers$", {"kind": "html"}, method="GET", skip=1)
    command = SyncProviderAccounts(provider_id=PARTNER_CENTER)
    await sync_provider_accounts(context, command, idempotency_key="k-1")
    await worker.work()
    await there.add({**tenants[0], "companyName": "Renamed"})
    await there.remove(tenants[1]["id"])

    await sync_provider_accounts(context, command, idempotency_key="k-1")
    await worker.work()

    (job,) = await rows("select * from jobs")
    assert (job.status, job.considered, job.created) == ("SUCCEEDED", 5, 5)
    places = await rows("select provider_name, missing_since from provider_accounts order by provider_name")
    assert [(each.provider_name, each.missing_since is not None) for each in places] == [
        ("Renamed", False),
        ("Tenant 1", True),
        ("Tenant 2", False),
        ("Tenant 3", False),
        ("Tenant 4", False),
    ]
