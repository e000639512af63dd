"""Responses as they leave the server: bytes, written once, whatever carries them."""

# pyright: standard
# Not strict: what Strawberry, SQLAlchemy and JSON bring is untyped.
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from graph.errors import Code

OPTIONS = orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z
"""Instants, where there are any, in UTC and with a Z."""


class Response(NamedTuple):
    """One GraphQL response.

    Attributes:
        body: The response in JSON.
        errors: Its errors, formatted; empty when there are none.
        executed: Whether execution began; if not, there is no `data` at all.
        final: Whether it is no event of its stream, but tells why there are no more.
    """

    body: bytes
    errors: Sequence[Mapping[str, Any]] = ()
    executed: bool = True
    final: bool = False

    @property
    def codes(self) -> frozenset[str]:
        return frozenset(error["extensions"]["code"] for error in self.errors)


def written(content: Mapping[str, Any]) -> bytes:
    """JSON in UTF-8. What UTF-8 cannot hold, a lone surrogate, becomes a question mark."""
    try:
        return orjson.dumps(content, option=OPTIONS)
    except TypeError:
        return orjson.dumps(_sendable(content), option=OPTIONS)


def written_within(content: Mapping[str, Any], most_bytes: int) -> bytes | None:
    """As `written`; None if that is longer. One that is much longer is not written at all."""
    if least_bytes(content, most_bytes) > most_bytes:
        return None
    body = written(content)
    return body if len(body) <= most_bytes else None


def least_bytes(content: Mapping[str, Any], enough: int) -> int:
    """How long it is as JSON at the least, by what it says; counted no further than `enough`.

    A text may stand in a response a thousand times over, and takes the room of one until it is written.
    """
    found, waiting = 0, list[Any]((content,))
    while waiting and found <= enough:
        value = waiting.pop()
        if isinstance(value, dict):
            found += sum(map(len, value))
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
        else:
            found += len(value) if isinstance(value, str) else 1
    return found


def _sendable(value: Any) -> Any:  # noqa: ANN401  # whatever a response holds
    match value:
        case str():
            return value.encode("utf-8", "replace").decode()
        case Mapping():
            return {_sendable(key): _sendable(item) for key, item in value.items()}
        case list() | tuple():
            return [_sendable(item) for item in value]
        case _:
            return value


def refused(message: str, code: Code, request_id: str) -> Response:
    """The response to a request that is not executed, for one reason."""
    errors = [{"message": message, "extensions": {"code": code.value, "requestId": request_id}}]
    return Response(written({"errors": errors}), errors, executed=False)
