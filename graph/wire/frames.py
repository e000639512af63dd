"""Messages of `graphql-transport-ws` as they are read and written, and what closes a socket. No I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, TypeAlias, cast

import orjson

from graph.errors import CodedError
from graph.requests import GraphQLRequest, read_request
from graph.responses import written

PROTOCOL = "graphql-transport-ws"
_LONGEST_ID = 256
_LONGEST_REASON = 123
"""Bytes, by RFC 6455."""


class CloseCode(IntEnum):
    """Why the server closes a socket.

    Those above 4400 are the protocol's, but for 4420 and 4421. A client may connect again after 1012, 4408,
    4420 and 4421, after 4403 with other credentials; the others are mistakes of its own.
    """

    MESSAGE_TOO_LARGE = 1009
    RESTART = 1012
    BAD_MESSAGE = 4400
    UNAUTHORIZED = 4401
    FORBIDDEN = 4403
    WRONG_PROTOCOL = 4406
    TIMEOUT = 4408
    DUPLICATE_ID = 4409
    TOO_MANY_MESSAGES = 4420
    SLOW_CONSUMER = 4421
    TOO_MANY_INITS = 4429
    INTERNAL = 4500


class Closed(Exception):
    """The socket ends now.

    Args:
        code: Why; None if the client has left.
        reason: For a person; cut to what a frame holds.
    """

    def __init__(self, code: CloseCode | None, reason: str = "") -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason.encode("utf-8", "replace")[:_LONGEST_REASON].decode("utf-8", "ignore")


@dataclass(frozen=True)
class Init:
    params: Mapping[str, Any]


@dataclass(frozen=True)
class Ping:
    """`payload` is JSON already, to be sent back."""

    payload: bytes | None


@dataclass(frozen=True)
class Pong:
    pass


@dataclass(frozen=True)
class Subscribe:
    id: str
    request: GraphQLRequest


@dataclass(frozen=True)
class Complete:
    id: str


ClientMessage: TypeAlias = Init | Ping | Pong | Subscribe | Complete

ACK = b'{"type":"connection_ack"}'
PING = b'{"type":"ping"}'


def decode(frame: str | None, most_bytes: int) -> ClientMessage:
    """What the client says.

    Args:
        frame: The text of the frame; None if it was a binary one.
        most_bytes: That are read.

    Raises:
        Closed: It is longer, or nothing that the protocol knows.
    """
    if frame is None:
        raise Closed(CloseCode.BAD_MESSAGE, "Messages are text frames")
    data = frame[: most_bytes + 1].encode("utf-8", "surrogatepass")
    if len(data) > most_bytes:
        raise Closed(CloseCode.MESSAGE_TOO_LARGE, f"A message has at most {most_bytes} bytes")
    try:
        given = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise Closed(CloseCode.BAD_MESSAGE, "The message is not JSON") from error
    if not isinstance(given, dict):
        raise Closed(CloseCode.BAD_MESSAGE, "A message is an object")
    return _message(cast("dict[str, Any]", given))


def ponged(ping: Ping) -> bytes:
    payload = b"" if ping.payload is None else b',"payload":' + ping.payload
    return b'{"type":"pong"' + payload + b"}"


def following(id: str, body: bytes) -> bytes:
    """One response, JSON already, of an operation."""
    return b'{"id":' + orjson.dumps(id) + b',"type":"next","payload":' + body + b"}"


def failed(id: str, errors: Sequence[Mapping[str, Any]]) -> bytes:
    """The end of an operation that is not run, or not any further."""
    return written({"id": id, "type": "error", "payload": list(errors)})


def completed(id: str) -> bytes:
    return b'{"id":' + orjson.dumps(id) + b',"type":"complete"}'


def _message(given: Mapping[str, Any]) -> ClientMessage:
    match given.get("type"):
        case "connection_init":
            return Init(_payload(given) or {})
        case "ping":
            return Ping(_echo(_payload(given)))
        case "pong":
            _payload(given)
            return Pong()
        case "subscribe":
            return Subscribe(_id(given), _request(given))
        case "complete":
            return Complete(_id(given))
        case _:
            raise Closed(CloseCode.BAD_MESSAGE, "The type is none that a client sends")


def _id(given: Mapping[str, Any]) -> str:
    found = given.get("id")
    if isinstance(found, str) and 0 < len(found) <= _LONGEST_ID:
        return found
    raise Closed(CloseCode.BAD_MESSAGE, f"The id is not a text of 1 to {_LONGEST_ID} characters")


def _payload(given: Mapping[str, Any]) -> Mapping[str, Any] | None:
    payload = given.get("payload")
    if payload is None or isinstance(payload, dict):
        return cast("dict[str, Any] | None", payload)
    raise Closed(CloseCode.BAD_MESSAGE, "The payload is not an object")


def _echo(payload: Mapping[str, Any] | None) -> bytes | None:
    try:
        return None if payload is None else orjson.dumps(payload)
    except TypeError as error:  # it reads deeper objects than it writes
        raise Closed(CloseCode.BAD_MESSAGE, "The payload is nested too deeply") from error


def _request(given: Mapping[str, Any]) -> GraphQLRequest:
    try:
        return read_request(given.get("payload"))
    except CodedError as error:
        raise Closed(CloseCode.BAD_MESSAGE, error.message) from error
