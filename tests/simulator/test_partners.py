"""Partners as the login and the service see them: consent, registration, MFA, the kind of tenant."""

from email.utils import parsedate_to_datetime

import pytest
from support.simulator import SimulatedPartner, Simulator
from support.simulator_client import PartnerClient, decode

ORGANIZATION = "/v1/profiles/organization"


async def test_answers_are_dated_by_the_simulators_own_clock(simulator: Simulator, client: PartnerClient):
    first = parsedate_to_datetime((await client.call("GET", ORGANIZATION)).headers["Date"])
    await simulator.advance(600)
    for answer in (
        await client.call("GET", ORGANIZATION),
        await client.sign_in(),
        await client.http.get("/"),
    ):
        assert len(answer.headers.get_list("date")) == 1
        assert 600 <= (parsedate_to_datetime(answer.headers["Date"]) - first).total_seconds() < 660


@pytest.mark.parametrize(
    ("sandbox", "domain"), [(True, "fabrikam.ccsctp.net"), (False, "fabrikam.onmicrosoft.com")]
)
async def test_the_domain_of_a_partner_tells_a_sandbox(simulator: Simulator, sandbox, domain):
    partner = await simulator.add_partner(sandbox=sandbox)
    async with PartnerClient(simulator.url, partner) as client:
        profile = (await client.call("GET", ORGANIZATION)).json()
        assert (profile["tenantId"], profile["domain"]) == (partner.tenant_id, domain)
        assert (await client.call("GET", ORGANIZATION, as_user=False)).json()["code"] == 900329
        await simulator.change_partner(partner.tenant_id, sandbox=not sandbox)
        assert (await client.call("GET", ORGANIZATION)).json()["domain"] != domain


async def test_an_application_that_partner_center_does_not_know_is_denied_everywhere(
    simulator: Simulator, client: PartnerClient
):
    await client.token(as_user=False)
    await simulator.change_application(client.partner, registered=False)
    assert (await client.sign_in()).status_code == 200
    for path in (ORGANIZATION, "/v1/customers", "/v1/agreements"):
        for as_user in (True, False):
            answer = await client.call("GET", path, as_user=as_user)
            assert (answer.status_code, answer.json()["code"]) == (401, 400)
            assert answer.json()["description"] == "Access denied"
    await simulator.change_application(client.partner, registered=True)
    assert (await client.call("GET", ORGANIZATION)).status_code == 200


async def test_an_application_without_consent_gets_no_token(simulator: Simulator, client: PartnerClient):
    await simulator.change_application(client.partner, consented=False)
    for answer in (await client.sign_in(), await client.sign_in_user()):
        assert (answer.status_code, answer.json()["error_codes"]) == (400, [65001])


async def test_a_changed_secret_ends_the_old_one(simulator: Simulator, client: PartnerClient):
    await simulator.change_application(client.partner, clientSecret="new")
    assert (await client.sign_in()).json()["error_codes"] == [7000215]
    assert (await client.sign_in(client_secret="new")).status_code == 200  # noqa: S106 - opens nothing


async def test_the_service_reports_mfa_when_it_is_asked(simulator: Simulator, client: PartnerClient):
    asked = {"ValidateMfa": "true"}
    assert (await client.call("GET", ORGANIZATION, headers=asked)).headers["isMfaCompliant"] == "true"
    assert "isMfaCompliant" not in (await client.call("GET", ORGANIZATION)).headers
    application = await client.call("GET", "/v1/customers", as_user=False, headers=asked)
    assert "isMfaCompliant" not in application.headers


async def test_mfa_can_be_switched_off_for_a_user(simulator: Simulator, client: PartnerClient):
    await simulator.change_user(client.partner, mfa=False)
    answer = await client.call("GET", ORGANIZATION, headers={"ValidateMfa": "true"})
    assert (answer.status_code, answer.json()["code"]) == (401, 900421)
    assert answer.headers["isMfaCompliant"] == "false"
    assert "isMfaCompliant" not in (await client.call("GET", ORGANIZATION)).headers


