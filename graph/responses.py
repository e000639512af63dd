"""Responses as they leave the server: bytes, written once, whatever carries them."""

# pyright: standard
# Not strict: what Strawberry, SQLAlchemy and JSON bring is untyped.
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from graph.errors import Code


@dataclass(frozen=True)
class Response:
    """One GraphQL response.

    Attributes:
        body: The response in JSON.
        errors: Its errors, formatted; empty when there are none.
        executed: Whether execution began; if not, there is no `data` at all.
        final: Whether it is no event of its stream, but tells why there are no more.
    """

    body: bytes
    errors: Sequence[Mapping[str, Any]] = field(default=())
    executed: bool = True
    final: bool = False

    @property
    def codes(self) -> frozenset[str]:
        return frozenset(error["extensions"]["code"] for error in self.errors)


def written(content: Mapping[str, Any]) -> bytes:
    """JSON in UTF-8. What UTF-8 cannot hold, a lone surrogate, becomes a question mark."""
    try:
        return orjson.dumps(content)
    except TypeError:
        return orjson.dumps(_sendable(content))


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
