"""The calls of the REST provider contract, as data."""

from collections.abc import Sequence
from datetime import date
from urllib.parse import quote

from providers.base import Address, Contact, CreatedCustomer, Customer, NewCustomer, Problem
from providers.errors import CustomerNotVisible
from providers.rest import wire
from providers.rest.refusals import Absent
from providers.rest.rules import CountryRules, address_problem, country_rules
from providers.rest.session import Call

PROPERTIES = Call(path="/utilities/provider-properties", read=wire.properties)
CUSTOMERS = Call(path="/customers", read=wire.list_of(wire.listed), whole=True)


def customer(customer_id: str) -> Call[Customer | None]:
    return Call(path=_customer(customer_id), read=wire.maybe(wire.customer), missing=Absent)


def creation(new: NewCustomer, rules: CountryRules | None) -> Call[CreatedCustomer]:
    return Call(
        method="POST",
        path="/customers",
        read=wire.created_customer,
        json=wire.new_customer(new, rules),
    )


def domain_check(domain: str) -> Call[bool]:
    return Call(path=f"/utilities/domain-check/{quote(domain, safe='')}", read=wire.truth)


def address_check(address: Address) -> Call[Problem | None]:
    return Call(
        method="POST", path="/utilities/validate-address", read=address_problem, json=wire.address(address)
    )


def rules_of(country: str) -> Call[CountryRules | None]:
    path = f"/countries/{quote(country.upper(), safe='')}/validation-rules"
    return Call(path=path, read=wire.maybe(country_rules), missing=Absent)


def agreements(customer_id: str, *, today: date) -> Call[Sequence[wire.Agreement]]:
    return Call(
        path=f"{_customer(customer_id)}/agreements",
        read=wire.list_of(lambda body: wire.agreement(body, today=today)),
        missing=CustomerNotVisible,
        whole=True,
    )


def submission(
    customer_id: str,
    *,
    template_id: str,
    today: date,
    contact: Contact | None = None,
    agreed_on: date | None = None,
) -> Call[wire.Agreement]:
    """Submit an agreement, signed or, without contact and day, to be signed by the customer."""
    return Call(
        method="POST",
        path="/agreements",
        read=lambda body: wire.agreement(body, today=today),
        json=wire.new_agreement(customer_id, template_id=template_id, contact=contact, agreed_on=agreed_on),
        missing=CustomerNotVisible,
    )


def _customer(customer_id: str) -> str:
    return f"/customers/{quote(customer_id, safe='')}"
