"""Syncing a provider's customers: known here, matched, and asked to agree."""

import pytest
from support.factories import (
    CUSTOMER_AGREEMENT,
    GRACE,
    PARTNER_CENTER,
    a_provider_account,
    a_template,
    an_account,
    make_inactive,
)
from support.syncing import counts, tenant

from models import JobStatus
from resolvers.agreements import deactivate_agreement
from resolvers.templates import NewTemplateVersion, create_agreement_template_version


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
