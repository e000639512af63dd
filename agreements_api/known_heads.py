"""Heads of requests that came before: a client sends the same one with each, and it is read once."""

from typing import Any, NamedTuple

from graph.head import head_of
from graph.negotiation import terms_of

_END = b"\r\n\r\n"
_MOST_KEPT = 256
_LONGEST_KEPT = 1_000
"""Bytes of a head that is kept."""
_MAY_BE_KEPT = frozenset({
    b"accept", b"accept-encoding", b"accept-language", b"cache-control", b"connection", b"content-length",
    b"content-type", b"dnt", b"graphql-preflight", b"host", b"origin", b"pragma", b"priority", b"sec-ch-ua",
    b"sec-ch-ua-mobile", b"sec-ch-ua-platform", b"sec-fetch-dest", b"sec-fetch-mode", b"sec-fetch-site",
    b"user-agent",
})  # fmt: skip
"""Headers without secrets, which come again, and behind which there is a body of some length or none."""


class KnownHead(NamedTuple):
    """What a head says: its part of ASGI's scope, to be copied, and the length of the body behind it."""

    said: dict[str, Any]
    body_bytes: int


class KnownHeads:
    """Heads as they were read, by their bytes: where the parser began the same, it would end the same."""

    def __init__(self) -> None:
        self._kept: dict[bytes, KnownHead] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def find(self, data: bytes) -> KnownHead | None:
        """The head of a request that is all of this data, if it is known."""
        end = data.find(_END) + len(_END)
        known = self._kept.get(data[:end])
        return known if known is not None and len(data) - end == known.body_bytes else None

    def keep(self, data: bytes, said: dict[str, Any]) -> None:
        """Keep the head of the request that ends this data, where the data holds nothing else.

        The length of the body tells: of two requests the second would be part of the body of the first, and
        longer than its own.

        Args:
            data: The parser began and ended between requests.
            said: By the head of the last one; it is kept itself.
        """
        end = data.find(_END) + len(_END)
        if end > _LONGEST_KEPT or said["query_string"]:
            return
        headers = dict(said["headers"])
        body_bytes = int(headers.get(b"content-length", b"0"))
        if len(data) - end == body_bytes and headers.keys() <= _MAY_BE_KEPT:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            # What follows from the head comes with it from now on.
            head_of(said)
            terms_of(said)
            self._kept[data[:end]] = KnownHead(said, body_bytes)
