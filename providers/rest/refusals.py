"""From an answer that is no success to the error that says what to do next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import cast

from providers.errors import (
    AdministratorNeeded,
    InputRefused,
    ProviderError,
    ProviderUnavailable,
    Unsupported,
)
from providers.record import Malformed, Record, parse
from providers.server_time import retry_after_seconds

LONGEST_ERROR_TEXT = 300
LONGEST_CODE = 100

_BUSY = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})
_NO_FUNCTION = frozenset({HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED})
_OF_GATEWAY = frozenset({HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT, *range(520, 600)})
"""Told by what stands before a provider, which does not know what the provider does."""

_KEY = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


class Foreign(ProviderUnavailable):
    """The answer is none of the contract's; never leaves this package by this name alone."""


class Broken(ProviderUnavailable):
    """The provider itself says that it could not do it; never leaves this package by this name alone."""


class Absent(ProviderError):
    """The answer 404 where it is an answer; never leaves this package."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    text: str | None = None
    code: str | None = None
    trace: str | None = None


def error_from(  # noqa: PLR0913 - what an answer and a call consist of
    status: int,
    headers: Mapping[str, str],
    content: bytes,
    *,
    missing: type[ProviderError],
    key: str,
    now: datetime,
) -> ProviderError:
    """Name the error.

    Args:
        status: Of the answer.
        headers: Read in lower case.
        content: Plain text or an RFC 7807 problem; whatever else it is, is not shown.
        missing: What 404 means.
        key: Ours, which some servers repeat in their errors: it is cut out of the text.
        now: For a time to wait that is told as a date.
    """
    said = _said(headers.get("content-type", ""), content, key)
    kind = _kind(status, missing)
    verb = "did not answer usefully" if issubclass(kind, ProviderUnavailable) else "refused"
    message = f"The provider {verb} ({status})" + (f": {said.text}" if said.text else ".")
    trace = said.trace or _short(headers.get("x-correlation-id"), key)
    if issubclass(kind, ProviderUnavailable):
        return kind(
            message,
            retry_after_seconds=retry_after_seconds(headers, now=now),
            provider_code=said.code,
            correlation_id=trace,
        )
    return kind(message, provider_code=said.code, correlation_id=trace)


def _kind(status: int, missing: type[ProviderError]) -> type[ProviderError]:
    if status in _KEY:
        return AdministratorNeeded
    if status in _NO_FUNCTION:
        return Unsupported
    if status == HTTPStatus.NOT_FOUND:
        return missing
    if status in _OF_GATEWAY:
        return ProviderUnavailable
    if status in _BUSY or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Broken
    return Foreign if status < HTTPStatus.BAD_REQUEST else InputRefused


def _said(content_type: str, content: bytes, key: str) -> _Said:
    if "html" in content_type.casefold():
        return _Said()
    try:
        body = parse(content)
    except Malformed:
        plain = content_type.casefold().startswith("text/plain")
        return _Said(text=_line(content.decode("utf-8-sig", "replace"), key) if plain else None)
    if isinstance(body, str):
        return _Said(text=_line(body, key))
    try:
        problem = Record(body)
        texts = [problem.text("detail") or problem.text("title"), *_of_members(body)]
        text = " ".join(text for text in texts if text)
        return _Said(
            text=_line(text, key),
            code=_short(problem.text("code"), key),
            trace=_short(problem.text("traceId"), key),
        )
    except Malformed:
        return _Said()


def _of_members(body: object) -> Sequence[str]:
    """Give what is said of single members, as ASP.NET adds it to a problem."""
    problem = {name.casefold(): value for name, value in cast("dict[str, object]", body).items()}
    errors = problem.get("errors")
    members = cast("dict[str, object]", errors) if isinstance(errors, dict) else {}
    return [
        f"{name}: {text}"
        for name, texts in members.items()
        for text in (cast("list[object]", texts) if isinstance(texts, list) else [texts])
        if isinstance(text, str)
    ]


def _short(text: str | None, key: str) -> str | None:
    return text.replace(key, "***")[:LONGEST_CODE] if text else None


def _line(text: str, key: str) -> str | None:
    """Keep the first line: what follows is no sentence but a trace of their program."""
    lines = [line.strip() for line in text.replace(key, "***").splitlines() if line.strip()]
    return " ".join(lines[0].split())[:LONGEST_ERROR_TEXT] if lines else None
