"""What is reached by plain HTTP: the text of terms, and the address where a provider tells of changes."""

import asyncio
import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest
from support.api import Api, gid_of
from support.asking import CUSTOMER_TERMS, MANUAL, MICROSOFT, terms_of
from support.contexts import rows_of
from support.factories import NOWHERE, PARTNER_CENTER
from support.listener import Listener, Posted, listening
from support.partner_center import connection_of
from support.patience import until
from support.simulator import SimulatedPartner, Simulator

from agreements_api import provider_routes
from models import JobStatus
from resolvers.notifications import PAUSE, start_told_syncs

DOCUMENT = f"/agreement-templates/{CUSTOMER_TERMS}/document"
NOTIFICATIONS = f"/providers/{MICROSOFT}/notifications"
RELATED = "reseller-relationship-accepted-by-customer"


@dataclass
class Told:
    """A partner that is told by the simulator what changed, and hands it on to the server."""

    api: Api
    simulator: Simulator
    tenant_id: str
    listener: Listener

    async def event(self, name: str = RELATED) -> Posted:
        """Let something happen, and give what was sent of it."""
        count = len(self.listener.posted)
        path = f"/v1/customers/{uuid4()}/relationships"
        await self.simulator.send_webhook(self.tenant_id, name, resourceName="customer", path=path)
        return (await self.listener.until(count + 1))[-1]

    async def deliver(self, posted: Posted) -> httpx.Response:
        headers = {key: value for key, value in posted.headers.items() if key not in {"host", "connection"}}
        headers["content-length"] = str(len(posted.body))
        return await self.api.http.post(NOTIFICATIONS, headers=headers, content=posted.body)

    async def syncs(self) -> int:
        rows = rows_of(self.api.services.database)
        return len(await rows("select id from jobs where kind = 'SYNC'"))


@pytest.fixture
async def told(api: Api, simulator: Simulator, partner: SimulatedPartner) -> AsyncIterator[Told]:
    authority = await simulator.webhook_authority()
    connection = connection_of(partner, simulator, webhook_authority=authority)
    await api.services.providers.put(PARTNER_CENTER, connection)
    async with listening() as listener:
        client = await api.services.providers.get(PARTNER_CENTER)
        await client.subscribe(listener.url)
        yield Told(api, simulator, partner.tenant_id, listener)


def code(answer: httpx.Response) -> str:
    (error,) = answer.json()["errors"]
    assert error["extensions"]["requestId"] == answer.headers["x-request-id"]
    return error["extensions"]["code"]


async def test_a_browser_is_sent_to_the_text_of_terms(told: Told) -> None:
    file = await told.api.http.get(DOCUMENT, params={"country": "DE", "language": "de-DE"})
    page = await told.api.http.get(DOCUMENT, params={"country": "de", "view": "1"})

    for answer in (file, page):
        assert (answer.status_code, answer.headers["cache-control"]) == (303, "no-store")
        assert answer.headers["location"].startswith("http")
    assert file.headers["location"] != page.headers["location"]


async def test_terms_of_a_manual_provider_are_where_their_template_says(api: Api) -> None:
    made = await api.done(
        "createAgreementTemplate",
        "agreementTemplate { id }",
        providerId=MANUAL,
        name="Frame contract",
        templateId="F-1",
        agreementLink="https://terms.example/frame",
    )
    document = f"/agreement-templates/{made['agreementTemplate']['id']}/document?country=DE"

    assert (await api.http.get(document)).headers["location"] == "https://terms.example/frame"


async def test_where_there_is_no_text_the_answer_says_why(api: Api) -> None:
    async def asked(path: str) -> tuple[int, str]:
        answer = await api.http.get(path)
        return answer.status_code, code(answer)

    nowhere = gid_of("AgreementTemplate", NOWHERE)
    without = await terms_of(api, MANUAL)
    assert await asked(f"/agreement-templates/{nowhere}/document?country=DE") == (404, "NOT_FOUND")
    assert await asked("/agreement-templates/x/document?country=DE") == (404, "NOT_FOUND")
    assert await asked(f"/agreement-templates/{without}/document?country=DE") == (404, "NOT_FOUND")
    assert await asked(DOCUMENT) == (400, "INVALID")
    assert await asked(f"{DOCUMENT}?country=DE&language=%0d%0a") == (400, "INVALID")
    assert await asked(f"{DOCUMENT}?country=DE") == (502, "PROVIDER_REFUSED")  # nobody has connected it


