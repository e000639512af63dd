"""The provider where a person does the work outside: nothing is ever called."""

from collections.abc import AsyncIterator, Sequence
from datetime import date

from providers.base import (
    AcceptanceRequest,
    Capabilities,
    Confirmation,
    Contact,
    CreatedCustomer,
    Customer,
    NewCustomer,
    Problem,
    Template,
)
from providers.errors import Unsupported


class Manual:
    """Has no capability; each method raises `Unsupported`, except `aclose`."""

    capabilities = Capabilities()

    async def list_customers(self) -> AsyncIterator[Sequence[Customer]]:
        raise _unsupported()
        yield  # makes this an asynchronous iterator, as the protocol has it

    async def find_customer(self, *, domain: str) -> Customer | None:
        raise _unsupported()

    async def get_customer(self, customer_id: str) -> Customer | None:
        raise _unsupported()

    async def is_domain_available(self, domain: str) -> bool:
        raise _unsupported()

    async def check_new_customer(self, new: NewCustomer) -> Sequence[Problem]:
        raise _unsupported()

    async def create_customer(self, new: NewCustomer, *, request_id: str) -> CreatedCustomer:
        raise _unsupported()

    async def list_templates(self) -> Sequence[Template]:
        raise _unsupported()

    async def list_confirmations(self, customer_id: str) -> Sequence[Confirmation]:
        raise _unsupported()

    async def confirm(
        self, customer_id: str, *, template_id: str, contact: Contact, agreed_on: date, request_id: str
    ) -> Confirmation:
        raise _unsupported()

    async def request_acceptance(self, customer_id: str, *, template_id: str) -> AcceptanceRequest:
        raise _unsupported()

    async def invitation_url(self) -> str:
        raise _unsupported()

    async def aclose(self) -> None: ...


def _unsupported() -> Unsupported:
    return Unsupported("This provider is served by hand: a person does this outside.")
