"""The customers as the two Partner Centers know them; both sides of the demo are written from this."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from itertools import chain
from uuid import NAMESPACE_URL, UUID, uuid5

from agreements_api.demo.companies import Company, Stranger, companies, strangers
from agreements_api.demo.ids import MICROSOFT, Kind, demo_id


class Partner(StrEnum):
    """The partner tenants; the value is the provider's name with us."""

    WORLD = "Microsoft Partner Center"
    EMEA = "Partner Center EMEA"

    @property
    def provider_id(self) -> UUID:
        return MICROSOFT if self is Partner.WORLD else demo_id(Kind.PROVIDER, 1)

    @property
    def tenant_id(self) -> str:
        return _guid(f"partner/{self.name}")

    @property
    def client_id(self) -> str:
        return _guid(f"application/{self.name}")


@dataclass(frozen=True)
class Tenant:
    """A customer of a partner.

    Attributes:
        company: The account of ours that it is mapped to; None while nobody has said whose it is.
        known: Whether a sync has seen it; the others wait to be found.
        is_strangers: No account of ours has anything to do with it.
    """

    number: int
    partner: Partner
    name: str
    domain: str
    country: str
    company: Company | None
    known: bool = True
    is_strangers: bool = False

    @property
    def id(self) -> UUID:
        return demo_id(Kind.PROVIDER_ACCOUNT, self.number)

    @property
    def customer_id(self) -> str:
        return _guid(f"customer/{self.number}")

    @property
    def is_paused(self) -> bool:
        """Nobody wants it synced."""
        return self.number % 18 == 17  # noqa: PLR2004 -- some, scattered

    @property
    def is_closed(self) -> bool:
        return self.number in {21, 63, 105, 188, 230}

    @property
    def is_missing(self) -> bool:
        """The provider lists it no more."""
        return self.number in {8, 44, 190, 224}


_MAPPED = {Partner.WORLD: range(170), Partner.EMEA: range(150, 240)}
_SECOND_TENANTS = range(160, 170)
# Whose tenant it is nobody can tell: the domain is nobody's, or of two accounts.
_UNMAPPED = {Partner.WORLD: (range(11), range(270, 274)), Partner.EMEA: (range(11, 18), range(274, 277))}
# Not seen by a sync yet: of exactly one account, of two, of none.
_WAITING = {
    Partner.WORLD: (range(240, 256), range(264, 268), range(18, 24)),
    Partner.EMEA: (range(256, 264), range(268, 270), range(24, 28)),
}


@cache
def tenants() -> Sequence[Tenant]:
    """All of them: mapped ones first, then unmapped ones, then those that wait to be found."""
    made: list[Tenant] = []

    def add(partner: Partner, who: Iterable[Company | Stranger], *, known: bool, mapped: bool) -> None:
        for each in who:
            company = each if mapped and isinstance(each, Company) else None
            made.append(
                Tenant(
                    number=len(made),
                    partner=partner,
                    name=each.name,
                    domain=each.domain,
                    country=each.country,
                    company=company,
                    known=known,
                    is_strangers=isinstance(each, Stranger),
                )
            )

    for partner, numbers in _MAPPED.items():
        add(partner, _companies(numbers), known=True, mapped=True)
        if partner is Partner.WORLD:
            made.extend(_second_tenants(len(made)))
    for partner, (nobodys, shared) in _UNMAPPED.items():
        add(partner, chain(_strangers(nobodys), _companies(shared)), known=True, mapped=False)
    for partner, (matching, shared, nobodys) in _WAITING.items():
        who = chain(_companies(matching), _companies(shared), _strangers(nobodys))
        add(partner, who, known=False, mapped=False)
    return made


def tenants_of(partner: Partner) -> Sequence[Tenant]:
    """The mapped ones of a partner."""
    return [each for each in tenants() if each.partner is partner and each.company is not None]


def _second_tenants(first_number: int) -> Iterable[Tenant]:
    for offset, company in enumerate(_companies(_SECOND_TENANTS)):
        slug = company.domain.removesuffix(".example")
        yield Tenant(
            first_number + offset,
            Partner.WORLD,
            f"{company.name} (Test)",
            f"{slug}-test.example",
            company.country,
            company,
        )


def _companies(numbers: Iterable[int]) -> Sequence[Company]:
    return [companies()[number] for number in numbers]


def _strangers(numbers: Iterable[int]) -> Sequence[Stranger]:
    return [strangers()[number] for number in numbers]


def _guid(name: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"https://demo.invalid/{name}"))
