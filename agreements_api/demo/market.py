"""The simulator's side of the sample data: both partners and their customers, written over HTTP."""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener
from uuid import NAMESPACE_URL, uuid5

from agreements_api.demo.companies import Company, companies
from agreements_api.demo.stands import Stand, stands
from agreements_api.demo.tenants import Partner, Tenant, tenants
from agreements_api.demo.terms import CUSTOMER_1
from models import AcceptancePath
from providers.partner_center import ConfirmationMode, Connection

_TIMEOUT_SECONDS = 30
_STRANGERS_STREET = "1 Example Road"
_ACCEPTED_UNSEEN = 3
"""One in so many of the customers that no sync has seen yet has accepted at Microsoft already."""

_SUBSCRIBERS = (1, 2, 5)
"""The tenants, by number, that have bought something; the tour off-boards the second."""

# A proxy that the environment names has no business with this machine's own ports.
_opener = build_opener(ProxyHandler({}))


def connection(partner: Partner, simulator_url: str) -> Connection:
    """How the provider is reached. What stands for secrets is none: the simulator lives on this machine.

    One partner confirms in the way Microsoft has retired, so that a provisioning can be watched to its end;
    the other one's customers accept themselves, on pages that need no sign-in.
    """
    return Connection(
        tenant_id=partner.tenant_id,
        client_id=partner.client_id,
        client_secret=_secret(partner),
        refresh_token=_refresh_token(partner),
        base_url=simulator_url,
        login_url=simulator_url,
        admin_center_url=simulator_url,
        confirmation=ConfirmationMode.LEGACY if partner is Partner.WORLD else ConfirmationMode.ENHANCED,
        requests_per_minute=0,  # the demo's simulator has no limit
    )


def acceptance_url(simulator_url: str) -> str:
    """Where customers of the simulator accept the Microsoft Customer Agreement."""
    return f"{simulator_url}/AdminPortal/Home?ref=/BillingAccounts/agreement"


async def write_market(simulator_url: str) -> None:
    """Tell an empty simulator of both partners and of all their customers.

    Raises:
        OSError: It does not answer as it should.
    """
    await _post(simulator_url, "/admin/reset", None)
    for partner in Partner:
        await _post(simulator_url, "/admin/partners", _partner(partner))
        await _post(simulator_url, f"/admin/partners/{partner.tenant_id}/customers", [*_customers(partner)])
    for tenant in tenants():
        if tenant.number in _SUBSCRIBERS:
            of_customer = f"/admin/partners/{tenant.partner.tenant_id}/customers/{tenant.customer_id}"
            await _post(simulator_url, f"{of_customer}/subscriptions", _subscriptions(tenant))


def _partner(partner: Partner) -> dict[str, Any]:
    return {
        "tenantId": partner.tenant_id,
        "name": "Northwind Cloud" if partner is Partner.WORLD else "Northwind Cloud EMEA",
        "country": "US" if partner is Partner.WORLD else "DE",
        "applications": [{"clientId": partner.client_id, "clientSecret": _secret(partner)}],
        "users": [{"upn": f"admin@{partner.tenant_id}", "refreshToken": _refresh_token(partner)}],
    }


def _subscriptions(tenant: Tenant) -> list[dict[str, Any]]:
    """Each ends in another way: cancelled at once, not renewed, suspended."""
    some_time_ago = datetime.now(UTC) - timedelta(days=100)
    return [
        {
            "id": _subscription_id(tenant, 1),
            "kind": "nce",
            "name": "Microsoft 365 Business Premium",
            "quantity": 12,
        },
        {
            "id": _subscription_id(tenant, 2),
            "kind": "nce",
            "name": "Power BI Pro",
            "quantity": 5,
            "creationDate": some_time_ago.isoformat(),
        },
        {"id": _subscription_id(tenant, 3), "kind": "legacy", "name": "Office 365 E3", "quantity": 3},
    ]


def _subscription_id(tenant: Tenant, number: int) -> str:
    return str(uuid5(NAMESPACE_URL, f"{tenant.customer_id}/subscriptions/{number}"))


def _secret(partner: Partner) -> str:
    return f"demo-secret-{partner.tenant_id}"


def _refresh_token(partner: Partner) -> str:
    return f"demo-consent-{partner.tenant_id}"


def _customers(partner: Partner) -> Iterator[dict[str, Any]]:
    held = _held()
    for tenant in tenants():
        if tenant.partner is not partner or tenant.is_missing:
            continue
        confirmations = [each for each in held.get(tenant.number, []) if not _is_direct(each)]
        agreements = [_agreement(each) for each in confirmations]
        company = _company(tenant)
        if not tenant.known and company is not None and tenant.number % _ACCEPTED_UNSEEN == 0:
            agreements.append(_accepted(company))
        yield {
            "id": tenant.customer_id,
            "companyName": tenant.name,
            "domain": tenant.domain,
            "country": tenant.country,
            "email": company.people[0].email if company else f"office@{tenant.domain}",
            "address": _address(company),
            "directSigned": any(map(_is_direct, held.get(tenant.number, []))),
            "agreements": agreements,
        }


def _held() -> dict[int, list[Stand]]:
    """What Partner Center holds, by the tenant's number."""
    held: dict[int, list[Stand]] = {}
    for stand in stands():
        if stand.tenant is not None and stand.is_held_by_provider:
            held.setdefault(stand.tenant.number, []).append(stand)
    return held


def _is_direct(stand: Stand) -> bool:
    return stand.fate.path is AcceptancePath.DIRECT_AT_VENDOR


def _company(tenant: Tenant) -> Company | None:
    return tenant.company or next((each for each in companies() if each.domain == tenant.domain), None)


def _address(company: Company | None) -> dict[str, str | None]:
    if company is None:
        return {"addressLine1": _STRANGERS_STREET}
    address = company.address
    return {
        "addressLine1": address.line1,
        "city": address.city,
        "state": address.region,
        "postalCode": address.postal_code,
        "firstName": company.people[0].first_name,
        "lastName": company.people[0].last_name,
        "phoneNumber": company.people[0].phone,
    }


def _agreement(stand: Stand) -> dict[str, Any]:
    signer = stand.signer
    return {
        "templateId": stand.terms.template_id,
        "primaryContact": {
            "firstName": signer.first_name,
            "lastName": signer.last_name,
            "email": signer.email,
            "phoneNumber": signer.phone,
        },
        "dateAgreed": f"{stand.executed_on}T12:00:00Z",
    }


def _accepted(company: Company) -> dict[str, Any]:
    signer = company.people[0]
    return {
        "templateId": CUSTOMER_1.template_id,
        "primaryContact": {
            "firstName": signer.first_name,
            "lastName": signer.last_name,
            "email": signer.email,
        },
        "dateAgreed": f"2025-{1 + company.number % 12:02d}-15T12:00:00Z",
    }


async def _post(simulator_url: str, path: str, body: object) -> None:
    def send() -> None:
        content = json.dumps(body).encode()
        request = Request(  # noqa: S310 -- the URL is the one that our own process has printed
            simulator_url + path, content, {"content-type": "application/json"}, method="POST"
        )
        with _opener.open(request, timeout=_TIMEOUT_SECONDS) as answer:
            answer.read()

    await asyncio.to_thread(send)
