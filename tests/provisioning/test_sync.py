"""Syncing a provider's customers: known here, matched, asked to agree, and found missing."""

from datetime import timedelta
from uuid import uuid4

import pytest
from support.factories import (
    ADA,
    CUSTOMER_AGREEMENT,
    GRACE,
    MANUAL_PROVIDER,
    PARTNER_CENTER,
    a_provider,
    a_provider_account,
    a_template,
    an_account,
    make_inactive,
)
from support.orders import TODAY, YESTERDAY

from models import MICROSOFT_CUSTOMER_AGREEMENT_ID, DomainError, ErrorCode, JobStatus, ProviderStatus
from resolvers import sync_walk
from resolvers.agreements import deactivate_agreement
from resolvers.jobs import cancel_job
from resolvers.providers import set_provider_status
from resolvers.sync import SyncProviderAccounts, start_scheduled_syncs, sync_provider_accounts
from resolvers.templates import NewTemplateVersion, create_agreement_template_version

ITEMS = "select key, outcome, reason, agreement_id, provider_account_id from job_items where job_id = :job"


def tenant(number: int = 1, **values):
    made = {"id": str(uuid4()), "companyName": f"Tenant {number}", "domain": f"tenant{number}.example"}
    return {**made, **values}


def confirmed_by(contact, on=YESTERDAY):
    return {
        "templateId": MICROSOFT_CUSTOMER_AGREEMENT_ID,
        "dateAgreed": f"{on}T00:00:00Z",
        "primaryContact": {
            "firstName": contact.first_name,
            "lastName": contact.last_name,
            "email": contact.email,
        },
    }


@pytest.fixture
def sync(context, worker):
    """Sync Partner Center and give the job as it ended."""

    async def run(**values):
        command = SyncProviderAccounts(provider_id=PARTNER_CENTER, **values)
        begun = await sync_provider_accounts(context, command)
        await worker.work()
        async with context.unit_of_work() as uow:
            return await uow.jobs.peek(begun.id)

    return run


@pytest.fixture
def all_of(rows):
    """Give each table's rows, whole."""

    async def read(*tables):
        return {each: await rows(f"select * from {each}") for each in tables}  # noqa: S608  # our names

    return read


@pytest.fixture
def items(rows):
    async def of(job):
        stored = await rows(ITEMS, job=job.id.hex if await is_sqlite() else job.id)
        return {each.key: each for each in stored}

    async def is_sqlite():
        return isinstance((await rows("select id from providers"))[0].id, str)

    return of


def counts(job):
    return job.considered, job.created, job.updated, job.unchanged, job.skipped, job.failed


async def test_a_customer_of_ours_is_found_by_its_domain_and_gets_its_pending_agreement(
    sync, there, context, rows, items
):
    account = await an_account(context, domain="Tenant1.Example")
    customer = tenant(1)
    await there.add(customer)

    job = await sync()

    assert (job.status, counts(job)) == (JobStatus.SUCCEEDED, (1, 1, 0, 0, 0, 0))
    (place,) = await rows("select * from provider_accounts")
    assert (place.provider_specific_id, place.provider_name) == (customer["id"], "Tenant 1")
    assert (place.mapping, place.domain) == ("AUTO", "tenant1.example")
    assert place.last_synced_at is not None
    (agreement,) = await rows("select * from agreements")
    assert (agreement.status, agreement.status_reason, agreement.origin) == ("ACTIVE", "PENDING", "SYNC")
    assert agreement.sync_state == "NOT_APPLICABLE"
    assert (agreement.executed_on, agreement.signer_email, agreement.created_on) == (None, None, None)
    assert agreement.account_id == place.account_id
    item = (await items(job))[customer["id"]]
    assert (item.outcome, item.reason) == ("CREATED", None)
    assert (item.agreement_id, item.provider_account_id) == (agreement.id, place.id)
    (provider,) = await rows("select * from providers where connector = 'PARTNER_CENTER'")
    assert provider.last_synced_at is not None
    assert account.domain == "tenant1.example"


async def test_a_second_run_changes_nothing_and_leaves_no_trace(sync, there, context, rows, all_of):
    await an_account(context, domain="tenant1.example")
    await there.add(tenant(1), tenant(2))
    await sync()
    places = "select id, revision, updated_at, mapping from provider_accounts order by id"
    before = await all_of("agreements", "acceptances", "audit_events"), await rows(places)

    job = await sync()

    assert counts(job) == (2, 0, 0, 2, 0, 0)
    assert before == (await all_of("agreements", "acceptances", "audit_events"), await rows(places))


