"""The run of a sync: who is missing, what breaks off, dry, cancelled, one at a time, by the clock."""

from uuid import uuid4

import pytest
from support.factories import (
    MANUAL_PROVIDER,
    PARTNER_CENTER,
    a_provider,
    a_provider_account,
    an_account,
)
from support.syncing import counts, tenant

from models import DomainError, ErrorCode, JobStatus, ProviderStatus
from resolvers import sync_walk
from resolvers.jobs import cancel_job
from resolvers.providers import set_provider_status
from resolvers.sync import SyncProviderAccounts, start_scheduled_syncs, sync_provider_accounts
from resolvers.sync_reading import Reading


async def test_who_is_listed_no_more_is_missing_until_seen_again(sync, there, context, rows, items):
    await an_account(context, domain="tenant1.example")
    gone, stays = tenant(1), tenant(2)
    await there.add(gone, stays)
    await sync()
    await there.remove(gone["id"])

    job = await sync()

    assert counts(job) == (2, 0, 1, 1, 0, 0)
    item = (await items(job))[gone["id"]]
    assert (item.outcome, item.reason) == ("UPDATED", "MISSING")
    places = await rows("select * from provider_accounts order by provider_name")
    assert [each.missing_since is not None for each in places] == [True, False]
    assert (places[0].status, places[0].mapping) == ("ACTIVE", "AUTO")
    assert (await rows("select status from agreements"))[0].status == "ACTIVE"
    assert counts(await sync()) == (1, 0, 0, 1, 0, 0)

    await there.add(gone)
    job = await sync()

    assert counts(job) == (2, 0, 1, 1, 0, 0)
    assert [each.missing_since for each in await rows("select missing_since from provider_accounts")] == [
        None,
        None,
    ]


async def test_a_customer_made_just_now_is_not_missing_for_not_being_listed_yet(sync, context, rows):
    await a_provider_account(context, PARTNER_CENTER, provider_specific_id=str(uuid4()))

    job = await sync()

    assert counts(job) == (0, 0, 0, 0, 0, 0)
    assert (await rows("select missing_since from provider_accounts"))[0].missing_since is None


async def test_a_list_that_breaks_off_fails_the_job_and_nobody_is_missing(sync, there, rows):
    await there.settings(maxPageSize=2)
    tenants = [tenant(number) for number in range(5)]
    await there.add(*tenants)
    await sync()
    await there.remove(tenants[0]["id"])
    await there.fault("/customers$", {"kind": "truncate"}, method="GET", skip=1)

    job = await sync()

    assert (job.status, job.error_code) == (JobStatus.FAILED, "PROVIDER_UNAVAILABLE")
    assert job.error
    missing = await rows("select id from provider_accounts where missing_since is not null")
    assert missing == []


async def test_a_failed_sync_goes_on_from_where_it_was_under_the_same_key(context, worker, there, rows):
    await there.settings(maxPageSize=2)
    await there.add(*[tenant(number) for number in range(5)])
    await there.fault("/customers$", {"kind": "html"}, method="GET", skip=1)
    command = SyncProviderAccounts(provider_id=PARTNER_CENTER)
    begun = await sync_provider_accounts(context, command, idempotency_key="k-1")
    await worker.work()
    assert len(await rows("select id from provider_accounts")) == 2

    again = await sync_provider_accounts(context, command, idempotency_key="k-1")
    await worker.work()

    assert again.id == begun.id
    (job,) = await rows("select * from jobs")
    assert (job.status, job.error) == ("SUCCEEDED", None)
    assert (job.considered, job.created) == (5, 5)
    assert len(await rows("select id from job_items")) == 5
    third = await sync_provider_accounts(context, command, idempotency_key="k-1")
    assert (third.id, third.status) == (begun.id, JobStatus.SUCCEEDED)


async def test_many_customers_are_taken_batch_by_batch_with_one_item_each(sync, there, rows):
    await there.add(*[tenant(number) for number in range(450)])

    job = await sync()

    assert counts(job) == (450, 450, 0, 0, 0, 0)
    assert len(await rows("select id from provider_accounts")) == 450
    assert len(await rows("select distinct key from job_items")) == 450


async def test_a_dry_run_counts_what_would_be_done_and_writes_the_job_only(
    sync, there, context, all_of, items
):
    await an_account(context, domain="tenant1.example")
    gone, known = tenant(3), tenant(4)
    await there.add(gone, known)
    await sync()
    await there.remove(gone["id"])
    new = tenant(1)
    await there.add(new, {**known, "companyName": "Renamed"})
    tables = ("provider_accounts", "agreements", "audit_events", "counters", "providers")
    before = await all_of(*tables)

    job = await sync(dry_run=True)

    assert job.dry_run
    assert (job.status, counts(job)) == (JobStatus.SUCCEEDED, (3, 1, 2, 0, 0, 0))
    assert await all_of(*tables) == before
    found = await items(job)
    assert {key: (each.outcome, each.reason) for key, each in found.items()} == {
        new["id"]: ("CREATED", None),
        known["id"]: ("UPDATED", "NO_MATCH"),
        gone["id"]: ("UPDATED", "MISSING"),
    }
    assert (found[new["id"]].provider_account_id, found[new["id"]].agreement_id) == (None, None)
    assert found[known["id"]].provider_account_id is not None


