"""Enhanced attestation: a partner's application starts it, the customer decides, an agreement follows."""

from typing import Any
from uuid import uuid4

import pytest
from support.simulator import SimulatedPartner, Simulator
from support.simulator_client import PartnerClient, confirmation, customer, decode

ENHANCED = "/v1/attestations/enhanced"
AGREEMENTS = f"/v1/customers/{customer()['id']}/agreements"
SIGNATORY = {
    "country": "US",
    "language": "en-US",
    "companyName": "Contoso <b>& Sons",
    "signatoryFirstName": "Tania",
    "signatoryLastName": "Carr",
    "email": "tania@contoso.example",
}


@pytest.fixture(autouse=True)
async def _one_customer(simulator: Simulator, partner: SimulatedPartner) -> None:
    await simulator.add_customers(partner.tenant_id, [customer()])


async def start(client: PartnerClient, **changes: str) -> dict[str, Any]:
    answer = await client.call("POST", ENHANCED, SIGNATORY | changes, as_user=False)
    assert answer.status_code == 201
    return answer.json()


async def status(client: PartnerClient, started: dict[str, Any]) -> str:
    path = f"{ENHANCED}/{started['attestationId']}"
    return (await client.call("GET", path, as_user=False)).json()["status"]


def accepted(started: dict[str, Any], **members: object) -> dict[str, Any]:
    return confirmation(attestationId=started["attestationId"], **members)


async def decide(client: PartnerClient, started: dict[str, Any], decision: str):
    return await client.http.post(started["url"], data={"decision": decision})


async def test_an_attestation_becomes_an_agreement_though_the_older_way_is_gone(
    simulator: Simulator, client: PartnerClient
):
    await simulator.settings(legacyAttestation="gone")
    started = await start(client)
    assert started["status"] == await status(client, started) == "started"
    assert (await decide(client, started, "accept")).status_code == 200
    path = f"{ENHANCED}/{started['attestationId']}"
    read = (await client.call("GET", path, as_user=False)).json()
    assert (read["status"], read["signatoryLastName"]) == ("accepted", "Carr")
    assert read["acceptedDate"].endswith("Z")
    answer = await client.call("POST", AGREEMENTS, accepted(started), as_user=False)
    assert answer.status_code == 201
    assert answer.json()["userId"] is None
    assert await status(client, started) == "finalized"
    listed = decode(await client.call("GET", f"{AGREEMENTS}?agreementType=*"))
    assert listed["totalCount"] == 1
    again = await client.call("POST", AGREEMENTS, accepted(started), as_user=False)
    assert (again.status_code, again.json()["code"]) == (400, 600061)


async def test_only_an_application_starts_an_attestation(client: PartnerClient):
    assert (await client.call("POST", ENHANCED, SIGNATORY)).status_code == 403


async def test_a_repeated_start_is_the_same_attestation(simulator: Simulator, client: PartnerClient):
    request_id = str(uuid4())
    answers = [
        await client.call("POST", ENHANCED, SIGNATORY, as_user=False, request_id=request_id) for _ in "12"
    ]
    assert answers[0].json() == answers[1].json()
    assert len(await simulator.attestations()) == 1


@pytest.mark.parametrize(
    "changes", [{"country": "ZZ"}, {"language": ""}, {"signatoryLastName": ""}, {"email": "nobody"}]
)
async def test_an_incomplete_signatory_is_refused(client: PartnerClient, changes):
    answer = await client.call("POST", ENHANCED, SIGNATORY | changes, as_user=False)
    assert (answer.status_code, answer.json()["code"]) == (400, 3000)


@pytest.mark.parametrize("decision", ["refuse", "expire", None])
async def test_what_the_customer_has_not_accepted_makes_no_agreement(
    simulator: Simulator, client: PartnerClient, decision
):
    started = await start(client)
    if decision is not None:
        await simulator.decide_attestation(started["attestationId"], decision)
    answer = await client.call("POST", AGREEMENTS, accepted(started), as_user=False)
    assert (answer.status_code, answer.json()["code"]) == (400, 600070)
    expected = {"refuse": "refused", "expire": "expired", None: "started"}
    assert await status(client, started) == expected[decision]


async def test_the_page_shows_who_asks_and_lets_the_customer_choose(client: PartnerClient):
    page = await client.http.get((await start(client))["url"])
    assert page.headers["Content-Type"].startswith("text/html")
    assert "Fabrikam asks Tania Carr" in page.text
    assert "Contoso &lt;b&gt;&amp; Sons" in page.text
    assert page.text.count("<button") == 2


async def test_a_decision_stands(client: PartnerClient):
    started = await start(client)
    assert "refused" in (await decide(client, started, "refuse")).text
    assert "refused" in (await decide(client, started, "accept")).text
    assert await status(client, started) == "refused"


async def test_an_unclear_decision_is_asked_again(client: PartnerClient):
    started = await start(client)
    answer = await decide(client, started, "perhaps")
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    assert await status(client, started) == "started"


async def test_an_attestation_expires_unless_it_was_accepted(simulator: Simulator, client: PartnerClient):
    await simulator.settings(attestationLifetimeSeconds=60)
    late, early = await start(client), await start(client)
    await decide(client, early, "accept")
    await simulator.advance(60)
    page = await client.http.get(late["url"])
    assert page.status_code == 410
    assert "has expired" in page.text
    assert (await decide(client, late, "accept")).status_code == 410
    assert [await status(client, each) for each in (late, early)] == ["expired", "accepted"]


async def test_an_unknown_attestation_is_nowhere(simulator: Simulator, client: PartnerClient):
    for unknown in (str(uuid4()), "none"):
        answer = await client.call("GET", f"{ENHANCED}/{unknown}", as_user=False)
        assert answer.status_code == 404
        assert (await client.http.get(f"/attestations/{unknown}")).status_code == 404
        body = accepted({"attestationId": unknown})
        assert (await client.call("POST", AGREEMENTS, body, as_user=False)).status_code == 400


async def test_an_attestation_is_its_partners_alone(simulator: Simulator, client: PartnerClient):
    started = await start(client)
    other = await simulator.add_partner(name="Other")
    await simulator.add_customers(other.tenant_id, [customer()])
    await decide(client, started, "accept")
    async with PartnerClient(simulator.url, other) as stranger:
        path = f"{ENHANCED}/{started['attestationId']}"
        assert (await stranger.call("GET", path, as_user=False)).status_code == 404
        answer = await stranger.call("POST", AGREEMENTS, accepted(started), as_user=False)
        assert answer.status_code == 400


async def test_a_new_confirmation_may_show_late(simulator: Simulator, client: PartnerClient):
    await simulator.settings(agreementsVisibleAfterSeconds=600)
    assert (await client.call("POST", AGREEMENTS, confirmation())).status_code == 201
    path = f"{AGREEMENTS}?agreementType=*"
    assert decode(await client.call("GET", path))["totalCount"] == 0
    assert (await client.call("POST", AGREEMENTS, confirmation())).json()["code"] == 600061
    await simulator.advance(600)
    assert decode(await client.call("GET", path))["totalCount"] == 1
