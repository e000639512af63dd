"""The customers of the sample data: names in many scripts, people, addresses."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any
from uuid import UUID

from agreements_api.demo.ids import Kind, demo_id
from models import Address, Contact

SISTER = 20
"""So many numbers later comes the sister company, in the same country."""

SHARED_DOMAINS = frozenset(range(264, 277))
"""Companies whose domain is also in a contact's address at the sister: nobody can tell whose tenant it is."""


@dataclass(frozen=True)
class Company:
    """`number` counts from 0; `people` are never empty, the first is the primary contact."""

    number: int
    name: str
    country: str
    currency: str
    domain: str
    address: Address
    people: tuple[Contact, ...]
    registration_number: str | None

    @property
    def id(self) -> UUID:
        return demo_id(Kind.ACCOUNT, self.number)

    @property
    def external_ref(self) -> str:
        return f"CRM-{10_000 + 7 * self.number}"


@dataclass(frozen=True)
class Stranger:
    """A company that stands in no book of ours."""

    name: str
    domain: str
    country: str


@cache
def companies() -> Sequence[Company]:
    """All customers; neighbours are of different countries."""
    countries = _names()["countries"]
    each_has = len(countries[0]["roots"]) * len(countries[0]["forms"])
    return [
        _company(number, countries[number % len(countries)]) for number in range(len(countries) * each_has)
    ]


@cache
def strangers() -> Sequence[Stranger]:
    return [Stranger(name, f"{slug}.example", country) for name, slug, country in _names()["strangers"]]


def _names() -> dict[str, Any]:
    return json.loads((files("agreements_api.demo") / "names.json").read_text("utf-8"))


def _domain(number: int, country: dict[str, Any]) -> str:
    root, form = _parts(number, country)
    return f"{root[1]}-{form[1]}.example"


def _parts(number: int, country: dict[str, Any]) -> tuple[list[str], list[str]]:
    turn = number // SISTER
    roots, forms = country["roots"], country["forms"]
    return roots[turn % len(roots)], forms[turn // len(roots)]


def _company(number: int, country: dict[str, Any]) -> Company:
    root, form = _parts(number, country)
    domain = _domain(number, country)
    registration: str | None = country.get("registration")
    return Company(
        number=number,
        name=form[0].format(root[0]),
        country=country["code"],
        currency=country["currency"],
        domain=domain,
        address=_address(number, country),
        people=tuple(_people(number, country, domain)),
        registration_number=registration.format(1000 + number) if registration else None,
    )


def _address(number: int, country: dict[str, Any]) -> Address:
    city, region, postal_code = country["places"][number % len(country["places"])]
    return Address(
        line1=country["street"].format(1 + number % 90),
        line2=None,
        city=city,
        region=region,
        postal_code=postal_code,
        country=country["code"],
    )


def _people(number: int, country: dict[str, Any], domain: str) -> Sequence[Contact]:
    people: list[list[str]] = country["people"]
    turn = number // SISTER

    def person(offset: int, at: str) -> Contact:
        first, last, mailbox = people[(turn + offset) % len(people)]
        return Contact(first, last, f"{mailbox}@{at}", f"{country['calling']} {100 + number}")

    found = [person(0, domain)]
    if number % 2:
        found.append(person(1, domain))
    if number - SISTER in SHARED_DOMAINS:
        found.append(person(2, _domain(number - SISTER, country)))
    return found
