"""Each kind of provider as the contract tests meet it: clients, and a hand on what is at the provider."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol
from uuid import uuid4

import pytest
from support.rest_simulator import API_KEY, RestSimulator
from support.simulator import SimulatedPartner, Simulator

from providers.base import Customer, Provider
from providers.manual import Manual
from providers.partner_center import ConfirmationMode, Connection
from providers.partner_center.client import PartnerCenter
from providers.rest import RestConnection
from providers.rest.client import RestProvider

METHODS = frozenset(
    name for name, member in vars(Provider).items() if callable(member) and not name.startswith("_")
)

LACKS = {
    "partner_center": frozenset[str](),
    "rest": frozenset(
        {
            "list_changes",
            "list_templates",
            "document_link",
            "list_subscriptions",
            "end_subscription",
            "remove_customer",
            "invitation_url",
            "subscribe",
            "read_notification",
        }
    ),
    "manual": METHODS - {"read_capabilities", "examine", "aclose"},
}
"""What each provider does not offer, and must say so."""


class Opener(Protocol):
    def __call__(self, **changes: Any) -> Provider: ...


@dataclass(frozen=True, kw_only=True)
class Stand:
    """A provider of one kind.

    Attributes:
        open: Opens a client through which the partner confirms; other arguments change its connection.
        open_asking: Opens one that asks the customer on a page of its own.
        secret: What the client proves itself with, and nobody may read.
        broken: A pattern of the path of the last page of customers.
    """

    kind: str
    open: Opener
    simulator: Any = None
    partner: SimulatedPartner | None = None
    open_asking: Opener | None = None
    secret: str = ""
    wrong_secret: str = ""
    template_id: str = ""
    broken: str = ""

    async def add(self, *customers: Customer) -> None:
        if self.partner is not None:
            known = [
                {"id": each.id, "companyName": each.name, "domain": each.domain, "country": "US"}
                for each in customers
            ]
            await self.simulator.add_customers(self.partner.tenant_id, known)
        elif self.simulator is not None:
            await self.simulator.add_customers(
                [{"id": each.id, "name": each.name, "domain": each.domain} for each in customers]
            )

    async def customers(self) -> Sequence[dict[str, Any]]:
        """Give what is on record of the partner's customers."""
        if self.partner is not None:
            return await self.simulator.customers(self.partner.tenant_id)
        return await self.simulator.customers() if self.simulator is not None else []

    async def agreements(self) -> Sequence[dict[str, Any]]:
        """Give all agreements on record, signed or not."""
        if self.partner is not None:
            return [each for customer in await self.customers() for each in customer["agreements"]]
        return await self.simulator.agreements()

    async def sign(self, reference: str, *, first_name: str, last_name: str, email: str) -> None:
        """Accept as the customer who was asked."""
        if self.partner is not None:
            await self.simulator.decide_attestation(reference, "accept")
        else:
            await self.simulator.sign(reference, firstName=first_name, lastName=last_name, email=email)


def having(*methods: str):
    """Run a test with each provider that has these methods."""
    assert set(methods) <= METHODS
    kinds = [kind for kind, lacks in LACKS.items() if not lacks & set(methods)]
    return pytest.mark.parametrize("stand", kinds, indirect=True)


def a_customer(number: int = 1) -> Customer:
    return Customer(id=str(uuid4()), name=f"Contoso {number}", domain=f"contoso{number}.onmicrosoft.com")


@asynccontextmanager
async def stand_of_partner_center(simulator: Simulator) -> AsyncGenerator[Stand]:
    partner = await simulator.add_partner()

    def connection(**changes: Any) -> Connection:
        known = {
            "tenant_id": partner.tenant_id,
            "client_id": partner.client_id,
            "client_secret": changes.pop("secret", partner.client_secret),
            "refresh_token": partner.refresh_token,
            "base_url": simulator.url,
            "login_url": simulator.url,
            "admin_center_url": simulator.url,
            "first_wait": timedelta(milliseconds=10),
            "confirmation": ConfirmationMode.LEGACY,
            "page_size": 7,
        }
        return Connection(**known | changes)

    async with _opened(lambda **changes: PartnerCenter(connection(**changes))) as opener:
        yield Stand(
            kind="partner_center",
            open=opener,
            open_asking=lambda **changes: opener(confirmation=ConfirmationMode.ENHANCED, **changes),
            simulator=simulator,
            partner=partner,
            secret=partner.client_secret,
            wrong_secret=f"wrong-{uuid4().hex}",
            template_id="117a77b0-9360-443b-8795-c6dedc750cf9",
            broken="/customers.*seekOperation=Next",
        )


@asynccontextmanager
async def stand_of_rest(simulator: RestSimulator) -> AsyncGenerator[Stand]:
    def connection(**changes: Any) -> RestConnection:
        known = {
            "base_url": simulator.url,
            "api_key": changes.pop("secret", API_KEY),
            "first_wait": timedelta(milliseconds=10),
        }
        return RestConnection(**known | changes)

    async with _opened(lambda **changes: RestProvider(connection(**changes))) as opener:
        yield Stand(
            kind="rest",
            open=opener,
            open_asking=opener,
            simulator=simulator,
            secret=API_KEY,
            wrong_secret=f"wrong-{uuid4().hex}",
            template_id="Temp001",
            broken="^/customers$",
        )


@asynccontextmanager
async def stand_of_manual() -> AsyncGenerator[Stand]:
    async with _opened(lambda **_: Manual()) as opener:
        yield Stand(kind="manual", open=opener)


@asynccontextmanager
async def _opened(make: Callable[..., Provider]) -> AsyncGenerator[Opener]:
    async with AsyncExitStack() as stack:

        def opener(**changes: Any) -> Provider:
            client = make(**changes)
            stack.push_async_exit(aclosing(client))
            return client

        yield opener
