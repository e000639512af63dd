"""The provider where a person does the work outside: nothing is ever called."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date, datetime

from providers.base import (
    AcceptanceRequest,
    AcceptanceStatus,
    Capabilities,
    Confirmation,
    Contact,
    CreatedCustomer,
    Customer,
    CustomerChange,
    DocumentLink,
    Ending,
    NewCustomer,
    Notification,
    Problem,
    Subscription,
    Template,
    Trouble,
)
from providers.errors import Unsupported


class Manual:
    """Has no capability: whatever would call somebody raises `Unsupported`."""

    async def read_capabilities(self) -> Capabilities:
        return Capabilities()

    async def examine(self) -> Sequence[Trouble]:
        return ()

    async def list_customers(self) -> AsyncIterator[Sequence[Customer]]:
        raise _unsupported()
        yield  # makes this an asynchronous iterator, as the protocol has it

    async def list_changes(self, *, since: datetime) -> AsyncIterator[Sequence[CustomerChange]]:
        raise _unsupported()
        yield  # as above

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

    async def list_confirmations(
        self, customer_id: str, *, enough_since: date | None = None
    ) -> Sequence[Confirmation]:
        raise _unsupported()

    async def confirm(
        self, customer_id: str, *, template_id: str, contact: Contact, agreed_on: date, request_id: str
    ) -> Confirmation:
        raise _unsupported()

    async def request_acceptance(
        self, customer_id: str, *, template_id: str, contact: Contact, request_id: str
    ) -> AcceptanceRequest:
        raise _unsupported()

    async def follow_acceptance(
        self, customer_id: str, *, reference: str, template_id: str, request_id: str
    ) -> AcceptanceStatus:
        raise _unsupported()

    async def document_link(self, template_id: str, *, language: str, country: str) -> DocumentLink:
        raise _unsupported()

    async def list_subscriptions(self, customer_id: str) -> Sequence[Subscription]:
        raise _unsupported()

    async def end_subscription(self, customer_id: str, subscription_id: str, *, request_id: str) -> Ending:
        raise _unsupported()

    async def remove_customer(self, customer_id: str, *, request_id: str) -> None:
        raise _unsupported()

    async def invitation_url(self) -> str:
        raise _unsupported()

    async def subscribe(self, url: str) -> None:
        raise _unsupported()

    async def read_notification(self, headers: Mapping[str, str], body: bytes) -> Notification:
        raise _unsupported()

    async def aclose(self) -> None: ...


def _unsupported() -> Unsupported:
    return Unsupported("This provider is served by hand: a person does this outside.")
