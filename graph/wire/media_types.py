"""Which of the offered media types an Accept header likes best (RFC 9110 §12.5.1)."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_QUALITY = re.compile(r"(0(\.\d{0,3})?|1(\.0{0,3})?)", re.ASCII)
_MOST_RANGES = 64


@dataclass(frozen=True)
class Range:
    """One element of an Accept header: type, parameters in lower case but for their values, weight, place."""

    kind: str
    parameters: tuple[tuple[str, str], ...]
    quality: float
    place: int


def accepted(headers: Sequence[str]) -> list[Range]:
    """The ranges of an Accept header, the most wanted first; equal weights keep the client's order.

    Without a header anything is accepted. What cannot be read is passed over.
    """
    if not headers:
        return [Range("*/*", (), 1.0, 0)]
    ranges = [_range(item, place) for place, item in enumerate(_split(",".join(headers), ",")[:_MOST_RANGES])]
    return sorted((each for each in ranges if each is not None), key=lambda each: (-each.quality, each.place))


def closest(ranges: Iterable[Range], kind: str) -> Range | None:
    """The most specific range that covers a type, which says how much it is wanted; None if it is not."""
    covering = [each for each in ranges if _covers(each.kind, kind)]
    found = max(covering, key=lambda each: (_precision(each.kind), -each.place), default=None)
    return found if found is not None and found.quality > 0 else None


def chosen(ranges: Iterable[Range], offered: Sequence[str]) -> str | None:
    """The offered type that is wanted most; None if none is acceptable.

    A type is weighed by the most specific range that covers it. Among types of equal weight the client's
    order decides, under a wildcard ours.
    """
    known = list(ranges)
    best: tuple[float, int, int] | None = None
    found: str | None = None
    for rank, kind in enumerate(offered):
        by = closest(known, kind)
        if by is None:
            continue
        weight = (by.quality, -by.place, -rank)
        if best is None or weight > best:
            best, found = weight, kind
    return found


def quality_of(text: str) -> float | None:
    """A weight, from 0 to 1 with three digits; None if it is none."""
    return float(text) if _QUALITY.fullmatch(text) else None


def _range(item: str, place: int) -> Range | None:
    kind, *parts = _split(item, ";")
    kind = kind.strip().lower()
    if kind.count("/") != 1:
        return None
    quality, parameters = 1.0, list[tuple[str, str]]()
    for part in parts:
        name, _, value = part.partition("=")
        name, value = name.strip().lower(), value.strip().strip('"')
        if name == "q":
            weight = quality_of(value)
            if weight is None:
                return None
            quality = weight
        else:
            parameters.append((name, value))
    return Range(kind, tuple(parameters), quality, place)


def _split(text: str, separator: str) -> list[str]:
    """Split, but not inside quotes."""
    parts, part, quoted = list[str](), list[str](), False
    for character in text:
        if character == '"':
            quoted = not quoted
        if character == separator and not quoted:
            parts.append("".join(part))
            part = []
        else:
            part.append(character)
    return [*parts, "".join(part)]


def _covers(wanted: str, kind: str) -> bool:
    return wanted in {kind, "*/*", f"{kind.partition('/')[0]}/*"}


def _precision(kind: str) -> int:
    return 0 if kind == "*/*" else 1 if kind.endswith("/*") else 2
