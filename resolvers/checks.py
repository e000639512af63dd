"""Checks of what callers write, before anything is read or stored."""

import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import date
from typing import Any
from unicodedata import category

from models import Address, Contact, DomainError

TEXT_LIMIT = 200
LINES_LIMIT = 10_000
EARLIEST = date(1900, 1, 1)

_DOMAIN = re.compile(r"[^\s@/:.]+(\.[^\s@/:.]+)+")
_LINE_CHARACTERS = frozenset("\n\r\t")
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def checked_text(value: str | None, *field: str, limit: int = TEXT_LIMIT, lines: bool = False) -> str:
    """The text without surrounding blanks.

    Args:
        value: What the caller wrote.
        field: Path of the input field.
        limit: The most characters.
        lines: Whether line breaks and tabs may stand in it.

    Raises:
        DomainError: INVALID when it is empty, too long, or has characters that are none: controls, half
            surrogates.
    """
    text = (value or "").strip()
    if not text:
        raise DomainError("This may not be empty.", field=field)
    if len(text) > limit:
        raise DomainError(f"This is longer than {limit} characters.", field=field)
    if text.isprintable():
        return text  # most are, and then have no character to be looked at
    allowed = _LINE_CHARACTERS if lines else frozenset[str]()
    if any(category(each) in {"Cc", "Cs"} and each not in allowed for each in text):
        raise DomainError("This has characters that cannot be shown.", field=field)
    return text


def optional_text(value: str | None, *field: str, limit: int = TEXT_LIMIT, lines: bool = False) -> str | None:
    """The text without surrounding blanks, or None if nothing is left; raises as `checked_text` does."""
    if value is None or not value.strip():
        return None
    return checked_text(value, *field, limit=limit, lines=lines)


def checked_contact(contact: Contact | None, *field: str) -> Contact | None:
    """The contact without surrounding blanks; raises DomainError INVALID, INVALID_EMAIL."""
    if contact is None:
        return None
    _check_parts(contact, field)
    return contact.checked(*field)


def checked_address(address: Address | None, *field: str) -> Address | None:
    """The address without surrounding blanks; raises DomainError INVALID."""
    if address is None:
        return None
    _check_parts(address, field)
    return address.checked(*field)


def checked_domain(domain: str | None, *field: str) -> str | None:
    """A host name in lower case, or None; raises DomainError INVALID for a URL or an e-mail address."""
    text = optional_text(domain, *field)
    if text is None:
        return None
    if not _DOMAIN.fullmatch(text):
        raise DomainError(f"«{text}» is not a domain name, e.g. contoso.com.", field=field)
    return text.casefold()


def checked_day(day: date | None, *field: str) -> date | None:
    """The day; raises DomainError INVALID for one that was before any agreement of ours."""
    if day is not None and day < EARLIEST:
        raise DomainError(f"{day} is too long ago to be meant.", field=field)
    return day


def checked_id(value: str, *field: str) -> str:
    """An id that another system gave, a GUID in lower case; raises DomainError INVALID."""
    text = checked_text(value, *field)
    return text.lower() if _GUID.fullmatch(text) else text


def checked_values(
    checks: Mapping[str, Callable[..., Any]], values: Mapping[str, object], *field: str
) -> dict[str, Any]:
    """Check each value by its attribute's check.

    Args:
        checks: A function of this module by attribute.
        values: What the caller wrote, by attribute.
        field: Path of the input field that holds the attributes.
    """
    return {name: checks[name](value, *field, camel(name)) for name, value in values.items()}


def _check_parts(value: Contact | Address, field: tuple[str, ...]) -> None:
    for part in fields(value):
        optional_text(getattr(value, part.name), *field, camel(part.name))


def camel(name: str) -> str:
    """What the API calls an attribute."""
    head, *tail = name.split("_")
    return head + "".join(each.title() for each in tail)
