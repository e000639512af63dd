"""The REST provider contract's JSON to dataclasses and back, without any I/O."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar, cast

from providers.base import (
    Address,
    Capabilities,
    Confirmation,
    Contact,
    CreatedCustomer,
    Customer,
    NewCustomer,
    TenantCredentials,
)
from providers.record import Malformed, Record, identifier
from providers.rest.rules import CountryRules

T = TypeVar("T")

Json = Mapping[str, object]

UNSIGNED_ON = "0001-01-01T00:00:00"


@dataclass(frozen=True, slots=True, kw_only=True)
class Properties:
    """What the provider says it can do."""

    capabilities: Capabilities
    verifies_addresses: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedCustomer:
    """A customer with what tells it from others where it has no domain."""

    customer: Customer
    name: str | None
    email: str | None

    def is_same_as(self, new: NewCustomer) -> bool:
        """Tell whether creating `new` would make this customer a second time."""
        domain = self.customer.domain
        if domain and new.domain:
            return _same(domain, new.domain)
        return _same(self.name, new.name) and _same(self.email, new.contact.email)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """An agreement; without `confirmation` it waits for the customer's signature."""

    id: str
    template_id: str
    confirmation: Confirmation | None

    def is_of(self, template_id: str) -> bool:
        return _same(self.template_id, template_id)

    def is_signed_by(self, contact: Contact) -> bool:
        """Compare persons by their e-mail address; people change how they write their names."""
        signer = self.confirmation.contact if self.confirmation else None
        return signer is not None and _same(signer.email, contact.email)


def properties(body: object) -> Properties:
    record = Record(body)
    creation, confirmation, addresses = (
        "SupportsCustomerCreation",
        "SupportsAgreementConfirmation",
        "SupportsAddressVerification",
    )
    if not any(name in record for name in (creation, confirmation, addresses)):
        raise Malformed("It names no capability.")
    confirms = record.flag(confirmation)
    return Properties(
        capabilities=Capabilities(
            customer_sync=True,
            customer_creation=record.flag(creation),
            agreement_confirmation=confirms,
            agreement_sync=confirms,
        ),
        verifies_addresses=record.flag(addresses),
    )


def listed(body: object) -> ListedCustomer:
    record = Record(body)
    return ListedCustomer(
        customer=_customer(record),
        name=record.text("Name"),
        email=record.text("Email") or record.record("Contact").text("Email"),
    )


def customer(body: object) -> Customer:
    """Read a customer; its id stays as it is written, since the provider may tell cases apart."""
    return _customer(Record(body))


def created_customer(body: object) -> CreatedCustomer:
    record = Record(body)
    credentials = record.record("UserCredentials")
    user_name, password = credentials.text("UserName"), credentials.text("Password")
    return CreatedCustomer(
        customer=_customer(record),
        credentials=TenantCredentials(user_name=user_name, password=password)
        if user_name and password
        else None,
    )


def new_customer(new: NewCustomer, rules: CountryRules | None) -> Json:
    number = new.organization_registration_number
    if rules is not None and not rules.takes_registration_number:
        number = None
    return _given(
        {
            "Name": new.name,
            "Email": new.contact.email,
            "Language": rules.language if rules else None,
            "Culture": rules.culture if rules else None,
            "DefaultAddress": address(new.address) if new.address else None,
            "Domain": new.domain,
            "OrganizationRegistrationNumber": number,
            "Contact": _person(new.contact),
        }
    )


def address(written: Address) -> Json:
    return _given(
        {
            "AddressLine1": written.line1,
            "AddressLine2": written.line2,
            "City": written.city,
            "RegionOrState": written.region,
            "PostalOrZipCode": written.postal_code,
            "Country": written.country.upper(),
        }
    )


def agreement(body: object, *, today: date) -> Agreement:
    """Read an agreement; a signature without a date counts from the last change, at worst from today."""
    record = Record(body)
    template_id = identifier(record.required("TemplateId"))
    signer = record.record("SignedBy")
    names = [signer.text(name) for name in ("FirstName", "LastName", "Email")]
    signed_on = record.instant("SignedOn")
    confirmation = None
    if signed_on is not None or any(names):
        moment = signed_on or record.instant("ModifiedOn") or record.instant("CreatedOn")
        confirmation = Confirmation(
            template_id=template_id,
            contact=_contact(names, signer.text("PhoneNumber")),
            agreed_on=moment.date() if moment else today,
        )
    return Agreement(id=record.required("Id"), template_id=template_id, confirmation=confirmation)


def new_agreement(
    customer_id: str, *, template_id: str, contact: Contact | None = None, agreed_on: date | None = None
) -> Json:
    """Write an agreement, signed or, without contact and day, to be signed by the customer."""
    return {
        "TemplateId": template_id,
        "Customer": {"Id": customer_id},
        "SignedBy": _person(contact) if contact else None,
        "SignedOn": f"{agreed_on.isoformat()}T00:00:00" if agreed_on else UNSIGNED_ON,
    }


def list_of(read_item: Callable[[object], T]) -> Callable[[object], Sequence[T]]:
    """Give the reader of a whole list; nothing at all is an empty one, a broken item breaks it."""

    def read(body: object) -> Sequence[T]:
        if body is None:
            return []
        if not isinstance(body, list):
            raise Malformed("It is no list.")
        return [read_item(item) for item in cast("list[object]", body)]

    return read


def maybe(read: Callable[[object], T]) -> Callable[[object], T | None]:
    """Give the reader of something that may not be there."""
    return lambda body: None if body is None else read(body)


def truth(body: object) -> bool:
    """Read a bare boolean, also one written as text."""
    if body is None:
        raise Malformed("It is neither true nor false.")
    return Record({"It": body}).flag("It")


def _customer(record: Record) -> Customer:
    customer_id, domain = record.required("Id"), record.text("Domain")
    return Customer(id=customer_id, name=record.text("Name") or domain or customer_id, domain=domain)


def _same(one: str | None, other: str | None) -> bool:
    """Compare what people write, in which neither case nor spaces count; nothing equals nothing."""
    if not one or not other:
        return False
    return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()


def _given(members: Json) -> Json:
    return {name: value for name, value in members.items() if value}


def _person(contact: Contact) -> Json:
    return _given(
        {
            "FirstName": contact.first_name,
            "LastName": contact.last_name,
            "PhoneNumber": contact.phone,
            "Email": contact.email,
        }
    )


def _contact(names: Sequence[str | None], phone: str | None) -> Contact | None:
    first_name, last_name, email = names
    if not (first_name and last_name and email):
        return None
    return Contact(first_name=first_name, last_name=last_name, email=email, phone=phone)
