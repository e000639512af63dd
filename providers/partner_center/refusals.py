"""From an answer that is no success to the error that says what to do next."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TypedDict

from providers.errors import (
    AdministratorNeeded,
    AlreadyConfirmed,
    CustomerMustAccept,
    CustomerNotVisible,
    InputRefused,
    ProviderError,
    ProviderUnavailable,
)
from providers.partner_center.wire import ErrorBody, error_body
from providers.server_time import retry_after_seconds

ALREADY_CONFIRMED = "600061"
END_OF_PAGES = "2000"
NOT_OURS = frozenset({"20002", "2032", "900118"})
"""A foreign customer, refused access to it, and an id that names none: to the asker all the same."""

_CUSTOMER_MISSING = frozenset({"1000", "60003", "900118"})
_REPEATABLE = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})
_RETIRED = re.compile(r"\b(retired|deprecated|discontinued|enhanced attestation)\b", re.IGNORECASE)
_REASONS = {
    "400": "Partner Center does not know the application: register it under App management",
    "900420": "the token is for another audience",
    "900421": "the partner user has consented without multi-factor authentication",
    "900309": "a Conditional Access policy of the partner's tenant stands against it",
    "900329": "this needs the consent of a partner user",
    "900150": "the role of the partner user does not suffice, or the partner is an indirect reseller",
    "900308": "the application or the partner user lacks the right",
    "600006": "the application or the partner user lacks the right",
    "20002": "the partner has no relationship with this customer",
    "900123": "the indirect reseller has not accepted the Microsoft Partner Agreement",
    "900124": "the partner has not accepted the Microsoft Partner Agreement",
    "900149": "the partner's program status is not active",
    "800039": "the reseller's program status is not active",
}
"""What an administrator needs to hear beside Partner Center's own sentence."""

_ABOUT_INPUT = frozenset(
    "2006 2085 2091 800019 800020 800023 800027 800028 800066"  # noqa: SIM905 - a list is a line a code
    " 800067 800068 800069"
    " 800072 800075 800077 800088 800089 900105 900108 900115 900119 900120 900130 900416".split()
)
"""Answers of 403 that no right would change: the thing itself cannot be had or done."""

_LATER = {
    "800060": timedelta(minutes=2),  # the order is in progress
    "800064": timedelta(minutes=1),  # the cart is busy
    "800014": timedelta(minutes=15),  # an adjustment is pending
    "800082": timedelta(minutes=15),  # the subscription is not ready
    "900101": timedelta(minutes=15),  # a transfer goes on
    "900104": timedelta(minutes=1),  # a transfer is worked on
    "900109": timedelta(minutes=15),  # an upgrade goes on
    "900112": timedelta(minutes=15),
    "900113": timedelta(minutes=15),
    "900278": timedelta(hours=24),  # a change of the subscription is pending
    "800073": timedelta(days=1),  # the customer's account is under review
    "800074": timedelta(days=1),
}
"""Refusals that pass by themselves, and after how long asking again makes sense."""

_BY_CODE: Mapping[str, type[ProviderError]] = {
    ALREADY_CONFIRMED: AlreadyConfirmed,
    "13605": CustomerMustAccept,
    **dict.fromkeys(_LATER, ProviderUnavailable),
}
"""Codes that say all, whatever the status."""


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


def error_from(  # noqa: PLR0913 - an answer has this many parts
    status: int,
    headers: Mapping[str, str],
    content: bytes,
    *,
    meaning: Meaning,
    sent: Mapping[str, str],
    now: datetime,
) -> ProviderError:
    """Name the error; `headers` are read in lower case, `sent` are those of the request as it was written."""
    body = error_body(content)
    trace = _Trace(
        provider_code=body.code,
        request_id=headers.get("ms-requestid") or sent.get("MS-RequestId"),
        correlation_id=headers.get("ms-correlationid") or sent.get("MS-CorrelationId"),
    )
    kind = _kind(status, body, meaning)
    message = _message(status, body, kind)
    if issubclass(kind, ProviderUnavailable):
        wait = retry_after_seconds(headers, now=now)
        if wait is None and body.code in _LATER:
            wait = _LATER[body.code].total_seconds()
        return kind(message, retry_after_seconds=wait, **trace)
    return kind(message, **trace)


def _kind(status: int, body: ErrorBody, meaning: Meaning) -> type[ProviderError]:  # noqa: PLR0911 - a table
    if told := _BY_CODE.get(body.code or ""):
        return told
    if status in _REPEATABLE or status >= HTTPStatus.INTERNAL_SERVER_ERROR or body.retryable:
        return ProviderUnavailable
    if meaning.retired and (status == HTTPStatus.GONE or _RETIRED.search(body.text or "")):
        return meaning.retired
    if status == HTTPStatus.NOT_FOUND:
        return meaning.missing
    if meaning.missing is CustomerNotVisible and body.code in _CUSTOMER_MISSING:
        return CustomerNotVisible
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        about_input = status == HTTPStatus.FORBIDDEN and body.code in _ABOUT_INPUT
        return InputRefused if about_input else AdministratorNeeded
    if status < HTTPStatus.BAD_REQUEST:
        return ProviderUnavailable
    return InputRefused


def _message(status: int, body: ErrorBody, kind: type[ProviderError]) -> str:
    verb = "did not answer usefully" if issubclass(kind, ProviderUnavailable) else "refused"
    reason = _REASONS.get(body.code or "") if kind is AdministratorNeeded else None
    code = f"{status}, code {body.code}" if body.code and body.code != str(status) else str(status)
    said = ": ".join(text for text in (reason, body.text) if text)
    return f"Partner Center {verb} ({code}): {said}" if said else f"Partner Center {verb} ({code})."
