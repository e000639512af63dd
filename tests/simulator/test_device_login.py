"""Signing in on the simulator's pages: with a code on another device, and with a proof of who asked."""

import base64
import hashlib
import re
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from support.simulator import Simulator
from support.simulator_client import PartnerClient

SCOPE = "https://api.partnercenter.microsoft.com/user_impersonation offline_access openid"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
VERIFIER = "a-verifier-of-at-least-forty-three-characters"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


def button(html: str, upn: str) -> str:
    found = re.search(rf'value="([^"]+)">{re.escape(upn)}<', html)
    assert found is not None, html
    return found.group(1)


async def begin(client: PartnerClient) -> dict[str, str]:
    answer = await client.http.post(
        f"/{client.partner.tenant_id}/oauth2/v2.0/devicecode",
        data={"client_id": client.partner.client_id, "scope": SCOPE},
    )
    assert answer.status_code == 200
    return answer.json()


async def redeem(client: PartnerClient, begun: dict[str, str]) -> httpx.Response:
    form = {
        "client_id": client.partner.client_id,
        "client_secret": client.partner.client_secret,
        "grant_type": DEVICE,
        "device_code": begun["device_code"],
    }
    return await client.http.post(f"/{client.partner.tenant_id}/oauth2/v2.0/token", data=form)


async def test_a_code_entered_elsewhere_signs_in(client: PartnerClient) -> None:
    begun = await begin(client)
    waiting = await redeem(client, begun)
    assert (waiting.status_code, waiting.json()["error"]) == (400, "authorization_pending")

    place = urlsplit(begun["verification_uri"]).path
    shown = await client.http.post(place, data={"code": f" {begun['user_code'].lower()} "})
    user = button(shown.text, client.partner.upn)
    done = await client.http.post(place, data={"code": begun["user_code"], "user": user})
    assert "You have signed in as" in done.text

    tokens = (await redeem(client, begun)).json()
    assert {"access_token", "refresh_token", "id_token"} <= tokens.keys()
    assert (await redeem(client, begun)).json()["error"] == "bad_verification_code"


async def test_a_person_may_decline_or_come_too_late(simulator: Simulator, client: PartnerClient) -> None:
    declined, late = await begin(client), await begin(client)
    await client.http.post("/devicelogin", data={"code": declined["user_code"], "decline": "1"})
    assert (await redeem(client, declined)).json()["error"] == "authorization_declined"

    await simulator.advance(901)
    assert (await redeem(client, late)).json()["error"] == "expired_token"
    shown = await client.http.post("/devicelogin", data={"code": late["user_code"]})
    assert (shown.status_code, "That code" in shown.text) == (400, True)


async def test_a_code_is_for_the_application_that_asked(client: PartnerClient) -> None:
    answer = await client.http.post(
        f"/{client.partner.tenant_id}/oauth2/v2.0/devicecode",
        data={"client_id": client.partner.tenant_id, "scope": SCOPE},
    )
    assert answer.json()["error_codes"] == [700016]
    assert (await redeem(client, {"device_code": "x"})).json()["error"] == "bad_verification_code"


def question(client: PartnerClient, **more: str) -> tuple[str, dict[str, str]]:
    path = f"/{client.partner.tenant_id}/oauth2/v2.0/authorize"
    asked = {
        "client_id": client.partner.client_id,
        "redirect_uri": "http://localhost:8/",
        "state": "s",
        "nonce": "n",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    return path, asked | more


def form_of(html: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', html))


@pytest.mark.parametrize(("verifier", "status"), [(VERIFIER, 200), ("another", 400), ("", 400)])
async def test_a_code_asked_for_with_a_challenge_needs_its_proof(
    client: PartnerClient, verifier: str, status: int
) -> None:
    path, asked = question(client)
    shown = await client.http.get(path, params=asked)
    sent = form_of(shown.text) | {"user": button(shown.text, client.partner.upn)}
    back = parse_qs(urlsplit((await client.http.post(path, data=sent)).headers["Location"]).query)

    answer = await client.sign_in(
        grant_type="authorization_code", code=back["code"][0], code_verifier=verifier, scope=SCOPE
    )
    assert answer.status_code == status
    if status == 200:
        claims = answer.json()["id_token"].split(".")[1]
        assert b'"nonce": "n"' in base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4))


async def test_an_answer_can_be_posted_and_can_be_no(client: PartnerClient) -> None:
    path, asked = question(client, response_mode="form_post")
    shown = await client.http.get(path, params=asked)
    sent = form_of(shown.text)

    posted = await client.http.post(path, data=sent | {"user": button(shown.text, client.partner.upn)})
    declined = await client.http.post(path, data=sent | {"decline": "1"})

    assert 'action="http://localhost:8/"' in posted.text
    assert form_of(posted.text).keys() == {"state", "code"}
    assert form_of(declined.text)["error"] == "access_denied"
