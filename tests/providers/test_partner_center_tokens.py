"""Tokens are acquired once for all who wait, renewed in time, and their rotation is kept."""

import asyncio
import logging
from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from support.partner_center import There
from support.virtual_clock import VirtualClock

from providers.base import Address, Contact, NewCustomer
from providers.clock import SystemClock
from providers.errors import AdministratorNeeded, ProviderUnavailable
from providers.partner_center.session import Actor, Call, Session

TANIA = Contact(first_name="Tania", last_name="Carr", email="tania@northwind.example")
REDMOND = Address(line1="One Microsoft Way", city="Redmond", region="WA", postal_code="98052", country="US")


class StandingClock(SystemClock):
    """Stands still until it is moved."""

    def __init__(self):
        self.moment = datetime.now(UTC)

    def now(self):
        return self.moment


async def calls(simulator):
    """Count what reached the simulator by the last part of the path."""
    return Counter(call["path"].rsplit("/", 1)[-1] for call in await simulator.requests())


def saver(saved):
    async def save(refresh_token):
        saved.append(refresh_token)

    return save


async def test_twenty_calls_at_once_ask_for_one_token_of_each_kind(simulator, client):
    await asyncio.gather(*(client.get_customer(str(uuid4())) for _ in range(20)))
    assert (await calls(simulator))["token"] == 1

    await asyncio.gather(*(client.invitation_url() for _ in range(20)))
    assert (await calls(simulator))["token"] == 2


async def test_a_rotated_refresh_token_is_saved_and_used_next(simulator, partner, connect):
    await simulator.settings(refreshTokenGraceSeconds=0)
    clock, saved = StandingClock(), []
    client = connect(partner, clock=clock, save_refresh_token=saver(saved))

    await client.invitation_url()
    clock.moment += timedelta(hours=1)
    await client.invitation_url()

    assert len(set(saved)) == 2
    assert partner.refresh_token not in saved
    await connect(partner, refresh_token=saved[-1]).invitation_url()


async def test_a_refresh_token_that_could_not_be_saved_does_not_lose_the_consent(simulator, partner, connect):
    await simulator.settings(refreshTokenGraceSeconds=0)
    saved = []

    async def save(refresh_token):
        saved.append(refresh_token)
        if len(saved) == 1:
            raise OSError("the disk is full")

    client = connect(partner, save_refresh_token=save)

    with pytest.raises(OSError, match="disk"):
        await client.invitation_url()
    await client.invitation_url()

    assert len(saved) == 2


async def test_a_token_is_renewed_before_it_expires(simulator, partner, connect):
    clock = StandingClock()
    client = connect(partner, clock=clock)

    await client.get_customer(str(uuid4()))
    clock.moment += timedelta(minutes=54)
    await client.get_customer(str(uuid4()))
    assert (await calls(simulator))["token"] == 1

    clock.moment += timedelta(minutes=2)
    await client.get_customer(str(uuid4()))
    assert (await calls(simulator))["token"] == 2


async def test_a_rejected_token_is_renewed_once_for_all_and_the_calls_repeated(simulator, client):
    await client.get_customer(str(uuid4()))
    await simulator.clear_requests()
    await simulator.advance(2 * 3600)  # the simulator's clock, not the client's

    await asyncio.gather(*(client.get_customer(str(uuid4())) for _ in range(20)))

    assert (await calls(simulator))["token"] == 1
    assert len(await simulator.requests()) == 20 + 1 + 20


async def test_a_second_rejection_needs_an_administrator(simulator, client):
    body = {"code": "900421", "description": "No MFA."}
    await simulator.fault("/customers/", {"kind": "status", "status": 401, "body": body}, times=9)

    with pytest.raises(AdministratorNeeded) as caught:
        await client.get_customer(str(uuid4()))

    assert caught.value.provider_code == "900421"
    assert [call["status"] for call in await simulator.requests() if "/customers/" in call["path"]] == [
        401,
        401,
    ]


