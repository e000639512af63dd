"""What every provider offers, in no vendor's words."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    first_name: str
    last_name: str
    email: str
    phone: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A postal address; `country` is ISO 3166-1 alpha-2, `region` the code of a state or province."""

    line1: str
    city: str
    country: str
    line2: str | None = None
    region: str | None = None
    postal_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCustomer:
    """A customer to create; what is None may be lacking, which `check_new_customer` tells.

    `domain` is the full domain name that the provider shall give to the customer.
    """

    name: str
    contact: Contact
    domain: str | None
    address: Address | None
    organization_registration_number: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """A customer as the provider knows it; `name` falls back to the domain, then to the id."""

    id: str
    name: str
    domain: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantCredentials:
    """The first administrator of a new customer, told once: show them, never store or log them."""

    user_name: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedCustomer:
    """`credentials` are None when the provider gives none, or has given them before."""

    customer: Customer
    credentials: TenantCredentials | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """Terms that the provider knows.

    `kind` is the provider's own name of the kind; new kinds may appear at any time. Of two templates of a
    kind the one of higher `version_rank` is in force.
    """

    template_id: str
    kind: str
    link: str | None = None
    version_rank: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """The provider's word that a customer stands in an agreement.

    Attributes:
        template_id: GUIDs in lower case.
        contact: Who agreed; None if the provider names nobody, as always with `direct`.
        agreed_on: Calendar day in UTC; for `direct` the day on which we asked, since no other is known.
        direct: The customer accepted at the provider by itself, without the partner.
    """

    template_id: str
    contact: Contact | None
    agreed_on: date
    direct: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptanceRequest:
    """Where the customer's own administrator accepts; without `expires_at` the address does not expire."""

    url: str
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What can be asked of a provider; `agreement_confirmation` includes asking the customer."""

    customer_sync: bool = False
    customer_creation: bool = False
    agreement_confirmation: bool = False
    agreement_sync: bool = False


class ProblemCode(StrEnum):
    DOMAIN_REQUIRED = "DOMAIN_REQUIRED"
    DOMAIN_UNAVAILABLE = "DOMAIN_UNAVAILABLE"
    REGISTRATION_NUMBER_REQUIRED = "REGISTRATION_NUMBER_REQUIRED"
    REGISTRATION_NUMBER_INVALID = "REGISTRATION_NUMBER_INVALID"
    PHONE_REQUIRED = "PHONE_REQUIRED"
    ADDRESS_REQUIRED = "ADDRESS_REQUIRED"
    ADDRESS_INVALID = "ADDRESS_INVALID"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a customer would be refused; `field` is a path of attributes from `NewCustomer`."""

    code: ProblemCode
    message: str
    field: tuple[str, ...]


class Provider(Protocol):
    """A source of services whose customers stand in agreements.

    Identifiers are the provider's own; GUIDs come in lower case. Each method makes its own bounded repeats
    and may raise, beside what it names: `ProviderUnavailable` (no usable answer), `AdministratorNeeded`
    (the connection lacks a right) or `Unsupported` (see `capabilities`). An instance belongs to one event
    loop.
    """

    @property
    def capabilities(self) -> Capabilities: ...

    def list_customers(self) -> AsyncIterator[Sequence[Customer]]:
        """Give all customers of the partner, page by page, in the provider's order.

        A customer may come twice if the list changes meanwhile.

        Raises:
            ProviderUnavailable: A page is missing or broken: what came before is not the whole list.
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

    async def list_confirmations(self, customer_id: str) -> Sequence[Confirmation]:
        """Give all acceptances of a customer, newest first, the partner's and the customer's own together.

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

    async def request_acceptance(self, customer_id: str, *, template_id: str) -> AcceptanceRequest:
        """Give the address where the customer itself accepts; `list_confirmations` tells when it has.

        Raises:
            InputRefused: The provider takes no new acceptances of this template.
        """
        ...

    async def invitation_url(self) -> str:
        """Give the address where an existing customer becomes a customer of the partner.

        The same for every customer; who followed it shows in `list_customers`.
        """
        ...

    async def aclose(self) -> None:
        """Close connections; the instance is of no use afterwards. Repeating is harmless."""
        ...
