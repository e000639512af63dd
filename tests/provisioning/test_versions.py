"""Providers know no versions of terms: what they hold of an old version does not accept a new one."""

# ruff: noqa: PLR0913, PLR0917 -- a test names the fixtures that it needs

from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from support.factories import ADA, CUSTOMER_AGREEMENT, GRACE, PARTNER_CENTER, an_account
from support.orders import TODAY

from models import MICROSOFT_CUSTOMER_AGREEMENT_ID
from resolvers.agreements import accept_agreement
from resolvers.awaiting import poll_acceptances, refresh_agreement
from resolvers.sync import SyncProviderAccounts, sync_provider_accounts
from resolvers.templates import NewTemplateVersion, create_agreement_template_version

LONG_AGO = date(2019, 8, 26)


def confirmed_by(contact, on=LONG_AGO):
    person = {"firstName": contact.first_name, "lastName": contact.last_name, "email": contact.email}
    return {
        "templateId": MICROSOFT_CUSTOMER_AGREEMENT_ID,
        "dateAgreed": f"{on}T00:00:00Z",
        "primaryContact": person,
    }


@pytest.fixture
def sync(context, worker):
    async def run():
        await sync_provider_accounts(context, SyncProviderAccounts(provider_id=PARTNER_CENTER))
        await worker.work()

    return run


@pytest.fixture
async def customer(context, there):
    """A customer of ours that stands in nothing yet."""
    await an_account(context, domain="tenant1.example")
    made = {"id": str(uuid4()), "companyName": "Tenant 1", "domain": "tenant1.example"}
    await there.add(made)
    return made


@pytest.fixture
def a_new_version(context):
    async def publish(effective_on=None):
        command = NewTemplateVersion(
            agreement_template_id=CUSTOMER_AGREEMENT, version="2", effective_on=effective_on
        )
        return await create_agreement_template_version(context, command)

    return publish


@pytest.fixture
def stood_in(rows):
    """Give reason, sync state, day and signer of each agreement by its version."""

    async def read():
        found = await rows("select * from agreements")
        return {
            each.template_version: (
                each.status_reason,
                each.sync_state,
                each.executed_on and str(each.executed_on),
                each.signer_email,
            )
            for each in found
        }

    return read


@pytest.fixture
def id_of(rows):
    """Give the id of the agreement in a version."""

    async def read(version):
        (found,) = await rows("select id from agreements where template_version = :version", version=version)
        return UUID(str(found.id))

    return read


@pytest.mark.parametrize("effective_on", [None, TODAY - timedelta(days=100)])
async def test_an_old_confirmation_does_not_accept_a_new_version(
    sync, there, customer, a_new_version, stood_in, effective_on
):
    await there.add({**customer, "agreements": [confirmed_by(ADA)]})
    await sync()
    await a_new_version(effective_on)

    await sync()

    assert await stood_in() == {
        "1": ("ACCEPTED", "IN_SYNC", str(LONG_AGO), ADA.email),
        "2": ("PENDING", "NOT_APPLICABLE", None, None),
    }


@pytest.mark.parametrize("effective_on", [None, TODAY - timedelta(days=100)])
async def test_a_confirmation_since_the_new_version_accepts_it(
    sync, there, customer, a_new_version, stood_in, effective_on
):
    await a_new_version(effective_on)
    since = effective_on or TODAY
    await there.add({**customer, "agreements": [confirmed_by(ADA), confirmed_by(GRACE, since)]})

    await sync()

    assert await stood_in() == {"2": ("ACCEPTED", "IN_SYNC", str(since), GRACE.email)}


async def test_a_click_that_accepted_an_old_version_does_not_accept_the_new_one_too(
    sync, there, context, customer, a_new_version, stood_in, id_of
):
    await there.accept(customer["id"])
    await sync()
    await a_new_version()

    await sync()
    outcome = await refresh_agreement(context, await id_of("2"))

    assert not outcome.changed
    assert await stood_in() == {
        "1": ("ACCEPTED", "IN_SYNC", str(TODAY), None),
        "2": ("PENDING", "NOT_APPLICABLE", None, None),
    }


async def test_a_click_accepts_the_version_in_force_only(sync, there, customer, a_new_version, stood_in):
    await sync()
    await a_new_version()
    await there.accept(customer["id"])

    await sync()

    assert await stood_in() == {
        "1": ("PENDING", "NOT_APPLICABLE", None, None),
        "2": ("ACCEPTED", "IN_SYNC", str(TODAY), None),
    }


@pytest.mark.parametrize(("signer", "held"), [(ADA, 2), (GRACE, 1)], ids=["somebody else", "the same person"])
@pytest.mark.parametrize("days_ago", [0, 3])
async def test_accepting_a_new_version_tells_the_provider_although_it_holds_the_old_one(
    sync, there, worker, customer, a_new_version, stood_in, id_of, signer, held, days_ago
):
    await there.add({**customer, "agreements": [confirmed_by(GRACE)]})
    await sync()
    await a_new_version()
    await sync()
    await there.clear_requests()
    day = TODAY - timedelta(days=days_ago)

    await accept_agreement(worker.context, await id_of("2"), signed_by=signer, executed_on=day)
    await worker.work()

    assert [each for each in await there.requests() if each["method"] == "POST" and "agree" in each["path"]]
    assert len(await there.confirmations()) == held
    assert (await stood_in())["2"] == ("ACCEPTED", "IN_SYNC", str(day), signer.email)


async def test_a_poll_takes_no_old_click_for_the_answer_to_a_new_request(
    sync, there, worker, customer, a_new_version, stood_in, id_of
):
    await there.settings(legacyAttestation="gone")
    await there.accept(customer["id"])
    await sync()
    await a_new_version()
    await sync()
    await accept_agreement(worker.context, await id_of("2"), signed_by=ADA, executed_on=TODAY)
    await worker.work()

    assert await poll_acceptances(worker.context) == 0

    assert (await stood_in())["2"] == ("ACCEPTED", "AWAITING_CUSTOMER", str(TODAY), ADA.email)
