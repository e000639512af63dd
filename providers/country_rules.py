"""What providers' rules for a country have in common, whoever wrote them down and however."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from providers.base import Address, Problem, ProblemCode


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressRules:
    """How an address has to be in one country.

    Attributes:
        provider: Whose rules these are, as named within a sentence.
        regions: In folded case; none if any will do.
        fits_postal_code: Judges one by its form.
    """

    provider: str
    city_required: bool
    region_required: bool
    regions: frozenset[str]
    postal_code_required: bool
    fits_postal_code: Callable[[str], bool]


def address_problems(address: Address, rules: AddressRules) -> Iterator[Problem]:
    """Name what the address lacks, then what is wrong with it."""
    required = {
        "line1": True,
        "city": rules.city_required,
        "region": rules.region_required,
        "postal_code": rules.postal_code_required,
    }
    whose = rules.provider[0].upper() + rules.provider[1:]
    for part, needed in required.items():
        if needed and not getattr(address, part):
            yield Problem(
                code=ProblemCode.ADDRESS_REQUIRED,
                message=f"{whose} requires the {part.replace('_', ' ')} in this country.",
                field=("address", part),
            )
    if address.region and rules.regions and address.region.casefold() not in rules.regions:
        known = f"The region is not among those that {rules.provider} knows in this country."
        yield _invalid("region", known)
    if address.postal_code and not rules.fits_postal_code(address.postal_code):
        yield _invalid("postal_code", "The postal code has not the form of this country.")


def _invalid(part: str, message: str) -> Problem:
    return Problem(code=ProblemCode.ADDRESS_INVALID, message=message, field=("address", part))


def pattern(text: str | None) -> re.Pattern[str] | None:
    """Compile a rule; one that only .NET understands is left to the provider itself."""
    try:
        return re.compile(text) if text else None
    except re.error:
        return None
