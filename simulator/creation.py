"""What a new customer must look like before a tenant is made for it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from simulator.access import Principal
from simulator.countries import Country, find_country
from simulator.customers import count_customers, is_domain_taken
from simulator.errors import forbidden, invalid, refused_by_customer_service
from simulator.partners import INDIRECT_RESELLER, find_partner
from simulator.values import Body, is_email, is_guid
from simulator.world import World

ADDRESS_MEMBERS = (
    "addressLine1",
    "addressLine2",
    "city",
    "state",
    "region",
    "district",
    "postalCode",
    "firstName",
    "middleName",
    "lastName",
    "phoneNumber",
)
SANDBOX_CUSTOMERS = 75
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}\.(onmicrosoft\.com|ccsctp\.net)", re.IGNORECASE)
_CULTURE = re.compile(r"([a-z]{2,3})(-[a-z]{4})?-([a-z]{2})", re.IGNORECASE)


@dataclass(frozen=True)
class NewCustomer:
    domain: str
    company_name: str
    country: str
    email: str
    culture: str
    language: str
    address: Mapping[str, str]
    registration_number: str | None
    associated_partner_id: str | None


def read_new_customer(world: World, principal: Principal, body: Body) -> NewCustomer:
    """Read and check a request to create a customer.

    Raises:
        Refusal: 400 or 403 for the first rule that is broken.
    """
    _check_sandbox(world, principal)
    if "password" in body.section("userCredentials").members:
        raise invalid("A password must not be given.", code=800002)
    company, billing = body.section("companyProfile"), body.section("billingProfile")
    address = read_address(billing.section("defaultAddress"))
    country = check_address(billing.text("defaultAddress", "country"), address)
    new = NewCustomer(
        domain=_domain(world, company.text("domain")),
        company_name=_required(billing.text("companyName"), "BillingProfile.CompanyName"),
        country=country.code,
        email=_email(billing.text("email")),
        culture=_culture(billing.text("culture")),
        language=_required(billing.text("language"), "BillingProfile.Language"),
        address=address,
        registration_number=company.text("organizationRegistrationNumber") or None,
        associated_partner_id=body.text("associatedPartnerId").lower() or None,
    )
    _check_registration(country, new)
    _check_reseller(world, principal, new.associated_partner_id)
    return new


def _check_sandbox(world: World, principal: Principal) -> None:
    tenant_id = principal.partner.tenant_id
    if principal.partner.sandbox and count_customers(world.store, tenant_id) >= SANDBOX_CUSTOMERS:
        raise invalid("The sandbox limit has been met", code=800018)


def read_address(body: Body) -> dict[str, str]:
    """Read what is given of an address, the country apart."""
    texts = {name: body.text(name) for name in ADDRESS_MEMBERS}
    return {name: text for name, text in texts.items() if text}


def check_address(code: str, address: Mapping[str, str]) -> Country:
    """Find the country, and hold the address against its rules.

    Raises:
        Refusal: 400.
    """
    _required(code, "DefaultAddress.Country")
    country = find_country(code.upper())
    if country is None:
        raise invalid(f"No validation rules were found for the country/region {code}")
    _required(address.get("addressLine1", ""), "DefaultAddress.AddressLine1")
    _required(address.get("city", ""), "DefaultAddress.City")
    if country.states and address.get("state", "") not in country.states:
        raise invalid("Invalid property: DefaultAddress.State")
    if not country.takes_postal_code(address.get("postalCode", "")):
        raise invalid("Invalid property: DefaultAddress.PostalCode")
    return country


def _required(text: str, name: str) -> str:
    if not text:
        raise invalid(f"Invalid property: {name} is required.")
    return text


def _domain(world: World, domain: str) -> str:
    _required(domain, "CompanyProfile.Domain")
    if not _DOMAIN.fullmatch(domain):
        raise invalid("Invalid property: CompanyProfile.Domain")
    if is_domain_taken(world.store, domain):
        raise invalid(f"The domain {domain} is not available.")
    return domain


def _email(email: str) -> str:
    if not is_email(email):
        raise invalid("Invalid property: BillingProfile.Email")
    return email


def _culture(text: str) -> str:
    """Spell a culture as the service does: en-US, sr-Latn-RS."""
    match = _CULTURE.fullmatch(text)
    if match is None:
        raise invalid("Invalid property: BillingProfile.Culture")
    language, script, country = match.groups()
    return f"{language.lower()}{(script or '').title()}-{country.upper()}"


def _check_registration(country: Country, new: NewCustomer) -> None:
    number = new.registration_number
    if not country.needs_registration_number:
        if number is not None:
            raise refused_by_customer_service(
                600002,
                "RegistrationNumberNotSupported",
                "Organization registration ID value is not supported",
            )
        return
    if number is None:
        raise refused_by_customer_service(
            600049, "RegistrationNumberMissing", "Organization registration ID information is missing"
        )
    if not country.takes_registration_number(number):
        raise refused_by_customer_service(
            600050,
            "RegistrationNumberInvalid",
            "Organization registration ID information is invalid and should be of the format"
            f" {country.registration_number_regex}",
        )
    if not new.address.get("phoneNumber"):
        raise refused_by_customer_service(600051, "PhoneNumberMissing", "Customer phone number is missing")


def _check_reseller(world: World, principal: Principal, reseller_id: str | None) -> None:
    """A customer is made for an indirect reseller only by a user of a provider in partnership with it."""
    if reseller_id is None:
        return
    if principal.user is None:
        raise forbidden(900329, "This resource doesn't support application-only authentication.")
    reseller = find_partner(world.store, reseller_id) if is_guid(reseller_id) else None
    provider_id = principal.partner.tenant_id
    if (
        reseller is None
        or reseller.kind != INDIRECT_RESELLER
        or provider_id not in reseller.indirect_providers
    ):
        raise refused_by_customer_service(
            600006, "ActionNotAllowed", "The requested action is not allowed", status=403
        )
