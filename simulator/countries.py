"""What the service knows of countries: languages of the agreement, and rules for a customer's data.

Formats that no document states are the ones in national use.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from simulator.values import Json, without_nulls


@dataclass(frozen=True)
class Country:
    """Regular expressions match a whole value."""

    code: str
    document_language: str | None
    cultures: tuple[str, ...]
    calling_code: str | None
    states: tuple[str, ...]
    postal_code_regex: str | None
    phone_number_regex: str | None
    registration_number_regex: str | None
    registration_number_sample: str | None
    vat: bool

    @property
    def needs_registration_number(self) -> bool:
        """Say whether registration number and phone number are required; elsewhere the number is refused."""
        return self.registration_number_regex is not None

    def takes_postal_code(self, text: str) -> bool:
        return self.postal_code_regex is None or re.fullmatch(self.postal_code_regex, text) is not None

    def takes_registration_number(self, text: str) -> bool:
        regex = self.registration_number_regex
        return regex is not None and re.fullmatch(regex, text) is not None


def find_country(code: str) -> Country | None:
    """Find by ISO code in upper case: GB, not UK, and not gb."""
    return _countries().get(code)


@cache
def _countries() -> Mapping[str, Country]:
    table = json.loads((files("simulator") / "data" / "countries.json").read_text(encoding="utf-8"))
    return {code: _country(code, facts) for code, facts in table.items()}


def _country(code: str, facts: Mapping[str, str | list[str] | bool]) -> Country:
    def text(name: str) -> str | None:
        value = facts.get(name)
        return value if isinstance(value, str) else None

    def texts(name: str) -> tuple[str, ...]:
        value = facts.get(name)
        return tuple(value) if isinstance(value, list) else ()

    language = text("documentLanguage")
    return Country(
        code=code,
        document_language=language,
        cultures=texts("cultures") or (language or "en-US",),
        calling_code=text("callingCode"),
        states=texts("states"),
        postal_code_regex=text("postalCodeRegex"),
        phone_number_regex=text("phoneNumberRegex"),
        registration_number_regex=text("registrationNumberRegex"),
        registration_number_sample=text("registrationNumberSample"),
        vat=facts.get("vat") is True,
    )


def rules(country: Country, *, wrapped: bool) -> Json:
    """Show the rules in one of the two shapes on record."""
    needs_number = country.needs_registration_number
    lists: dict[str, list[str]] = {
        "supportedLanguages": sorted({culture.split("-")[0] for culture in country.cultures}),
        "supportedCultures": list(country.cultures),
        "countryCallingCodes": [country.calling_code] if country.calling_code else [],
    }
    states = "states" if wrapped else "supportedStates"
    if country.states:
        lists[states] = list(country.states)
    shown: dict[str, Json] = (
        {name: {"value": value} for name, value in lists.items()}
        if wrapped
        else {f"{name}List": value for name, value in lists.items()}
    )
    return without_nulls(
        {
            "iso2Code": country.code,
            "defaultCulture": country.cultures[0],
            "isStateRequired": bool(country.states),
            **shown,
            "isPostalCodeRequired": country.postal_code_regex is not None,
            "postalCodeRegex": country.postal_code_regex,
            "isCityRequired": True,
            "isVatIdSupported": country.vat,
            "phoneNumberRegex": country.phone_number_regex,
            "isTaxIdSupported": country.code == "US",
            "isRegistrationNumberSupported": needs_number,
            "customerOrganizationRegistrationNumberRegex": country.registration_number_regex,
            "customerOrganizationRegistrationNumberSample": country.registration_number_sample,
            "customerOrganizationRegistrationNumberRequired": needs_number,
            "customerOrganizationPhoneNumberRequired": needs_number,
            "attributes": {"objectType": "CountryInformation"},
        }
    )
