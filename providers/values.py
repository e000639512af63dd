"""What is said to providers and by them, in no vendor's words."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum


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
    """Where the customer itself accepts.

    Attributes:
        url: The page; a secret of the partner and the customer, if it names the request.
        expires_at: When the page ceases to work; None if it does not.
        reference: The provider's own id of the request, which `follow_acceptance` takes; None where
            `list_confirmations` alone tells what became of it.
    """

    url: str
    expires_at: datetime | None = None
    reference: str | None = None


class AcceptanceStatus(StrEnum):
    """What has become of a request to the customer."""

    OPEN = "OPEN"
    ACCEPTED = "ACCEPTED"
    EXPIRED = "EXPIRED"
    REFUSED = "REFUSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentLink:
    """Where the text of some terms can be read for some minutes: pass it on, never store it."""

    display_url: str
    download_url: str
    language: str
    country: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerChange:
    """That something about a customer changed; `removed` if it is no customer of the partner's any more."""

    customer_id: str
    removed: bool = False


class SubscriptionStatus(StrEnum):
    """How a subscription stands; what the provider names otherwise is OTHER."""

    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    ENDED = "ENDED"
    OTHER = "OTHER"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A service that a customer has.

    Attributes:
        parent_id: The subscription that this one is an addition to.
        term_ends_on: Calendar day in UTC on which the commitment ends; None if it is not known.
    """

    id: str
    name: str
    status: SubscriptionStatus
    quantity: int
    auto_renews: bool
    parent_id: str | None = None
    term_ends_on: date | None = None


class EndingKind(StrEnum):
    """How a subscription was brought to an end."""

    CANCELLED = "CANCELLED"
    SUSPENDED = "SUSPENDED"
    NOT_RENEWED = "NOT_RENEWED"
    ENDED_BEFORE = "ENDED_BEFORE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What came of ending a subscription; `on` is its last day in UTC, if that lies ahead and is known."""

    kind: EndingKind
    on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """What a provider tells unasked, proved to be its word.

    Attributes:
        id: The same when the provider tells it again.
        event: The provider's own name of what happened; new ones may appear at any time.
        customer_id: The customer whose own data or relationship changed; None for all else.
    """

    id: str
    event: str
    customer_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What keeps a connection from working.

    Attributes:
        cause: A stable name in capitals, e.g. WRONG_SECRET.
        message: What is wrong, in a sentence for an administrator.
        remedy: What the administrator does about it.
    """

    cause: str
    message: str
    remedy: str


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