async def test_a_provider_that_tells_of_a_customer_is_synced_once(told: Told) -> None:
    posted = await told.event()

    answers = await asyncio.gather(*[told.deliver(posted) for _ in range(3)])

    assert [each.status_code for each in answers] == [204] * 3
    assert await told.syncs() == 1


async def test_a_flood_starts_one_sync_and_one_more_after_it(told: Told) -> None:
    for _ in range(5):
        assert (await told.deliver(await told.event())).status_code == 204
    assert await told.syncs() == 1

    async with told.api.context.unit_of_work() as uow:
        job = await uow.jobs.get_newest_sync(PARTNER_CENTER)
        assert job is not None
        job.begin(uow.now)
        job.requested_at -= PAUSE + timedelta(seconds=1)
        await uow.commit()
    assert await start_told_syncs(told.api.context) == 0  # the first one is under way

    async with told.api.context.unit_of_work() as uow:
        job = await uow.jobs.get_newest_sync(PARTNER_CENTER)
        assert job is not None
        job.cancel(uow.now)
        job.finish(JobStatus.CANCELLED, uow.now)
        await uow.commit()
    assert [await start_told_syncs(told.api.context) for _ in range(2)] == [1, 0]
    assert await told.syncs() == 2


async def test_what_is_of_no_customer_is_taken_and_ignored(told: Told) -> None:
    assert (await told.deliver(await told.event("subscription-updated"))).status_code == 204
    assert await told.syncs() == 0


@pytest.mark.parametrize(
    "forgery",
    [
        {"authorization": f"Signature {base64.b64encode(bytes(256)).decode()}"},
        {"authorization": "Signature x"},
        {"authorization": ""},
        {"x-ms-certificate-url": "http://localhost.attacker.example/cert"},
        {"x-ms-certificate-url": ""},
        {"x-ms-signature-algorithm": "rsa-md5"},
        {"x-ms-signature-algorithm": "none"},
    ],
    ids=["another key", "no signature", "unsigned", "another host", "no host", "old hash", "no hash"],
)
async def test_a_forged_notification_does_nothing(told: Told, forgery: dict[str, str]) -> None:
    posted = await told.event()

    answer = await told.deliver(replace(posted, headers={**posted.headers, **forgery}))

    assert (answer.status_code, code(answer)) == (403, "FORBIDDEN")
    assert await told.syncs() == 0


async def test_an_altered_notification_does_nothing(told: Told) -> None:
    posted = await told.event()
    altered = replace(posted, body=posted.body.replace(b"accepted", b"rejected"))
    longer = replace(posted, body=posted.body + b" " * 65_536)

    assert altered.body != posted.body
    assert (await told.deliver(altered)).status_code == 403
    assert (await told.deliver(longer)).status_code == 413
    assert await told.syncs() == 0


async def test_nobody_is_told_which_providers_there_are(api: Api) -> None:
    for provider in (MANUAL, MICROSOFT, gid_of("Provider", NOWHERE), "x"):
        answer = await api.http.post(f"/providers/{provider}/notifications", content=b"{}")
        assert (answer.status_code, code(answer)) == (404, "NOT_FOUND")
    assert (await api.http.get(NOTIFICATIONS)).status_code == 405


async def test_more_notifications_than_can_be_looked_into_are_turned_away(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider_routes, "MOST_WAITING", 0)
    posted = await told.event()
    asked: list[asyncio.StreamWriter] = []

    async def keep_waiting(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(writer)

    server = await asyncio.start_server(keep_waiting, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    slow = replace(
        posted, headers=posted.headers | {"x-ms-certificate-url": f"http://127.0.0.1:{port}/certificate"}
    )
    async with asyncio.TaskGroup() as group:
        waiting = [group.create_task(told.deliver(slow)) for _ in range(provider_routes.AT_ONCE)]
        await until(lambda: len(asked) >= len(waiting))
        refused = await told.deliver(posted)
        for writer in asked:
            writer.close()
        server.close()

    assert (refused.status_code, code(refused)) == (503, "UNAVAILABLE")
    assert {task.result().status_code for task in waiting} == {503}
    assert (await told.deliver(posted)).status_code == 204
