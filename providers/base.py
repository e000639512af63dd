"""What every provider offers, in no vendor's words."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from providers.values import (
    AcceptanceRequest,
    AcceptanceStatus,
    Address,
    Capabilities,
    Confirmation,
    Contact,
    CreatedCustomer,
    Customer,
    CustomerChange,
    DocumentLink,
    Ending,
    EndingKind,
    NewCustomer,
    Notification,
    Problem,
    ProblemCode,
    Subscription,
    SubscriptionStatus,
    Template,
    TenantCredentials,
    Trouble,
)

__all__ = [
    "AcceptanceRequest",
    "AcceptanceStatus",
    "Address",
    "Capabilities",
    "Confirmation",
    "Contact",
    "CreatedCustomer",
    "Customer",
    "CustomerChange",
    "DocumentLink",
    "Ending",
    "EndingKind",
    "NewCustomer",
    "Notification",
    "Problem",
    "ProblemCode",
    "Provider",
    "Subscription",
    "SubscriptionStatus",
    "Template",
    "TenantCredentials",
    "Trouble",
]


class Provider(Protocol):
    """A source of services whose customers stand in agreements.

    Identifiers are the provider's own: those of terms come in lower case if they are GUIDs, and so does every
    GUID of a provider that does not tell cases apart. Each method makes its own bounded repeats
    and may raise, beside what it names: `ProviderUnavailable` (no usable answer), `AdministratorNeeded`
    (the connection lacks a right) or `Unsupported` (the provider has no such function). An instance belongs
    to one event loop.
    """

    async def read_capabilities(self) -> Capabilities:
        """Tell what can be asked of the provider as it is now."""
        ...

    async def examine(self) -> Sequence[Trouble]:
        """Try all that the connection is for, changing nothing, and say what is in its way; never raises."""
        ...

    def list_customers(self) -> AsyncIterator[Sequence[Customer]]:
        """Give all customers of the partner, page by page, in the provider's order.

        A customer may come twice if the list changes meanwhile.

        Raises:
            ProviderUnavailable: A page is missing or broken: what came before is not the whole list.
        """
        ...

    def list_changes(self, *, since: datetime) -> AsyncIterator[Sequence[CustomerChange]]:
        """Give the customers of which anything changed, page by page; one may come several times.

        An acceptance by the customer itself is no change in this sense.

        Raises:
            Unsupported: The provider does not know what changed since then: `list_customers` instead.
            ProviderUnavailable: A page is missing or broken: what came before is not all.
        """
        ...

    async def find_customer(self, *, domain: str) -> Customer | None:
        """Look a customer up by its exact domain, in either case.

        None is no proof after a creation of the last minutes: a new customer is found late.
        """
        ...

    async def get_customer(self, customer_id: str) -> Customer | None:
        """Read one customer; None if unknown, foreign, or just created and not readable yet."""
        ...

    async def is_domain_available(self, domain: str) -> bool: ...

    async def check_new_customer(self, new: NewCustomer) -> Sequence[Problem]:
        """Tell all that is known to stand against creating a customer; changes nothing.

        In the order of the form: domain, registration number, phone, address. Empty does not promise success.
        """
        ...

    async def create_customer(self, new: NewCustomer, *, request_id: str) -> CreatedCustomer:
        """Create a customer; for minutes after it other calls may raise `CustomerNotVisible`.

        The registration number is sent only to countries whose rules take one.

        Args:
            new: Checked before with `check_new_customer`.
            request_id: Idempotency key, any text. Repeat it after `ProviderUnavailable` and the customer is
                made once; take a new one after any other answer, since a refusal may be replayed as well.

        Raises:
            InputRefused: The provider declined it; nothing was made.
            ProviderUnavailable: It may have been made: look, then repeat with the same `request_id`.
        """
        ...

    async def list_templates(self) -> Sequence[Template]:
        """Give the terms that the provider knows, highest `version_rank` first."""
        ...

    async def list_confirmations(
        self, customer_id: str, *, enough_since: date | None = None
    ) -> Sequence[Confirmation]:
        """Give all acceptances of a customer, newest first, the partner's and the customer's own together.

        Args:
            customer_id: Whose.
            enough_since: Where the partner has confirmed the terms on this day or later, the customer's own
                acceptance of the same terms may be left out, if finding it takes another call.

        Raises:
            CustomerNotVisible: The provider does not know the customer, or not yet.
        """
        ...

    async def confirm(
        self, customer_id: str, *, template_id: str, contact: Contact, agreed_on: date, request_id: str
    ) -> Confirmation:
        """Record at the provider that the customer accepted an agreement.

        Args:
            customer_id: Whose agreement it is.
            template_id: The terms; they alone decide the kind of agreement.
            contact: The customer's person who accepted.
            agreed_on: Calendar day of acceptance in UTC, not in the future.
            request_id: Idempotency key, as with `create_customer`.

        Raises:
            AlreadyConfirmed: It is confirmed with this contact: read it back.
            CustomerMustAccept: The partner cannot confirm here: `request_acceptance`. Nothing was stored.
            InputRefused: The template, the date or the contact is not taken.
            CustomerNotVisible: The provider does not know the customer, or not yet.
        """
        ...

    async def request_acceptance(
        self, customer_id: str, *, template_id: str, contact: Contact, request_id: str
    ) -> AcceptanceRequest:
        """Open a way for the customer itself to accept.

        Args:
            customer_id: Whose acceptance is wanted.
            template_id: The terms.
            contact: The customer's person who is to accept.
            request_id: Idempotency key, as with `create_customer`.

        Raises:
            InputRefused: The provider takes no new acceptances of this template, or not from this contact.
            CustomerNotVisible: The provider does not know the customer, or not yet.
        """
        ...

    async def follow_acceptance(
        self, customer_id: str, *, reference: str, template_id: str, request_id: str
    ) -> AcceptanceStatus:
        """Ask what became of a request, and do what the provider wants done once the customer has accepted.

        Repeating it is harmless. After ACCEPTED, `list_confirmations` gives the confirmation.

        Args:
            customer_id: Whose acceptance was asked for.
            reference: Of the `AcceptanceRequest`.
            template_id: The terms.
            request_id: Idempotency key of what is done at last, as with `create_customer`.

        Raises:
            InputRefused: The provider knows no such request, or does not take its outcome.
            CustomerNotVisible: The provider does not know the customer, or not yet.
        """
        ...

    async def document_link(self, template_id: str, *, language: str, country: str) -> DocumentLink:
        """Say where the text of some terms can be read just now.

        Args:
            template_id: The terms.
            language: A language tag, e.g. `de-DE`; where the provider lacks it another one is given.
            country: ISO 3166-1 alpha-2.

        Raises:
            InputRefused: The provider has no text of these terms.
        """
        ...

    async def list_subscriptions(self, customer_id: str) -> Sequence[Subscription]:
        """Give what the customer has, ended ones too; additions before what they are added to.

        Raises:
            CustomerNotVisible: The provider does not know the customer, or not yet.
        """
        ...

    async def end_subscription(self, customer_id: str, subscription_id: str, *, request_id: str) -> Ending:
        """Bring a subscription to the earliest end that its kind allows; repeating it is harmless.

        Args:
            customer_id: Whose it is.
            subscription_id: Which one; its additions come before it.
            request_id: Idempotency key, as with `create_customer`.

        Raises:
            InputRefused: The provider does not end it, or not now.
            CustomerNotVisible: The provider does not know the customer, or not yet.
        """
        ...

    async def remove_customer(self, customer_id: str, *, request_id: str) -> None:
        """End the partner's relationship with a customer; nothing that the customer has is deleted.

        One who is no customer any more is left alone.

        Args:
            customer_id: Which one; it has no active subscription left.
            request_id: Idempotency key, as with `create_customer`.

        Raises:
            InputRefused: Something active stands against it.
        """
        ...

    async def invitation_url(self) -> str:
        """Give the address where an existing customer becomes a customer of the partner.

        The same for every customer; who followed it shows in `list_customers`.
        """
        ...

    async def subscribe(self, url: str) -> None:
        """Have the provider tell of changes at a public https address, in place of an earlier one."""
        ...

    async def read_notification(self, headers: Mapping[str, str], body: bytes) -> Notification:
        """Read what was sent to the address of `subscribe`.

        Args:
            headers: Of the request, names in lower case.
            body: Of the request, as it came.

        Raises:
            InputRefused: It is not proved to be the provider's word, or cannot be read.
        """
        ...

    async def aclose(self) -> None:
        """Close connections; the instance is of no use afterwards. Repeating is harmless."""
        ...
