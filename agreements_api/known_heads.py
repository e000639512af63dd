"""Heads of requests that came before: a client sends the same one with each, and it is read once."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from graph.head import head_of

_END = b"\r\n\r\n"
_MOST_KEPT = 256
_LONGEST_KEPT = 1_000
"""Bytes of a head that is kept."""
_NOT_KEPT = frozenset({
    b"authorization", b"cookie", b"proxy-authorization",  # secrets, which stay no longer than they must
    b"traceparent", b"x-request-id",  # never the same
    b"expect", b"transfer-encoding", b"upgrade",  # more follows than a body of some length
})  # fmt: skip


class KnownHead(NamedTuple):
    """What a head says: its part of ASGI's scope, and the length of the body behind it."""

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

    def keep(self, data: bytes, said: Mapping[str, Any]) -> None:
        """Keep the head of the request that ends this data, where the data holds nothing else.

        The length of the body tells: of two requests the second would be part of the body of the first, and
        longer than its own.

        Args:
            data: The parser began and ended between requests.
            said: By the head of the last one.
        """
        end, known = data.find(_END) + len(_END), dict(said)
        head = head_of(known)
        if end > _LONGEST_KEPT or not _NOT_KEPT.isdisjoint(head):
            return
        body_bytes = int(head.get(b"content-length", (b"0",))[0])
        if len(data) - end == body_bytes:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            self._kept[data[:end]] = KnownHead(known, body_bytes)
