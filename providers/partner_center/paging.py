"""How one page of a Partner Center collection leads to the next."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from urllib.parse import urlsplit

from providers.record import Malformed, Record

T = TypeVar("T")

CONTINUATION = "MS-ContinuationToken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """Where the next page is: a path without the version, None for the path of the page before."""

    token: str | None
    target: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    items: Sequence[T]
    next: Next | None


def page_of(read_item: Callable[[object], T]) -> Callable[[object], Page[T]]:
    """Give the reader of a page of such items.

    The reader raises `Malformed` if the page lists nothing, not even emptiness, if an item cannot be read, or
    if the next page is elsewhere: a page is whole or an error.
    """

    def page(body: object) -> Page[T]:
        record = Record({"items": body} if isinstance(body, list) else body)  # pyright: ignore[reportUnknownArgumentType]  # decoded JSON
        if "items" not in record:
            raise Malformed("A page lacks its items.")
        return Page(items=[read_item(item) for item in record.items("items")], next=_next(record))

    return page


def _next(record: Record) -> Next | None:
    token = record.text("continuationToken")
    if token:
        return Next(token=_sendable(token))
    link = record.record("links").record("next")
    uri = link.text("uri")
    if uri is None:
        return None
    return Next(token=_header(link), target=relative(uri))


def _header(link: Record) -> str | None:
    """Take the one header that belongs to paging; a link shall not set others."""
    for header in map(Record, link.items("headers")):
        if (header.text("key") or "").casefold() == CONTINUATION.casefold():
            value = header.text("value")
            return None if value is None else _sendable(value)
    return None


def _sendable(text: str) -> str:
    """Refuse what no header can hold."""
    if not (text.isascii() and text.isprintable()):
        raise Malformed("The way to the next page cannot be sent back.")
    return text


def relative(uri: str, *, base_url: str | None = None) -> str:
    """Bring all forms of a link, with and without the version, to the path without it.

    Raises:
        Malformed: It is no address, or leads away from `base_url`, where our token must not go.
    """
    try:
        parts = urlsplit(uri)
    except ValueError:
        raise Malformed("An answer links to what is no address.") from None
    if not uri.isprintable():
        raise Malformed("An answer links to what is no address.")
    ours = urlsplit(base_url or "")
    if (parts.scheme or parts.netloc) and (parts.scheme, parts.netloc) != (ours.scheme, ours.netloc):
        raise Malformed("An answer links to another address.")
    path = "/" + parts.path.lstrip("/")
    path = path.removeprefix("/v1") if path.startswith("/v1/") else path
    return f"{path}?{parts.query}" if parts.query else path
