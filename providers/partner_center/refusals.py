"""From an answer that is no success to the error that says what to do next."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TypedDict

from providers.errors import (
    AdministratorNeeded,
    AlreadyConfirmed,
    CustomerNotVisible,
    InputRefused,
    ProviderError,
    ProviderUnavailable,
)
from providers.partner_center.wire import ErrorBody, error_body

ALREADY_CONFIRMED = "600061"
END_OF_PAGES = "2000"
NOT_OURS = frozenset({"20002", "2032", "900118"})
"""A foreign customer, refused access to it, and an id that names none: to the asker all the same."""

_CUSTOMER_MISSING = frozenset({"1000", "60003"})
_REPEATABLE = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})
_RETIRED = re.compile(r"\b(retired|deprecated|discontinued|enhanced attestation)\b", re.IGNORECASE)
_ADMINISTRATOR = {
    "900420": "the token is for another audience",
    "900421": "the partner user has consented without multi-factor authentication",
    "900329": "this needs the consent of a partner user",
    "900150": "the role of the partner user does not suffice",
    "20002": "the partner has no relationship with this customer",
}


class Absent(ProviderError):
    """The answer 404 where it is an answer; never leaves this package."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What some answers mean to one call.

    `missing` is 404. `retired` is the end of a function, told by 410 or in words; None where it has no end.
    """

    missing: type[ProviderError] = ProviderUnavailable
    retired: type[ProviderError] | None = None


PLAIN = Meaning()


class _Trace(TypedDict):
    provider_code: str | None
    request_id: str | None
    correlation_id: str | None


def error_from(
    status: int, headers: Mapping[str, str], content: bytes, *, meaning: Meaning, request_id: str
) -> ProviderError:
    """Name the error; `headers` are read in lower case."""
    body = error_body(content)
    trace = _Trace(
        provider_code=body.code,
        request_id=headers.get("ms-requestid") or request_id,
        correlation_id=headers.get("ms-correlationid"),
    )
    kind = _kind(status, body, meaning)
    message = _message(status, body, kind)
    if issubclass(kind, ProviderUnavailable):
        return kind(message, retry_after_seconds=retry_after_seconds(headers), **trace)
    return kind(message, **trace)


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """Read Retry-After, which is seconds or a date; None for anything else."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdecimal():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _kind(status: int, body: ErrorBody, meaning: Meaning) -> type[ProviderError]:  # noqa: PLR0911 - a table
    if body.code == ALREADY_CONFIRMED:
        return AlreadyConfirmed
    if status in _REPEATABLE or status >= HTTPStatus.INTERNAL_SERVER_ERROR or body.retryable:
        return ProviderUnavailable
    if meaning.retired and (status == HTTPStatus.GONE or _RETIRED.search(body.text or "")):
        return meaning.retired
    if status == HTTPStatus.NOT_FOUND:
        return meaning.missing
    if meaning.missing is CustomerNotVisible and body.code in _CUSTOMER_MISSING:
        return CustomerNotVisible
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return AdministratorNeeded
    if status < HTTPStatus.BAD_REQUEST:
        return ProviderUnavailable
    return InputRefused


def _message(status: int, body: ErrorBody, kind: type[ProviderError]) -> str:
    verb = "did not answer usefully" if issubclass(kind, ProviderUnavailable) else "refused"
    reason = _ADMINISTRATOR.get(body.code or "") if kind is AdministratorNeeded else None
    code = f"{status}, code {body.code}" if body.code and body.code != str(status) else str(status)
    said = ": ".join(text for text in (reason, body.text) if text)
    return f"Partner Center {verb} ({code}): {said}" if said else f"Partner Center {verb} ({code})."