async def test_before_mfa_was_enforced_it_was_only_reported(simulator: Simulator, client: PartnerClient):
    await simulator.settings(mfaEnforced=False)
    await simulator.change_user(client.partner, mfa=False)
    answer = await client.call("GET", ORGANIZATION, headers={"ValidateMfa": "true"})
    assert (answer.status_code, answer.headers["isMfaCompliant"]) == (200, "false")


async def test_the_login_may_ask_for_mfa_itself(simulator: Simulator, client: PartnerClient):
    await simulator.settings(loginRequiresMfa=True)
    assert (await client.sign_in_user()).status_code == 200
    await simulator.change_user(client.partner, mfa=False)
    answer = await client.sign_in_user()
    assert (answer.json()["error"], answer.json()["error_codes"]) == ("interaction_required", [50076])
    assert (await client.sign_in()).status_code == 200


async def test_a_role_may_be_taken_away(simulator: Simulator, client: PartnerClient):
    path = "/v1/customers/relationshiprequests"
    assert (await client.call("GET", path)).status_code == 200
    await simulator.change_user(client.partner, roles=["helpdesk_agent"])
    assert (await client.call("GET", path)).json()["code"] == 900150


async def test_tokens_may_be_issued_for_another_resource(simulator: Simulator, client: PartnerClient):
    await simulator.settings(tokenAudience="https://graph.windows.net")
    for as_user in (True, False):
        answer = await client.call("GET", "/v1/customers", as_user=as_user)
        assert (answer.status_code, answer.json()["code"]) == (401, 900420)


async def test_an_unused_refresh_token_dies_after_ninety_days(simulator: Simulator, client: PartnerClient):
    await simulator.advance(89 * 86_400)
    successor = (await client.sign_in_user()).json()["refresh_token"]
    await simulator.advance(2 * 86_400)
    answer = await client.sign_in_user()
    assert (answer.json()["error"], answer.json()["error_codes"]) == ("invalid_grant", [700082])
    assert (await client.sign_in_user(refresh_token=successor)).status_code == 200


@pytest.fixture
async def provider(simulator: Simulator) -> SimulatedPartner:
    return await simulator.add_partner(name="Provider", kind="indirect_provider")


@pytest.fixture
async def reseller(simulator: Simulator, provider: SimulatedPartner) -> SimulatedPartner:
    return await simulator.add_partner(
        name="Reseller", kind="indirect_reseller", indirect_providers=[provider.tenant_id]
    )


async def test_a_provider_lists_its_resellers(simulator: Simulator, provider, reseller):
    path = "/v1/relationships?relationship_type=IsIndirectCloudSolutionProviderOf"
    async with PartnerClient(simulator.url, provider) as client:
        (item,) = decode(await client.call("GET", path))["items"]
        assert (item["id"], item["name"], item["state"]) == (reseller.tenant_id, "Reseller", "Active")
        assert item["relationshipType"] == "is_indirect_cloud_solution_provider_of"
        assert (await client.call("GET", path, as_user=False)).json()["code"] == 900329
        assert (await client.call("GET", "/v1/relationships")).status_code == 400


async def test_a_reseller_lists_its_providers_though_all_else_is_refused(
    simulator: Simulator, provider, reseller
):
    async with PartnerClient(simulator.url, reseller) as client:
        answer = await client.call("GET", "/v1/relationships?relationship_type=is_indirect_reseller_of")
        (item,) = decode(answer)["items"]
        assert (item["id"], item["relationshipType"]) == (provider.tenant_id, "is_indirect_reseller_of")
        other = "/v1/relationships?relationship_type=IsIndirectCloudSolutionProviderOf"
        assert decode(await client.call("GET", other))["items"] == []
        for path in ("/v1/customers", "/v1/agreements"):
            answer = await client.call("GET", path)
            assert (answer.status_code, answer.json()["code"]) == (403, 900150)
