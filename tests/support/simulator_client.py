"""The least a partner's software does: sign in, and send requests with a token."""

import json
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import httpx
from support.simulator import NO_CERTIFICATES, SimulatedPartner

RESOURCE = "https://api.partnercenter.microsoft.com"
CUSTOMER_AGREEMENT = "117a77b0-9360-443b-8795-c6dedc750cf9"
CLOUD_AGREEMENT = "998b88de-aa99-4388-a42c-1b3517d49490"


class PartnerClient:
    """Keeps no secrets and hides no answers."""

    def __init__(self, url: str, partner: SimulatedPartner) -> None:
        self.http = httpx.AsyncClient(base_url=url, timeout=30, verify=NO_CERTIFICATES)
        self.partner = partner
        self._tokens: dict[bool, str] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.http.aclose()

    async def sign_in(self, **changes: str) -> httpx.Response:
        """Ask for an application's token, with form members changed or added."""
        form = {
            "client_id": self.partner.client_id,
            "client_secret": self.partner.client_secret,
            "grant_type": "client_credentials",
            "scope": f"{RESOURCE}/.default",
        }
        return await self.http.post(f"/{self.partner.tenant_id}/oauth2/v2.0/token", data=form | changes)

    async def sign_in_user(self, **changes: str) -> httpx.Response:
        form = {
            "grant_type": "refresh_token",
            "refresh_token": self.partner.refresh_token,
            "scope": f"{RESOURCE}/user_impersonation offline_access openid profile",
        }
        return await self.sign_in(**(form | changes))

    async def token(self, *, as_user: bool) -> str:
        if as_user not in self._tokens:
            answer = await (self.sign_in_user() if as_user else self.sign_in())
            self._tokens[as_user] = answer.json()["access_token"]
        return self._tokens[as_user]

    async def call(  # noqa: PLR0913 - a request has this many parts
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        as_user: bool = True,
        request_id: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        sent = {
            "Authorization": f"Bearer {await self.token(as_user=as_user)}",
            "MS-RequestId": request_id or str(uuid4()),
            "MS-CorrelationId": str(uuid4()),
        }
        return await self.http.request(method, path, json=body, headers=sent | (headers or {}))


def decode(answer: httpx.Response) -> Any:
    return json.loads(answer.content.decode("utf-8-sig"))


def customer(number: int = 1, **members: object) -> dict[str, Any]:
    """Describe a customer for the admin interface; the number makes its id, name and domain."""
    return {
        "id": f"00000000-0000-4000-8000-{number:012d}",
        "companyName": f"Contoso {number:04d}",
        "domain": f"contoso{number:04d}.onmicrosoft.com",
        **members,
    }


def confirmation(**members: object) -> dict[str, Any]:
    """Build the body of a confirmation that is accepted once."""
    contact = {"firstName": "Tania", "lastName": "Carr", "email": "tania@contoso.example", "phoneNumber": "1"}
    return {
        "primaryContact": contact,
        "templateId": CUSTOMER_AGREEMENT,
        "dateAgreed": "2024-06-14T10:20:30.000Z",
        "type": "MicrosoftCustomerAgreement",
        **members,
    }


def new_customer(domain: str = "contoso.onmicrosoft.com", **changes: object) -> dict[str, Any]:
    """Build the body of a request for a new customer in Germany; changes go to the billing profile."""
    address = {
        "AddressLine1": "Platz 1",
        "City": "Berlin",
        "PostalCode": "10115",
        "Country": "DE",
        "FirstName": "Tania",
        "LastName": "Carr",
    }
    billing = {
        "Culture": "DE-de",
        "Email": "tania@contoso.example",
        "Language": "de",
        "CompanyName": "Contoso",
        "DefaultAddress": address,
    }
    return {"CompanyProfile": {"Domain": domain}, "BillingProfile": billing | changes}
