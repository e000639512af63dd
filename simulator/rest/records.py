"""What the simulated provider keeps, in memory, and how it names that on the wire."""

from dataclasses import dataclass, field
from datetime import datetime

from simulator.rest.settings import RestBehaviour
from simulator.stage import Stage
from simulator.values import Body, Json

UNSIGNED = "0001-01-01T00:00:00"
ADDRESS_MEMBERS = ("AddressLine1", "AddressLine2", "City", "RegionOrState", "PostalOrZipCode", "Country")
CONTACT_MEMBERS = ("FirstName", "LastName", "PhoneNumber", "Email")
TEXT_MEMBERS = ("Email", "Language", "Culture", "Domain", "OrganizationRegistrationNumber")

Members = dict[str, str | None]


@dataclass(frozen=True)
class RestCustomer:
    """`texts`, `address` and `contact` are named as on the wire, and complete."""

    id: str
    name: str | None
    texts: Members
    address: Members | None
    contact: Members | None
    created_on: datetime


@dataclass(frozen=True)
class RestAgreement:
    """Unsigned while `signed_by` is none and `signed_on` is the first instant there is."""

    id: str
    name: str | None
    customer_id: str
    template_id: str
    signed_by: Members | None
    signed_on: str
    created_on: datetime


@dataclass
class RestWorld(Stage):
    initial_behaviour: RestBehaviour
    behaviour: RestBehaviour = field(init=False)
    customers: dict[str, RestCustomer] = field(default_factory=dict[str, RestCustomer])
    agreements: dict[str, RestAgreement] = field(default_factory=dict[str, RestAgreement])

    def __post_init__(self) -> None:
        self.behaviour = self.initial_behaviour

    def reset(self) -> None:
        super().reset()
        self.behaviour = self.initial_behaviour
        self.customers.clear()
        self.agreements.clear()

    def is_domain_taken(self, domain: str) -> bool:
        wanted = domain.lower()
        return any((customer.texts["Domain"] or "").lower() == wanted for customer in self.customers.values())

    def agreements_of(self, customer_id: str) -> list[RestAgreement]:
        return [one for one in self.agreements.values() if one.customer_id == customer_id]


def read_members(body: Body, names: tuple[str, ...]) -> Members | None:
    """Read an object with texts; none if it is absent or has none of them."""
    texts: Members = {name: body.text(name) or None for name in names}
    return texts if any(texts.values()) else None


def show_customer(customer: RestCustomer, *, null_names: bool) -> dict[str, Json]:
    return {
        **customer.texts,
        "DefaultAddress": _part(customer.address),
        "UserCredentials": None,
        "Contact": _part(customer.contact),
        **_model(customer.id, None if null_names else customer.name, customer.created_on),
    }


def show_agreement(agreement: RestAgreement, *, null_names: bool) -> dict[str, Json]:
    return {
        "SignedBy": _part(agreement.signed_by),
        "Customer": {"Id": agreement.customer_id, "Name": None},
        "SignedOn": agreement.signed_on,
        "TemplateId": agreement.template_id,
        **_model(agreement.id, None if null_names else agreement.name, agreement.created_on),
    }


def _part(members: Members | None) -> Json:
    """Show an address or a person: a model like the others, but without identity."""
    return None if members is None else {**members, **_model(None, None, None)}


def _model(model_id: str | None, name: str | None, created_on: datetime | None) -> dict[str, Json]:
    created = None if created_on is None else created_on.strftime("%Y-%m-%dT%H:%M:%S")
    return {"CreatedOn": created, "ModifiedOn": None, "Id": model_id, "Name": name}
