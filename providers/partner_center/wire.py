"""Partner Center's JSON to dataclasses and back, without any I/O."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeVar

from providers.base import (
    Address,
    Confirmation,
    Contact,
    CreatedCustomer,
    Customer,
    DocumentLink,
    NewCustomer,
    Template,
    TenantCredentials,
)
from providers.partner_center.rules import CountryRules, iso_country
from providers.record import Malformed, Record, identifier, parse

T = TypeVar("T")

CUSTOMER_AGREEMENT = "MicrosoftCustomerAgreement"
CLOUD_AGREEMENT = "MicrosoftCloudAgreement"

LONGEST_ERROR_TEXT = 300
LONGEST_CODE = 100

_TOKEN = re.compile(r"\beyJ[\w-]+(?:\.[\w-]*){0,4}|(?<=\bBearer )\S+", re.IGNORECASE)
"""What proves who we are, which a service may repeat to us in what it says of a call."""

Json = Mapping[str, object]


def customer(body: object) -> Customer:
    record = Record(body)
    company = record.record("companyProfile")
    customer_id = identifier(record.text("id") or company.required("tenantId"))
    domain = company.text("domain")
    name = company.text("companyName") or record.record("billingProfile").text("companyName")
    return Customer(id=customer_id, name=name or domain or customer_id, domain=domain)


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """What is on record of a customer's company; `language` is a tag like `de-DE`, or only `de`."""

    name: str
    country: str | None
    language: str | None


def company(body: object) -> Company:
    record = Record(body)
    profile, billing = record.record("companyProfile"), record.record("billingProfile")
    country = profile.record("address").text("country") or billing.record("defaultAddress").text("country")
    return Company(
        name=customer(body).name,
        country=iso_country(country) if country else None,
        language=billing.text("culture") or billing.text("language"),
    )


def created_customer(body: object) -> CreatedCustomer:
    credentials = Record(body).record("userCredentials")
    user_name, password = credentials.text("userName"), credentials.text("password")
    return CreatedCustomer(
        customer=customer(body),
        credentials=TenantCredentials(user_name=user_name, password=password)
        if user_name and password
        else None,
    )


def removed(body: object) -> None:
    """Check the answer to a removal, in which most members are null."""
    if (Record(body).text("relationshipToPartner") or "none").casefold() != "none":
        raise Malformed("The relationship goes on.")


def new_customer(new: NewCustomer, rules: CountryRules) -> Json:
    """Write a customer to create.

    Raises:
        ValueError: It lacks the domain or the address.
    """
    if new.domain is None or new.address is None:
        raise ValueError("A new customer needs a domain and an address.")
    company = {"domain": new.domain}
    if new.organization_registration_number and rules.takes_registration_number:
        company["organizationRegistrationNumber"] = new.organization_registration_number
    names = {"firstName": new.contact.first_name, "lastName": new.contact.last_name}
    phone = {"phoneNumber": new.contact.phone} if new.contact.phone else {}
    return {
        "companyProfile": company,
        "billingProfile": {
            "email": new.contact.email,
            "culture": rules.culture,
            "language": rules.language,
            "companyName": new.name,
            "defaultAddress": {**address(new.address), **names, **phone},
        },
    }


def address(written: Address) -> Json:
    members = {
        "addressLine1": written.line1,
        "addressLine2": written.line2,
        "city": written.city,
        "state": written.region,
        "postalCode": written.postal_code,
        "country": iso_country(written.country),
    }
    return {name: value for name, value in members.items() if value}


def template(body: object) -> Template:
    record = Record(body)
    return Template(
        template_id=identifier(record.required("templateId")),
        kind=record.required("agreementType"),
        link=record.text("agreementLink"),
        version_rank=record.integer("versionRank"),
    )


def confirmation(body: object) -> Confirmation | None:
    """Read an agreement; None for one without a date, since nobody agreed to it yet."""
    record = Record(body)
    agreed_at = record.instant("dateAgreed")
    if agreed_at is None:
        return None
    return Confirmation(
        template_id=identifier(record.required("templateId")),
        contact=_contact(record.record("primaryContact")),
        agreed_on=agreed_at.date(),
    )


def confirmed(body: object, *, asked: Confirmation) -> Confirmation:
    """Read the answer to a confirmation, in which members may be missing that were asked for."""
    record = Record(body)
    agreed_at = record.instant("dateAgreed")
    template_id = record.text("templateId")
    return replace(
        asked,
        template_id=identifier(template_id) if template_id else asked.template_id,
        contact=_contact(record.record("primaryContact")) or asked.contact,
        agreed_on=agreed_at.date() if agreed_at else asked.agreed_on,
    )


def new_agreement(*, terms: Template, contact: Contact, agreed_at: datetime) -> Json:
    person = {"firstName": contact.first_name, "lastName": contact.last_name, "email": contact.email}
    phone = {"phoneNumber": contact.phone} if contact.phone else {}
    return {
        "primaryContact": {**person, **phone},
        "dateAgreed": f"{agreed_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.000Z",
        "templateId": terms.template_id,
        "type": terms.kind,
    }


def document(body: object) -> DocumentLink:
    record = Record(body)
    return DocumentLink(
        display_url=record.required("displayUri"),
        download_url=record.required("downloadUri"),
        language=record.required("language"),
        country=record.required("country"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorBody:
    """What an error answer says: the text is Partner Center's own sentence, cut to a line."""

    code: str | None = None
    text: str | None = None
    retryable: bool = False


def error_body(content: bytes) -> ErrorBody:
    """Read an error in any of its shapes; an empty or foreign body tells nothing."""
    try:
        record = Record(parse(content))
    except Malformed:
        return ErrorBody()
    text = _told(record.text, "description") or _told(record.text, "message")
    return ErrorBody(
        code=_cut(_told(record.text, "code") or _told(record.text, "statusCode"), LONGEST_CODE),
        text=_cut(_TOKEN.sub("***", text) if text else None, LONGEST_ERROR_TEXT),
        retryable=_told(record.flag, "isRetryable") or False,
    )


def _told(read: Callable[[str], T], name: str) -> T | None:
    """Read a member; one of an odd type costs no other of them."""
    try:
        return read(name)
    except Malformed:
        return None


def _cut(text: str | None, most: int) -> str | None:
    return " ".join(text.split())[:most] if text else None


def _contact(record: Record) -> Contact | None:
    first_name, last_name, email = (record.text(name) for name in ("firstName", "lastName", "email"))
    if not (first_name and last_name and email):
        return None
    return Contact(first_name=first_name, last_name=last_name, email=email, phone=record.text("phoneNumber"))
