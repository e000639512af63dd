"""What stands against an off-boarding is told before anything is done."""

import asyncio

import pytest
from support.factories import MANUAL_PROVIDER, NOWHERE, PARTNER_CENTER, a_provider, a_provider_account
from support.offboarding import a_leaver
from support.rest_simulator import API_KEY, start_rest_simulator

from models import DomainError, ProviderStatus
from providers.rest import RestConnection
from providers.rest.client import RestProvider
from resolvers.offboarding import OffboardProviderAccount, offboard_provider_account
from resolvers.providers import set_provider_status


@pytest.fixture
async def leaver(context, there):
    return await a_leaver(context, there)


@pytest.fixture
def refusal(context):
    """Ask for a provider account to be off-boarded, and give why that is refused."""

    async def asked(place_id, **values):
        key = values.pop("key", None)
        command = OffboardProviderAccount(provider_account_id=place_id, **values)
        with pytest.raises(DomainError) as refused:
            await offboard_provider_account(context, command, wait_seconds=0, idempotency_key=key)
        return refused.value

    return asked


async def test_what_cannot_be_offboarded_is_refused(context, leaver, refusal, worker, rows):
    by_hand = await a_provider_account(context, MANUAL_PROVIDER)
    assert (await refusal(NOWHERE)).code == "NOT_FOUND"
    assert (await refusal(by_hand.id)).code == "OFFBOARDING_UNSUPPORTED"
    await set_provider_status(context, PARTNER_CENTER, ProviderStatus.INACTIVE)
    assert (await refusal(leaver.place.id)).code == "PROVIDER_INACTIVE"
    assert await rows("select id from jobs") == []

    await set_provider_status(context, PARTNER_CENTER, ProviderStatus.ACTIVE)
    await leaver.is_offboarded_by(worker, remove_relationship=True)

    assert (await refusal(leaver.place.id)).code == "PROVIDER_ACCOUNT_INACTIVE"
    assert len(await rows("select id from jobs")) == 1


async def test_a_provider_whose_interface_has_no_such_call_is_named(context, providers, refusal, rows):
    process = await asyncio.to_thread(start_rest_simulator)
    client = RestProvider(RestConnection(base_url=process.url, api_key=API_KEY))
    try:
        provider = await a_provider(context, automatic=True)
        providers.clients[provider.id] = client
        place = await a_provider_account(context, provider.id)

        refused = await refusal(place.id)
    finally:
        await client.aclose()
        await asyncio.to_thread(process.stop)

    assert (refused.code, refused.field) == ("OFFBOARDING_UNSUPPORTED", ("providerAccountId",))
    assert provider.name in refused.message
    assert await rows("select id from jobs") == []


async def test_a_second_one_is_refused_while_one_is_under_way(leaver, refusal, rows):
    first = await leaver.is_offboarded(key="k")

    refused = await refusal(leaver.place.id)

    assert (refused.code, refused.entity) == ("OFFBOARDING_ALREADY_RUNNING", first.job_id)
    assert (await leaver.is_offboarded(key="k")).job_id == first.job_id
    assert (await refusal(leaver.place.id, key="k", dry_run=True)).code == "IDEMPOTENCY_CONFLICT"
    assert len(await rows("select id from jobs")) == 1


async def test_of_several_at_once_one_is_taken(leaver, rows):
    answers = await asyncio.gather(*[leaver.is_offboarded() for _ in range(5)], return_exceptions=True)

    refused = [each for each in answers if isinstance(each, DomainError)]
    assert [each.code.value for each in refused] == ["OFFBOARDING_ALREADY_RUNNING"] * 4
    assert len(await rows("select id from jobs")) == 1


async def test_what_an_administrator_must_mend_is_told_at_once(leaver, there, refusal, rows):
    fault = {"kind": "status", "status": 403, "body": {"code": 900150, "description": "No right."}}
    await there.fault("/subscriptions", fault, times=9)

    assert (await refusal(leaver.place.id)).code == "PROVIDER_REFUSED"
    assert await rows("select id from jobs") == []
