"""Answers made shorter for clients that can read them so: zstd or gzip, at their quick levels."""

import asyncio
import sys
from collections.abc import Mapping
from enum import Enum

from isal import isal_zlib

from graph.wire.media_types import quality_of

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

LEAST_BYTES = 1_024
"""A shorter body goes with its head into one packet as it is."""
AT_ONCE_BYTES = 512 * 1024
"""A longer body is made shorter in a thread: 0.6 ms were measured for one of this length."""
_MOST_ELEMENTS = 32
_LEVEL = 1
_GZIP_WINDOW = 31


class Coding(Enum):
    """A content coding, the one that is rather taken first."""

    ZSTD = "zstd"
    GZIP = "gzip"


_zstd = zstd.ZstdCompressor(level=_LEVEL)
"""For the event loop's thread: to make one takes longer than a short answer."""


def wanted_coding(*headers: bytes) -> tuple[Coding | None, bool]:
    """What Accept-Encoding headers want most, None for no coding; and whether they take what has none.

    Without a header nothing is coded. A wildcard means gzip, since everybody reads it (RFC 9110 §12.5.3).
    """
    found = _qualities(b",".join(headers).decode("latin-1"))
    rest = found.get("*", 0.0)
    plain = found.get("identity", found.get("*", 1.0))
    weights = {each: found.get(each.value, 0.0) for each in Coding}
    if "gzip" not in found:
        weights[Coding.GZIP] = found.get("x-gzip", rest)
    best = max(Coding, key=weights.__getitem__)  # of equals the first
    wanted = weights[best] > 0 and weights[best] >= found.get("identity", 0.0)
    return best if wanted else None, plain > 0


async def coded(body: bytes, coding: Coding) -> bytes:
    """The body in that coding."""
    if len(body) > AT_ONCE_BYTES:
        return await asyncio.to_thread(_coded_elsewhere, body, coding)
    if coding is Coding.ZSTD:
        return _zstd.compress(body, zstd.ZstdCompressor.FLUSH_FRAME)
    return _gzipped(body)


def _coded_elsewhere(body: bytes, coding: Coding) -> bytes:
    return zstd.compress(body, _LEVEL) if coding is Coding.ZSTD else _gzipped(body)


def _gzipped(body: bytes) -> bytes:
    return isal_zlib.compress(body, _LEVEL, _GZIP_WINDOW)  # pyright: ignore[reportUnknownMemberType]  # untyped


def _qualities(header: str) -> Mapping[str, float]:
    """How much each coding is wanted; what cannot be read is passed over."""
    found: dict[str, float] = {}
    for element in header.lower().split(",", _MOST_ELEMENTS)[:_MOST_ELEMENTS]:
        name, _, weight = element.partition(";")
        key, _, value = weight.partition("=")
        quality = quality_of(value.strip()) if key.strip() == "q" else None if weight.strip() else 1.0
        if name.strip() and quality is not None:
            found.setdefault(name.strip(), quality)
    return found
