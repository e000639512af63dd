"""What a client accepts and what it sends: decided once for the same headers, which clients repeat."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from starlette.types import Scope

from graph.errors import Code
from graph.head import head_of
from graph.multipart import MultipartSubscription, Spec, spec_of
from graph.refusals import Refused
from graph.sse import EventStream
from graph.wire.codings import Coding, wanted_coding
from graph.wire.headers import is_utf_8, parse_header
from graph.wire.media_types import Range, accepted, chosen, closest

JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"
EVENT_STREAM = "text/event-stream"
MULTIPART = "multipart/mixed"

_TERMS = "graph.terms"
_MOST_KEPT = 256
_LONGEST_KEPT = 1_000
"""Bytes of headers whose meaning is kept, and one more for each."""


Body: TypeAlias = Literal["json", "form", "other"]
"""What a request's body is, going by its headers."""


@dataclass(frozen=True)
class Wishes:
    """What is accepted.

    Attributes:
        wanted: The media types, the most wanted first.
        any: Whether anything can be answered.
        only_events: Whether a response is read as an event, and not otherwise.
        parts: The format of the parts in which a response may come, unless it is rather wanted in one piece.
        json: How one in one piece is written.
    """

    wanted: tuple[Range, ...]
    any: bool
    only_events: bool
    parts: Spec | None
    json: str

    def carrier(self) -> type[EventStream] | type[MultipartSubscription]:
        """What carries a subscription's events: what is wanted most, else what is named, else named first.

        Raises:
            Refused: 406, nothing that does is accepted.
        """
        parts, events = _range_of(self.wanted, Spec.SUBSCRIPTION), closest(self.wanted, EVENT_STREAM)
        best = max(
            (each for each in (parts, events) if each is not None),
            key=lambda each: (each.quality, "*" not in each.kind, -each.place),
            default=None,
        )
        if best is None:
            message = (
                f"Subscriptions are served as {EVENT_STREAM}, {MULTIPART};subscriptionSpec=1.0, "
                "or by WebSocket."
            )
            raise Refused(406, Code.NOT_ACCEPTABLE, message)
        return MultipartSubscription if best is parts else EventStream


@dataclass(frozen=True)
class Terms:
    """What the head of a request says of its answer, and of its body.

    Attributes:
        wishes: What is accepted.
        body: What a request that has a body sends in it.
        coding: What codes the content of an answer, if anything.
        may_be_plain: Whether it may be left as it is.
    """

    wishes: Wishes
    body: Body
    coding: Coding | None
    may_be_plain: bool


def terms_of(scope: Scope) -> Terms:
    """The terms of a request, decided once; those of a client's next one are mostly the same."""
    terms: Terms | None = scope.get(_TERMS)
    if terms is None:
        found = head_of(scope).get
        key = (
            found(b"accept", ()),
            found(b"accept-encoding", ()),
            found(b"content-type", ()),
            found(b"content-encoding", ()),
        )
        terms = scope[_TERMS] = _kept.get(key) or _decided(*key)
    return terms


def _decided(*key: tuple[bytes, ...]) -> Terms:
    """The terms that these headers come to, which are kept, unless they are long."""
    accepts, codings, kinds, encodings = key
    body = _body(kinds)
    if encodings and encodings[0].lower() != b"identity" and body != "form":
        body = "other"
    terms = Terms(_wishes(accepts), body, *wanted_coding(*codings))
    if sum(len(value) + 1 for values in key for value in values) <= _LONGEST_KEPT:
        if len(_kept) >= _MOST_KEPT:
            _kept.clear()
        _kept[key] = terms
    return terms


_kept: dict[tuple[tuple[bytes, ...], ...], Terms] = {}


def _wishes(accepts: Sequence[bytes]) -> Wishes:
    wanted = tuple(accepted([each.decode("latin-1") for each in accepts]))
    json = chosen(wanted, (JSON, GRAPHQL_JSON))
    only_events = json is None and chosen(wanted, (EVENT_STREAM,)) is not None
    return Wishes(
        wanted=wanted,
        any=chosen(wanted, (JSON, GRAPHQL_JSON, EVENT_STREAM, MULTIPART)) is not None,
        only_events=only_events,
        parts=None if only_events else _incremental(wanted),
        json=json or GRAPHQL_JSON,
    )


def _body(kinds: Sequence[bytes]) -> Body:
    texts = [each.decode("latin-1") for each in kinds]
    if texts and texts[0].partition(";")[0].strip().lower() == "multipart/form-data":
        return "form"
    found = parse_header(texts[0]) if len(texts) == 1 else None
    plain = found is not None and found[0] == JSON and is_utf_8(found[1])
    return "json" if plain else "other"


def _range_of(wanted: tuple[Range, ...], *served: Spec) -> Range | None:
    """The element that asks for one of these formats most; what comes of a wildcard is no wish for parts."""
    return next((each for each in wanted if each.quality > 0 and spec_of(each) in served), None)


def _incremental(wanted: tuple[Range, ...]) -> Spec | None:
    parts = _range_of(wanted, Spec.LEGACY, Spec.CURRENT)
    whole = [found for kind in (JSON, GRAPHQL_JSON) if (found := closest(wanted, kind))]
    if parts is None or any(each.quality > parts.quality for each in whole):
        return None
    return spec_of(parts)
