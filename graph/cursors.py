"""Signed cursors: a place in one order of one connection under one filter, which no client can make up."""

# pyright: standard
# Not strict: what Strawberry, SQLAlchemy and JSON bring is untyped.
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from hashlib import blake2b
from hmac import compare_digest
from uuid import UUID

from graph.dynamic import Value
from graph.errors import CodedError

MAC_BYTES = 12
MAX_CURSOR_CHARACTERS = 4096


def plain(value: Value) -> Value:  # noqa: PLR0911  # one for each type
    """A value as JSON can hold it, the same for equal values only."""
    match value:
        case Enum():
            return plain(value.value)
        case None | bool() | int() | str() | float():
            return value
        case datetime():
            return {"t": value.isoformat()}
        case date():
            return {"d": value.isoformat()}
        case UUID():
            return {"u": value.hex}
        case Decimal():
            return {"n": str(value)}
        case list() | tuple():
            return [plain(item) for item in value]
        case _:
            raise TypeError(f"A {type(value).__name__} can neither order a connection nor filter it.")


def _value(item: Value) -> Value:  # decoded JSON
    match item:
        case {"t": text}:
            return datetime.fromisoformat(text)
        case {"d": text}:
            return date.fromisoformat(text)
        case {"u": text}:
            return UUID(text)
        case {"n": text}:
            return Decimal(text)
        case _:
            return item


class Cursors:
    """The cursors of one connection under one order and filter.

    Args:
        key: Secret of the server, at most 64 bytes.
        place: What the cursors are good for, as JSON can hold it: connection, order, filter.
    """

    def __init__(self, key: bytes, place: Value) -> None:
        self._mac = blake2b(key=key, digest_size=MAC_BYTES, person=b"graph.cursor")
        self._mac.update(_json(place))

    def encode(self, values: Sequence[Value]) -> str:
        body = _json([plain(value) for value in values])
        return urlsafe_b64encode(self._sign(body) + body).rstrip(b"=").decode()

    def decode(self, cursor: str) -> list[Value]:
        """The values that `encode` was given.

        Raises:
            CodedError: BAD_CURSOR, it is altered, or was given for another connection, order or filter.
        """
        try:
            raw = cursor.encode("ascii")
            data = urlsafe_b64decode(raw + b"=" * (-len(raw) % 4))
        except ValueError:
            data = b""
        mac, body = data[:MAC_BYTES], data[MAC_BYTES:]
        canonical = urlsafe_b64encode(data).rstrip(b"=").decode() == cursor
        if len(cursor) > MAX_CURSOR_CHARACTERS or not canonical or not compare_digest(mac, self._sign(body)):
            raise CodedError(
                "The cursor was not given by this connection under this order and filter.", code="BAD_CURSOR"
            )
        return [_value(item) for item in json.loads(body)]

    def _sign(self, body: bytes) -> bytes:
        mac = self._mac.copy()
        mac.update(b"\0")
        mac.update(body)
        return mac.digest()


def _json(value: Value) -> bytes:
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()
