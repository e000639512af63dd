"""The simulator's page for a person: it shows what there is, and its forms do what tests do over HTTP."""

import re
from collections.abc import AsyncGenerator
from html import unescape

import httpx
import pytest
from support.browser import CHROMIUM, open_page
from support.databases import in_ci
from support.simulator import NO_CERTIFICATES, SimulatedPartner, Simulator
from support.simulator_client import PartnerClient, confirmation, customer, decode

CONTOSO = customer()["id"]


@pytest.fixture
async def http(simulator: Simulator) -> AsyncGenerator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        base_url=simulator.url, follow_redirects=True, verify=NO_CERTIFICATES
    ) as client:
        yield client


async def do(http: httpx.AsyncClient, action: str, **form: str) -> httpx.Response:
    return await http.post(f"/console/do/{action}", data={"back": "/", **form})


async def test_the_first_page_shows_partners_requests_and_settings(
    client: PartnerClient, partner: SimulatedPartner, http: httpx.AsyncClient
):
    await client.call("GET", "/v1/customers?size=7")
    shown = (await http.get("/")).text
    for text in (partner.tenant_id, "Fabrikam", "/v1/customers?size=7", "legacyAttestation", "UTC"):
        assert text in unescape(shown)
    assert "<script" not in shown


async def test_whatever_partners_and_customers_are_called_is_shown_as_text(
    simulator: Simulator, http: httpx.AsyncClient
):
    name = '<script>alert("1")</script>'
    partner = await simulator.add_partner(name=name)
    await simulator.add_customers(partner.tenant_id, [customer(companyName=name)])
    here = f"/console/partners/{partner.tenant_id}"
    for path in ("/", here, f"{here}?search=%22%3E{name}", f"{here}/customers/{CONTOSO}"):
        answer = await http.get(path)
        assert answer.status_code == 200
        assert "<script" not in answer.text
        assert "default-src 'none'" in answer.headers["content-security-policy"]


async def test_customers_are_found_and_come_in_pages(
    simulator: Simulator, partner: SimulatedPartner, http: httpx.AsyncClient
):
    await simulator.add_customers(partner.tenant_id, [customer(number) for number in range(1, 62)])
    here = f"/console/partners/{partner.tenant_id}"
    first = (await http.get(here)).text
    assert ("contoso0050." in first, "contoso0051." in first) == (True, False)
    (after,) = re.findall(r'name="after" value="(\d+)"', first)
    assert "contoso0061." in (await http.get(here, params={"after": after})).text
    found = (await http.get(here, params={"search": "TOSO 0042"})).text
    assert re.findall(r"contoso\d+\.", found) == ["contoso0042."]


async def test_a_customer_page_shows_agreements_and_subscriptions(
    simulator: Simulator, partner: SimulatedPartner, client: PartnerClient, http: httpx.AsyncClient
):
    await simulator.add_customers(partner.tenant_id, [customer()])
    await client.call("POST", f"/v1/customers/{CONTOSO}/agreements", confirmation())
    here = f"/console/partners/{partner.tenant_id}/customers/{CONTOSO}"
    added = await do(
        http, "subscription", back=here, partner=partner.tenant_id, customer=CONTOSO, name="Mail"
    )
    assert added.url.path == here
    for text in ("Tania Carr, tania@contoso.example", "2024-06-14", "Mail", "active"):
        assert text in added.text


async def test_forms_change_what_the_admin_interface_would(
    simulator: Simulator, partner: SimulatedPartner, http: httpx.AsyncClient
):
    await do(http, "setting", name="maxPageSize", value="7")
    await do(http, "setting", name="legacyAttestation", value="gone")
    settings = await simulator.settings()
    assert (settings["maxPageSize"], settings["legacyAttestation"]) == (7, "gone")
    before = (await http.get("/admin/healthz")).json()["now"]
    await do(http, "clock", seconds="86400")
    assert (await http.get("/admin/healthz")).json()["now"][:10] > before[:10]
    added = await do(http, "customer", partner=partner.tenant_id, companyName="Contoso", domain="c.example")
    assert added.url.path == "/"
    (made,) = await simulator.customers(partner.tenant_id)
    await do(http, "remove", partner=partner.tenant_id, customer=made["id"])
    assert await simulator.customers(partner.tenant_id) == []


