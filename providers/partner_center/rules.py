"""What stands against creating a customer, judged by Partner Center's own rules for its country."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from providers.base import NewCustomer, Problem, ProblemCode
from providers.country_rules import AddressRules, address_problems, pattern
from providers.record import Malformed, Record

GOOD_ADDRESS = frozenset({"verified", "verifiedshippable"})

_ISO_COUNTRIES = {"UK": "GB", "EL": "GR"}
"""Codes that people write, and the European Union, but that are not ISO's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountryRules:
    culture: str
    language: str
    region_required: bool
    regions: frozenset[str]
    city_required: bool
    postal_code_required: bool
    postal_code_pattern: re.Pattern[str] | None
    registration_number_required: bool
    registration_number_pattern: re.Pattern[str] | None
    registration_number_supported: bool
    phone_required: bool

    @property
    def takes_registration_number(self) -> bool:
        """A country without such a rule refuses the customer for having the number."""
        return (
            self.registration_number_required
            or self.registration_number_supported
            or self.registration_number_pattern is not None
        )


def iso_country(code: str) -> str:
    """Give the code as Partner Center knows it, in capitals."""
    code = code.strip().upper()
    return _ISO_COUNTRIES.get(code, code)


def country_rules(body: object) -> CountryRules:
    """Read the rules in either of the two shapes that are documented."""
    record = Record(body)
    culture = record.required("defaultCulture")
    languages = _texts(record, "supportedLanguages", "supportedLanguagesList")
    spoken = culture.partition("-")[0].lower()
    number = "customerOrganizationRegistrationNumber"
    return CountryRules(
        culture=culture,
        language=spoken if spoken in languages or not languages else languages[0],
        region_required=record.flag("isStateRequired"),
        regions=frozenset(text.casefold() for text in _texts(record, "states", "supportedStatesList")),
        city_required=record.flag("isCityRequired"),
        postal_code_required=record.flag("isPostalCodeRequired"),
        postal_code_pattern=pattern(record.text("postalCodeRegex")),
        registration_number_required=record.flag(f"{number}Required"),
        registration_number_pattern=pattern(record.text(f"{number}Regex")),
        registration_number_supported=record.flag("isRegistrationNumberSupported"),
        phone_required=record.flag("customerOrganizationPhoneNumberRequired"),
    )


def problems(new: NewCustomer, rules: CountryRules) -> Iterator[Problem]:
    """Apply the rules that need no further question, in the order of `NewCustomer`'s protocol."""
    number = new.organization_registration_number
    path = ("organization_registration_number",)
    if not number and rules.registration_number_required:
        yield Problem(
            code=ProblemCode.REGISTRATION_NUMBER_REQUIRED,
            message="Partner Center requires the organization's registration number in this country.",
            field=path,
        )
    elif number and not _fits(rules.registration_number_pattern, number):
        yield Problem(
            code=ProblemCode.REGISTRATION_NUMBER_INVALID,
            message="The registration number has not the form that Partner Center requires in this country.",
            field=path,
        )
    if rules.phone_required and not new.contact.phone:
        yield Problem(
            code=ProblemCode.PHONE_REQUIRED,
            message="Partner Center requires the contact's phone number in this country.",
            field=("contact", "phone"),
        )
    if new.address is not None:
        yield from address_problems(new.address, _of_addresses(rules))


def address_problem(body: object) -> Problem | None:
    """Read the outcome of Partner Center's check of an address, an object or, as of old, a bare boolean."""
    if isinstance(body, bool):
        good, advice = body, ""
    else:
        record = Record(body)
        good = record.required("status").casefold() in GOOD_ADDRESS
        advice = record.text("validationMessage") or _suggestion(record)
    if good:
        return None
    return Problem(
        code=ProblemCode.ADDRESS_INVALID,
        message=" ".join(f"Partner Center cannot verify the address. {advice}".split()),
        field=("address",),
    )


def _of_addresses(rules: CountryRules) -> AddressRules:
    """Where no region is required, Partner Center takes any."""
    return AddressRules(
        provider="Partner Center",
        city_required=rules.city_required,
        region_required=rules.region_required,
        regions=rules.regions if rules.region_required else frozenset(),
        postal_code_required=rules.postal_code_required,
        fits_postal_code=lambda given: _fits(rules.postal_code_pattern, given),
    )


def _suggestion(record: Record) -> str:
    for found in record.items("suggestedAddresses"):
        suggested = Record(found)
        parts = (suggested.text(name) for name in ("addressLine1", "city", "state", "postalCode", "country"))
        return f"It suggests: {', '.join(part for part in parts if part)}."
    return ""


def _texts(record: Record, *names: str) -> list[str]:
    texts: list[str] = []
    for name in names:
        for item in record.items(name):
            if not isinstance(item, str):
                raise Malformed(f"{name} lists something else than text.")
            texts.append(item)
    return texts


def _fits(rule: re.Pattern[str] | None, text: str) -> bool:
    return rule is None or rule.fullmatch(text) is not None