@pytest.mark.parametrize(
    "changes",
    [{"client_secret": "hush-hush"}, {"client_id": str(uuid4())}, {"tenant_id": str(uuid4())}],
    ids=["secret", "application", "tenant"],
)
async def test_wrong_credentials_need_an_administrator_and_are_not_shown(connect, partner, changes):
    with pytest.raises(AdministratorNeeded) as caught:
        await connect(partner, **changes).get_customer(str(uuid4()))

    assert partner.client_secret not in str(caught.value)
    assert "hush-hush" not in str(caught.value)
    assert caught.value.__cause__ is None


async def test_without_consent_agreements_need_an_administrator_but_customers_do_not(connect, partner):
    client = connect(partner, refresh_token=None)

    assert await client.get_customer(str(uuid4())) is None
    with pytest.raises(AdministratorNeeded):
        await client.list_templates()


async def test_a_withdrawn_consent_needs_an_administrator(simulator, partner, client):
    await simulator.withdraw_consent(partner.tenant_id)

    with pytest.raises(AdministratorNeeded, match="invalid_grant"):
        await client.list_templates()


@pytest.mark.parametrize("path", ["openid-configuration", "/token"])
@pytest.mark.parametrize(
    "action",
    [{"kind": "drop"}, {"kind": "status", "status": 200, "body": "no token here"}],
    ids=["dropped", "nonsense"],
)
async def test_a_login_service_without_a_usable_answer_is_asked_again(
    simulator, partner, connect, path, action
):
    await simulator.fault(path, action)

    assert await connect(partner).get_customer(str(uuid4())) is None


@pytest.mark.parametrize("path", ["openid-configuration", "/token"])
async def test_a_login_service_out_of_order_is_left_alone_for_seconds(simulator, partner, connect, path):
    await simulator.fault(path, {"kind": "html", "status": 502})

    with pytest.raises(ProviderUnavailable) as caught:
        await connect(partner, max_attempts=1).get_customer(str(uuid4()))

    assert caught.value.retry_after_seconds == 5


async def test_a_login_service_out_of_order_is_asked_again_when_it_says(simulator, partner, connect):
    busy = {"kind": "status", "status": 503, "retryAfterSeconds": 30}
    await simulator.fault("/token", busy)
    clock = VirtualClock(simulator)
    client = connect(partner, clock=clock)

    assert await asyncio.gather(*(client.get_customer(str(uuid4())) for _ in range(5))) == [None] * 5

    assert timedelta(seconds=29) < clock.slept < timedelta(seconds=32)
    assert (await calls(simulator))["token"] == 2


async def test_a_refusal_is_not_remembered_when_what_was_wrong_is_mended(simulator, partner, connect):
    await simulator.change_application(partner, clientSecret="another")
    client = connect(partner)
    with pytest.raises(AdministratorNeeded):
        await client.get_customer(str(uuid4()))

    await simulator.change_application(partner, clientSecret=partner.client_secret)

    assert await client.get_customer(str(uuid4())) is None


@pytest.mark.parametrize("mfa", [True, False])
async def test_the_service_is_asked_whether_the_user_had_a_second_factor(simulator, mfa):
    await simulator.settings(mfaEnforced=False)
    there = There(simulator.url, await simulator.add_partner(mfa=mfa))
    session = Session(there.connection, save_refresh_token=None, clock=SystemClock())

    await session.send(Call(path="/customers", read=bool))
    assert session.mfa_compliant is None
    await session.send(Call(path="/agreements", read=bool, actor=Actor.USER))

    assert session.mfa_compliant is mfa
    await session.aclose()


async def test_no_secret_and_no_body_reaches_the_log(simulator, partner, connect, caplog):
    caplog.set_level(logging.DEBUG)
    saved = []
    client = connect(partner, save_refresh_token=saver(saved))
    await simulator.fault("/customers$", {"kind": "truncate"}, method="POST")
    new = NewCustomer(name="Northwind", contact=TANIA, domain="northwind.onmicrosoft.com", address=REDMOND)

    created = await client.create_customer(new, request_id="create")
    await client.list_confirmations(created.customer.id)
    with pytest.raises(AdministratorNeeded):
        await connect(partner, client_secret="another-secret").list_templates()  # noqa: S106 - of this test

    secrets = [partner.client_secret, partner.refresh_token, *saved, created.credentials.password]
    assert saved
    for secret in [*secrets, "another-secret", "Bearer ey", TANIA.email]:
        assert secret not in caplog.text