async def test_a_fault_is_added_and_taken_away(client: PartnerClient, http: httpx.AsyncClient):
    form = {"path": "/customers", "method": "", "kind": "status", "status": "503", "times": "1", "skip": "0"}
    shown = await do(http, "fault", **form, retryAfterSeconds="9")
    assert '"retryAfterSeconds": 9' in unescape(shown.text)
    answer = await client.call("GET", "/v1/customers")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "9")
    await do(http, "clear-faults")
    assert (await http.get("/admin/faults")).json() == []


async def test_a_new_partner_is_told_what_its_software_has_to_know(http: httpx.AsyncClient):
    shown = (await do(http, "partner", name="Adatum")).text
    tenant, client_id, secret, refresh = re.findall(r"<code>(.*?)</code>", shown)
    known = SimulatedPartner(tenant, client_id, secret, refresh, "")
    async with PartnerClient(str(http.base_url), known) as client:
        assert decode(await client.call("GET", "/v1/agreements"))["totalCount"] == 1
        assert (await client.call("GET", "/v1/customers", as_user=False)).status_code == 200


@pytest.mark.parametrize(
    ("action", "form"),
    [
        ("setting", {"name": "maxPageSize", "value": "0"}),
        ("setting", {"name": "maxPageSize"}),
        ("accept", {"customer": "nobody"}),
        ("accept", {"customer": "../../reset"}),
        ("dance", {}),
    ],
)
async def test_what_cannot_be_done_is_said(http: httpx.AsyncClient, action: str, form: dict[str, str]):
    answer = await do(http, action, **form)
    assert answer.status_code == 400
    assert "That did not work" in answer.text


async def test_nobody_is_led_elsewhere_and_no_other_site_pulls_the_strings(http: httpx.AsyncClient):
    answer = await do(http, "clear-faults", back="//elsewhere.example/")
    assert answer.url.host == "127.0.0.1"
    headers = {"Sec-Fetch-Site": "cross-site"}
    for action in ("clear-faults", "partner"):
        assert (await http.post(f"/console/do/{action}", headers=headers)).status_code == 400


@pytest.mark.parametrize("path", ["/console/partners/nobody", "/console/partners/nobody/customers/none"])
async def test_an_unknown_page_is_missing(http: httpx.AsyncClient, path: str):
    assert (await http.get(path)).status_code == 404


async def test_a_person_accepts_for_a_customer_in_a_browser(simulator: Simulator, partner: SimulatedPartner):
    if CHROMIUM is None and not in_ci():
        pytest.skip("the simulator's pages in a browser: Chromium is not installed")
    await simulator.add_customers(partner.tenant_id, [customer()])
    async with open_page(simulator.url) as page:
        await page.until("document.querySelector('td a')?.innerText === 'Fabrikam'")
        await page.evaluate("document.querySelector('td a').click()")
        await page.until("document.querySelector('td button')?.innerText === 'Accept as the customer'")
        await page.evaluate("document.querySelector('td button').click()")
        await page.until("document.querySelector('td:nth-child(4)')?.innerText === 'yes'")
        assert page.complaints == []
    (accepted,) = await simulator.customers(partner.tenant_id)
    assert accepted["directSigned"] is True


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_a_page_of_another_site_cannot_use_the_admin_interface(simulator: Simulator, site: str) -> None:
    async with httpx.AsyncClient(base_url=simulator.url, verify=NO_CERTIFICATES) as client:
        before = (await client.get("/admin/partners")).json()
        answer = await client.post("/admin/reset", headers={"Sec-Fetch-Site": site})
        after = (await client.get("/admin/partners")).json()

    assert answer.status_code == 403
    assert after == before
