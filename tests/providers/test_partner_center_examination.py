"""An administrator is told what is in the way of a connection, and what to do about it."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from providers.clock import SystemClock
from providers.partner_center import Cloud, Environment


async def causes(client):
    troubles = await client.examine()
    assert all(trouble.message and trouble.remedy for trouble in troubles)
    return [trouble.cause for trouble in troubles]


async def service_calls(simulator):
    return [call["path"] for call in await simulator.requests() if call["path"].startswith("/v1/")]


async def test_a_sound_connection_has_no_trouble(simulator, client):
    assert await causes(client) == []
    assert {call["method"] for call in await simulator.requests() if call["path"].startswith("/v1/")} == {
        "GET"
    }


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"client_secret": "hush-hush"}, "WRONG_SECRET"),
        ({"tenant_id": str(uuid4())}, "WRONG_TENANT"),
        ({"client_id": str(uuid4())}, "UNKNOWN_APPLICATION"),
        ({"login_url": "http://127.0.0.1:9"}, "UNREACHABLE"),
        ({"base_url": "http://127.0.0.1:9"}, "UNREACHABLE"),
        ({"refresh_token": None}, "NO_USER_CONSENT"),
        ({"refresh_token": "of another time"}, "CONSENT_ENDED"),
    ],
)
async def test_what_a_connection_says_wrongly_is_named(connect, partner, changes, cause):
    client = connect(partner, max_attempts=1, **changes)

    (trouble,) = await client.examine()

    assert trouble.cause == cause
    assert not any(secret in str(trouble) for secret in ("hush-hush", "of another time"))


async def test_nothing_is_asked_that_a_refused_application_makes_pointless(simulator, connect, partner):
    await causes(connect(partner, client_secret="hush-hush"))  # noqa: S106 - of this test

    assert await service_calls(simulator) == []


async def test_an_application_without_admin_consent_is_named(simulator, partner, connect):
    await simulator.change_application(partner, consented=False)

    assert await causes(connect(partner)) == ["NO_ADMIN_CONSENT"]


async def test_an_application_that_partner_center_does_not_know_is_named(simulator, partner, connect):
    await simulator.change_application(partner, registered=False)

    assert await causes(connect(partner)) == ["UNREGISTERED_APPLICATION"]
    assert set(await service_calls(simulator)) == {"/v1/customers"}


async def test_a_consent_that_was_withdrawn_is_named(simulator, partner, client):
    await simulator.withdraw_consent(partner.tenant_id)

    assert await causes(client) == ["CONSENT_ENDED"]


async def test_a_user_without_a_second_factor_is_named_once(simulator, connect):
    client = connect(await simulator.add_partner(mfa=False))

    assert await causes(client) == ["NO_MFA"]


async def test_a_user_without_a_second_factor_is_named_before_it_is_enforced(simulator, connect):
    await simulator.settings(mfaEnforced=False)
    client = connect(await simulator.add_partner(mfa=False))

    assert await causes(client) == ["NO_MFA"]
    await client.list_templates()


async def test_an_indirect_reseller_is_told_that_the_role_is_not_the_matter(simulator, connect):
    provider = await simulator.add_partner(name="Provider", kind="indirect_provider")
    reseller = await simulator.add_partner(kind="indirect_reseller", indirect_providers=[provider.tenant_id])

    assert await causes(connect(reseller)) == ["INDIRECT_RESELLER"]


async def test_a_role_without_the_right_is_named(simulator, client):
    body = {"code": "900150", "description": "The supplied role does not have the rights"}
    await simulator.fault("/v1/agreements", {"kind": "status", "status": 403, "body": body}, times=9)

    (trouble,) = await client.examine()

    assert trouble.cause == "ROLE_LACKS_RIGHT"
    assert "900150" in trouble.message


async def test_a_helpdesk_agent_is_told_apart_from_those_who_may_act_for_customers(simulator, connect):
    assert await causes(connect(await simulator.add_partner(roles=["helpdesk_agent"]))) == [
        "ROLE_LACKS_RIGHT"
    ]
    assert await causes(connect(await simulator.add_partner(roles=["sales_agent"]))) == []


async def test_a_role_that_may_not_read_a_customers_agreements_is_named(simulator, partner, client):
    contoso = {"id": str(uuid4()), "companyName": "Contoso", "domain": "contoso.onmicrosoft.com"}
    await simulator.add_customers(partner.tenant_id, [contoso])
    body = {"code": 900150, "description": "The supplied role does not have the rights"}
    await simulator.fault(
        "/customers/.*/agreements", {"kind": "status", "status": 403, "body": body}, times=9
    )

    assert await causes(client) == ["ROLE_LACKS_RIGHT"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("openid-configuration", []),
        ("openid-configuration", {}),
        ("/token", []),
        ("/token", {"access_token": "a", "expires_in": "soon"}),
        ("/token", {"access_token": "a", "expires_in": 10**30}),
    ],
)
async def test_a_login_service_that_answers_nonsense_is_named_and_not_stumbled_over(
    simulator, connect, partner, path, body
):
    await simulator.fault(path, {"kind": "status", "status": 200, "body": body}, times=9)

    (cause,) = await causes(connect(partner, max_attempts=1))

    assert cause in {"UNREACHABLE", "WRONG_TENANT"}


@pytest.mark.parametrize(
    ("sandbox", "declared", "expected"),
    [
        (True, Environment.PRODUCTION, ["WRONG_ENVIRONMENT"]),
        (False, Environment.SANDBOX, ["WRONG_ENVIRONMENT"]),
        (True, Environment.SANDBOX, []),
        (False, Environment.PRODUCTION, []),
        (True, None, []),
    ],
)
async def test_a_sandbox_taken_for_production_is_named(simulator, connect, sandbox, declared, expected):
    partner = await simulator.add_partner(sandbox=sandbox)

    assert await causes(connect(partner, environment=declared)) == expected


@pytest.mark.parametrize(("minutes", "side"), [(10, "ahead"), (-10, "behind")])
async def test_a_clock_that_is_off_by_ten_minutes_is_named(connect, partner, minutes, side):
    class Off(SystemClock):
        def now(self):
            return datetime.now(UTC) + timedelta(minutes=minutes)

    (trouble,) = await connect(partner, clock=Off()).examine()

    assert trouble.cause == "CLOCK_OFF"
    assert f"10 minutes {side}" in trouble.message


async def test_a_token_for_another_audience_is_named(simulator, client):
    body = {"code": 900420, "description": "The audience in the token is invalid"}
    await simulator.fault("/customers", {"kind": "status", "status": 401, "body": body}, times=2)

    assert await causes(client) == ["WRONG_AUDIENCE"]


async def test_a_national_cloud_is_told_to_have_no_agreements(simulator, connect, partner):
    client = connect(partner, cloud=Cloud.US_GOVERNMENT, base_url=simulator.url, login_url=simulator.url)

    assert await causes(client) == ["AGREEMENTS_UNSUPPORTED"]
    assert "/v1/agreements" not in await service_calls(simulator)


async def test_what_was_mended_is_seen_at_once(simulator, connect, partner):
    client = connect(partner)
    await simulator.fault("/token", {"kind": "status", "status": 400, "body": {"error": "invalid_client"}})

    assert await causes(client) == ["WRONG_SECRET"]
    assert await causes(client) == []
