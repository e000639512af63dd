"""Tokens: how they are got, and the order in which their faults are found."""

import asyncio
import base64
import json
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import msal
import pytest
from support.simulator import NO_CERTIFICATES, SimulatedPartner, Simulator
from support.simulator_client import RESOURCE, PartnerClient, confirmation, customer, decode

CUSTOMER_ID = customer()["id"]
AGREEMENTS = f"/v1/customers/{CUSTOMER_ID}/agreements"


def unsigned(claims: dict[str, object]) -> str:
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"{payload}.{payload}."


def claims_of(token: str) -> dict[str, object]:
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


async def test_a_call_without_a_token_is_refused_first(client: PartnerClient):
    answer = await client.http.get("/v1/customers/not-a-guid")
    assert (answer.status_code, answer.json()["code"]) == (401, 800001)
    assert answer.headers["WWW-Authenticate"].startswith("OAuth realm=")


async def test_faults_of_a_token_are_found_in_order(client: PartnerClient):
    good = claims_of(await client.token(as_user=True)) | {"exp": time.time() + 600}
    for faults, expected in [
        ({"aud": "https://graph.windows.net", "amr": ["pwd"]}, (401, 900420)),
        ({"amr": ["pwd"]}, (401, 900421)),
        ({"exp": 0, "aud": "https://graph.windows.net"}, (401, 400)),
        ({"tid": CUSTOMER_ID}, (401, 400)),
    ]:
        headers = {"Authorization": f"Bearer {unsigned(good | faults)}"}
        answer = await client.http.get("/v1/customers/not-a-guid", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == expected


async def test_an_application_alone_is_refused_before_the_relationship_is_looked_at(client: PartnerClient):
    answer = await client.call("POST", AGREEMENTS, confirmation(), as_user=False)
    assert (answer.status_code, answer.json()["code"]) == (403, 900329)


async def test_the_role_is_looked_at_before_the_relationship(simulator: Simulator):
    helper = await simulator.add_partner(roles=["helpdesk_agent"])
    async with PartnerClient(simulator.url, helper) as client:
        answer = await client.call("POST", AGREEMENTS, confirmation())
        assert (answer.status_code, answer.json()["code"]) == (403, 900150)
        assert (await client.call("GET", "/v1/customers")).status_code == 200


async def test_another_partners_customer_is_refused_and_an_unknown_one_is_not_found(
    simulator: Simulator, client: PartnerClient
):
    other = await simulator.add_partner(name="Other")
    await simulator.add_customers(other.tenant_id, [customer()])
    foreign = await client.call("GET", f"/v1/customers/{CUSTOMER_ID}")
    assert (foreign.status_code, foreign.json()["code"]) == (403, 20002)
    unknown = await client.call("GET", f"/v1/customers/{customer(2)['id']}")
    assert (unknown.status_code, unknown.json()["code"]) == (404, 1000)
    malformed = await client.call("GET", "/v1/customers/none")
    assert (malformed.status_code, malformed.json()["code"]) == (400, 900118)


async def test_a_user_without_mfa_gets_a_token_that_the_service_refuses(simulator: Simulator):
    partner = await simulator.add_partner(mfa=False)
    async with PartnerClient(simulator.url, partner) as client:
        answer = await client.call("GET", "/v1/customers")
        assert (answer.status_code, answer.json()["code"]) == (401, 900421)
        assert (await client.call("GET", "/v1/customers", as_user=False)).status_code == 200


async def test_a_token_expires(simulator: Simulator, client: PartnerClient):
    await simulator.settings(tokenLifetimeSeconds=60)
    assert (await client.call("GET", "/v1/customers")).status_code == 200
    await simulator.advance(61)
    assert (await client.call("GET", "/v1/customers")).status_code == 401


@pytest.mark.parametrize(
    ("changes", "status", "error", "number"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client", 7000215),
        ({"client_id": CUSTOMER_ID}, 400, "unauthorized_client", 700016),
        ({"grant_type": "password"}, 400, "unsupported_grant_type", 70003),
        ({"grant_type": "refresh_token", "refresh_token": "stale"}, 400, "invalid_grant", 700082),
        ({"scope": f"{RESOURCE}/user_impersonation"}, 400, "invalid_scope", 1002012),
    ],
)
async def test_the_login_refuses_in_its_own_form(client: PartnerClient, changes, status, error, number):
    answer = await client.sign_in(**changes)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.json()["error_codes"] == [number]
    assert answer.json()["error_description"].startswith(f"AADSTS{number}: ")


async def test_an_unknown_tenant_has_no_login(client: PartnerClient):
    answer = await client.http.get(f"/{CUSTOMER_ID}/v2.0/.well-known/openid-configuration")
    assert (answer.status_code, answer.json()["error_codes"]) == (400, [90002])


async def test_a_refresh_token_turns_over_and_the_old_one_stays_valid(client: PartnerClient):
    first = (await client.sign_in_user()).json()
    assert first["refresh_token"] != client.partner.refresh_token
    assert (await client.sign_in_user()).status_code == 200
    assert (await client.sign_in_user(refresh_token=first["refresh_token"])).status_code == 200


async def test_a_used_refresh_token_dies_after_its_grace(simulator: Simulator, client: PartnerClient):
    await simulator.settings(refreshTokenGraceSeconds=30)
    successor = (await client.sign_in_user()).json()["refresh_token"]
    assert (await client.sign_in_user()).status_code == 200
    await simulator.advance(31)
    assert (await client.sign_in_user()).json()["error"] == "invalid_grant"
    assert (await client.sign_in_user(refresh_token=successor)).status_code == 200


async def test_withdrawn_consent_ends_all_refresh_tokens(simulator: Simulator, client: PartnerClient):
    await simulator.withdraw_consent(client.partner.tenant_id)
    assert (await client.sign_in_user()).json()["error"] == "invalid_grant"


async def test_the_first_login_endpoint_answers_in_strings(client: PartnerClient):
    partner = client.partner
    form = {
        "resource": RESOURCE,
        "client_id": partner.client_id,
        "client_secret": partner.client_secret,
        "grant_type": "client_credentials",
    }
    answer = (await client.http.post(f"/{partner.tenant_id}/oauth2/token", data=form)).json()
    assert answer["expires_in"] == "3600"
    assert int(answer["expires_on"]) - int(answer["not_before"]) == 3600
    assert "scope" not in answer


async def test_a_person_consents_on_a_page_and_the_code_is_good_once(client: PartnerClient):
    partner = client.partner
    query = {"client_id": partner.client_id, "redirect_uri": "https://app.example/back", "state": "s"}
    path = f"/{partner.tenant_id}/oauth2/v2.0/authorize"
    sign_in = await client.http.get(path, params=query)
    user = sign_in.text.split('name="user" value="')[1].split('"')[0]
    back = await client.http.post(path, data=query | {"user": user})
    answer = parse_qs(urlsplit(back.headers["location"]).query)
    assert answer["state"] == ["s"]
    grant = {"grant_type": "authorization_code", "code": answer["code"][0]}
    tokens = await client.sign_in(**grant, scope=f"{RESOURCE}/user_impersonation")
    assert tokens.json()["refresh_token"]
    assert (await client.sign_in(**grant)).json()["error"] == "invalid_grant"


@dataclass(frozen=True)
class MsalAnswer:
    status_code: int
    text: str
    headers: dict[str, str]


class MsalHttp:
    """What msal needs of HTTP: it insists on https, the simulator speaks http."""

    def __init__(self, url: str) -> None:
        self.told = url.replace("http://", "https://")
        self._spoken = url
        self._http = httpx.Client(verify=NO_CERTIFICATES)

    def get(self, url: str, params=None, headers=None, **_) -> MsalAnswer:
        return self._send("GET", url, params=params, headers=headers)

    def post(self, url: str, params=None, data=None, headers=None, **_) -> MsalAnswer:
        return self._send("POST", url, params=params, data=data, headers=headers)

    def close(self) -> None:
        self._http.close()

    def _send(self, method: str, url: str, **parts: Any) -> MsalAnswer:
        answer = self._http.request(method, url.replace(self.told, self._spoken), **parts)
        text = answer.text.replace(self._spoken, self.told)
        return MsalAnswer(answer.status_code, text, dict(answer.headers))


async def test_msal_signs_in(simulator: Simulator, partner: SimulatedPartner):
    http = MsalHttp(simulator.url)

    def sign_in() -> list[dict[str, object]]:
        app = msal.ConfidentialClientApplication(
            partner.client_id,
            client_credential=partner.client_secret,
            authority=f"{http.told}/{partner.tenant_id}",
            instance_discovery=False,
            http_client=http,
        )
        return [
            app.acquire_token_for_client([f"{RESOURCE}/.default"]),
            app.acquire_token_for_client([f"{RESOURCE}/.default"]),
            app.acquire_token_by_refresh_token(partner.refresh_token, [f"{RESOURCE}/user_impersonation"]),
        ]

    try:
        first, cached, user = await asyncio.to_thread(sign_in)
    finally:
        http.close()
    assert first["access_token"] == cached["access_token"]
    assert user["refresh_token"] != partner.refresh_token
    async with PartnerClient(simulator.url, partner) as client:
        headers = {"Authorization": f"Bearer {user['access_token']}"}
        assert decode(await client.http.get("/v1/customers", headers=headers))["totalCount"] == 0