@pytest.mark.parametrize("where", ["primary_contact", "contacts"])
async def test_a_customer_is_found_by_the_mail_domain_of_a_contact(sync, there, context, rows, where):
    person = GRACE.__class__("Grace", "Hopper", "grace@Tenant1.example")
    await an_account(context, **{where: person if where == "primary_contact" else (person,)})
    await there.add(tenant(1))

    await sync()

    assert (await rows("select mapping from provider_accounts"))[0].mapping == "AUTO"


async def test_who_matches_nobody_or_several_stays_unmapped_with_the_reason(
    sync, there, context, rows, items
):
    await an_account(context, domain="tenant2.example")
    await an_account(context, domain="tenant2.example")
    await an_account(context, domain="gmail.com")
    retired = await an_account(context, domain="tenant4.example")
    await make_inactive(context, retired)
    lost, shared, public, past = (
        tenant(1),
        tenant(2),
        tenant(3, domain="gmail.com"),
        tenant(4),
    )
    await there.add(lost, shared, public, past)

    job = await sync()

    found = await items(job)
    assert {key: each.reason for key, each in found.items()} == {
        lost["id"]: "NO_MATCH",
        shared["id"]: "AMBIGUOUS_MATCH",
        public["id"]: "NO_MATCH",
        past["id"]: "NO_MATCH",
    }
    assert {each.mapping for each in await rows("select mapping from provider_accounts")} == {"UNMAPPED"}
    assert await rows("select id from agreements") == []
    assert counts(job) == (4, 4, 0, 0, 0, 0)


async def test_name_and_domain_are_refreshed_and_a_mapping_is_never_overwritten(sync, there, context, rows):
    by_hand = await an_account(context, name="By hand")
    await an_account(context, domain="new.example")
    customer = tenant(1)
    await a_provider_account(
        context,
        PARTNER_CENTER,
        by_hand.id,
        provider_specific_id=customer["id"],
        provider_name="Old",
        domain="old.example",
        sync_enabled=True,
    )
    await there.add({**customer, "companyName": "New", "domain": "new.example"})

    job = await sync()

    (place,) = await rows("select * from provider_accounts")
    assert (place.provider_name, place.domain, place.mapping) == ("New", "new.example", "MANUAL")
    assert counts(job) == (1, 0, 1, 0, 0, 0)


async def test_what_is_switched_off_is_neither_matched_nor_asked_to_agree(sync, there, context, rows):
    account = await an_account(context, domain="tenant1.example")
    off, mapped = tenant(1), tenant(2)
    for customer, owner in ((off, None), (mapped, account.id)):
        await a_provider_account(
            context, PARTNER_CENTER, owner, provider_specific_id=customer["id"], sync_enabled=False
        )
    await there.add(off, mapped)

    await sync()

    assert await rows("select id from agreements") == []
    places = await rows("select mapping from provider_accounts order by id")
    assert [each.mapping for each in places] == ["UNMAPPED", "MANUAL"]


async def test_a_template_that_becomes_active_later_is_opened_for_customers_known_before(
    sync, there, context, rows
):
    await an_account(context, domain="tenant1.example")
    await there.add(tenant(1))
    await sync()
    await a_template(context, PARTNER_CENTER, name="Our terms")

    job = await sync()

    assert counts(job) == (1, 1, 0, 0, 0, 0)
    agreements = await rows("select name, status_reason from agreements order by serial")
    assert [each.status_reason for each in agreements] == ["PENDING", "PENDING"]
    assert agreements[1].name.startswith("Our terms")


async def test_of_several_versions_only_the_newest_is_opened(sync, there, context, rows):
    await an_account(context, domain="tenant1.example")
    await create_agreement_template_version(
        context, NewTemplateVersion(agreement_template_id=CUSTOMER_AGREEMENT, version="2")
    )
    await there.add(tenant(1))

    await sync()

    (agreement,) = await rows("select template_version from agreements")
    assert agreement.template_version == "2"


async def test_an_agreement_that_a_person_ended_is_not_revived(sync, there, context, rows):
    await an_account(context, domain="tenant1.example")
    await there.add(tenant(1))
    job = await sync()
    async with context.unit_of_work() as uow:
        (item,) = await uow.sync.list_items(job.id, [(await rows("select key from job_items"))[0].key])
    await deactivate_agreement(context, item.agreement_id)

    job = await sync()

    assert counts(job) == (1, 0, 0, 1, 0, 0)
    assert [tuple(each) for each in await rows("select status, status_reason from agreements")] == [
        ("INACTIVE", "WITHDRAWN")
    ]


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

    await sync_walk._finish(context, job, None)  # noqa: SLF001 -- likewise

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