@pytest.mark.parametrize("moment", ["before it begins", "between two batches"])
async def test_a_sync_writes_no_more_once_its_provider_is_out_of_use(  # noqa: PLR0913, PLR0917 -- a test names its fixtures
    context, worker, there, rows, monkeypatch, moment
):
    await there.settings(maxPageSize=2)
    await there.add(*[tenant(number) for number in range(5)])
    write = sync_walk._write  # noqa: SLF001 -- the moment after a batch

    async def write_once(*arguments):
        going = await write(*arguments)
        await set_provider_status(context, PARTNER_CENTER, ProviderStatus.INACTIVE)
        return going

    monkeypatch.setattr(sync_walk, "_write", write_once)
    await sync_provider_accounts(context, SyncProviderAccounts(provider_id=PARTNER_CENTER))
    if moment == "before it begins":
        await set_provider_status(context, PARTNER_CENTER, ProviderStatus.INACTIVE)
    await worker.work()

    (job,) = await rows("select * from jobs")
    written = 0 if moment == "before it begins" else 2
    assert (job.status, job.error_code, job.considered) == ("FAILED", "PROVIDER_INACTIVE", written)
    assert len(await rows("select id from provider_accounts")) == written


async def test_a_cancelled_sync_stops_before_its_next_batch(context, worker, there, rows):
    await there.add(tenant(1))
    begun = await sync_provider_accounts(context, SyncProviderAccounts(provider_id=PARTNER_CENTER))
    await cancel_job(context, begun.id)

    await worker.work()

    assert (await rows("select status from jobs"))[0].status == "CANCELLED"
    assert await rows("select id from provider_accounts") == []


async def test_a_sync_that_is_cancelled_at_its_very_end_does_not_count_as_the_last(
    context, worker, there, rows
):
    await there.add(tenant(1))
    begun = await sync_provider_accounts(context, SyncProviderAccounts(provider_id=PARTNER_CENTER))
    job = await sync_walk._begin(context, begun.id)  # noqa: SLF001 -- the moment before the end
    await cancel_job(context, begun.id)

    await sync_walk._finish(context, job, Reading(context.now(), None, listed=True))  # noqa: SLF001 -- likewise

    assert (await rows("select status from jobs"))[0].status == "CANCELLED"
    assert not await rows("select id from providers where last_synced_at is not null")


async def test_one_sync_of_a_provider_runs_at_a_time(context):
    command = SyncProviderAccounts(provider_id=PARTNER_CENTER)
    running = await sync_provider_accounts(context, command)

    with pytest.raises(DomainError) as refusal:
        await sync_provider_accounts(context, command)

    assert refusal.value.code is ErrorCode.SYNC_ALREADY_RUNNING
    assert (refusal.value.field, refusal.value.entity) == (("providerId",), running.id)


async def test_only_active_providers_that_give_their_customers_can_be_synced(context):
    manual = SyncProviderAccounts(provider_id=MANUAL_PROVIDER)
    with pytest.raises(DomainError) as refusal:
        await sync_provider_accounts(context, manual)
    assert refusal.value.code is ErrorCode.PROVIDER_NOT_AUTOMATIC

    await set_provider_status(context, PARTNER_CENTER, ProviderStatus.INACTIVE)
    with pytest.raises(DomainError) as refusal:
        await sync_provider_accounts(context, SyncProviderAccounts(provider_id=PARTNER_CENTER))
    assert refusal.value.code is ErrorCode.PROVIDER_INACTIVE


async def test_a_provider_that_nobody_has_configured_fails_the_job_with_the_reason(sync, providers):
    providers.clients.clear()

    job = await sync()

    assert (job.status, job.error_code) == (JobStatus.FAILED, "PROVIDER_REFUSED")
    assert "configured" in job.error


async def test_the_clock_syncs_configured_providers_once(context, queue, worker, there, rows):
    await a_provider(context, automatic=True)
    assert await start_scheduled_syncs(context) == 0
    async with context.unit_of_work() as uow:
        await uow.providers.put_connection(PARTNER_CENTER, b"sealed", uow.now)
        await uow.commit()

    assert await start_scheduled_syncs(context) == 1
    assert await start_scheduled_syncs(context) == 0
    await there.add(tenant(1))
    await worker.work()

    assert len(await rows("select id from provider_accounts")) == 1
    assert await start_scheduled_syncs(context) == 1
