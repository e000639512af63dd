"""What stands against creating a customer, judged by the provider's own rules for its country."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from providers.base import NewCustomer, Problem, ProblemCode
from providers.country_rules import AddressRules, address_problems, pattern
from providers.record import Record

REFUSED = frozenset({"1", "error"})
"""The status of an address that is wrong, by its number and by its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountryRules:
    """`number_example` shows the form of a registration number and is no rule."""

    culture: str | None
    language: str | None
    region_required: bool
    regions: frozenset[str]
    city_required: bool
    postal_code_required: bool
    postal_code_pattern: re.Pattern[str] | None
    phone_pattern: re.Pattern[str] | None
    takes_registration_number: bool
    registration_number_required: bool
    number_example: str | None


def country_rules(body: object) -> CountryRules:
    """Read the rules; a tax id is required only where the provider says that it is not optional."""
    record = Record(body)
    takes_tax_id = record.flag("IsTaxIdSupported")
    return CountryRules(
        culture=record.text("DefaultCulture"),
        language=record.text("DefaultSupportedLanguage"),
        region_required=record.flag("IsStateRequired"),
        regions=frozenset(
            region.casefold() for region in record.items("StateList") if isinstance(region, str)
        ),
        city_required=record.flag("IsCityRequired"),
        postal_code_required=record.flag("IsPostalCodeRequired"),
        postal_code_pattern=pattern(record.text("PostalCodeRegex")),
        phone_pattern=pattern(record.text("PhoneNumberRegex")),
        takes_registration_number=takes_tax_id or record.flag("IsVatIdSupported"),
        registration_number_required=takes_tax_id
        and "IsTaxIdOptional" in record
        and not record.flag("IsTaxIdOptional"),
        number_example=record.text("TaxIdFormat"),
    )


def problems(new: NewCustomer, rules: CountryRules) -> Iterator[Problem]:
    """Apply the rules, in the order of the protocol's `check_new_customer`."""
    if rules.registration_number_required and not new.organization_registration_number:
        example = f", e.g. {rules.number_example}" if rules.number_example else ""
        yield Problem(
            code=ProblemCode.REGISTRATION_NUMBER_REQUIRED,
            message=f"The provider requires the organization's registration number in this country{example}.",
            field=("organization_registration_number",),
        )
    if new.contact.phone and not _fits(rules.phone_pattern, new.contact.phone):
        yield Problem(
            code=ProblemCode.PHONE_REQUIRED,
            message="The phone number has not the form that the provider requires in this country.",
            field=("contact", "phone"),
        )
    if new.address is not None:
        yield from address_problems(new.address, _of_addresses(rules))


def address_problem(body: object) -> Problem | None:
    """Read the outcome of the provider's check; one that cannot judge is nothing against the address."""
    record = Record(body or {})
    if (record.text("AddressValidationStatus") or "").casefold() not in REFUSED:
        return None
    advice = record.text("ValidationMessage") or _suggestion(record)
    return Problem(
        code=ProblemCode.ADDRESS_INVALID,
        message=" ".join(f"The provider does not take the address. {advice}".split()),
        field=("address",),
    )


def _of_addresses(rules: CountryRules) -> AddressRules:
    return AddressRules(
        provider="the provider",
        city_required=rules.city_required,
        region_required=rules.region_required,
        regions=rules.regions,
        postal_code_required=rules.postal_code_required,
        fits_postal_code=lambda given: _fits(rules.postal_code_pattern, given),
    )


def _suggestion(record: Record) -> str:
    for found in record.items("SuggestedAddresses"):
        suggested = Record(found)
        names = ("AddressLine1", "City", "RegionOrState", "PostalOrZipCode", "Country")
        return f"It suggests: {', '.join(part for name in names if (part := suggested.text(name)))}."
    return ""


def _fits(rule: re.Pattern[str] | None, text: str) -> bool:
    """Match as .NET does: a pattern that is not anchored fits anywhere."""
    return rule is None or rule.search(text) is not None
