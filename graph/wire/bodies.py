"""Reads what a client sends, within bounds: bytes up to a length, in time; JSON, and nothing else."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any, TypeAlias

import orjson
from starlette.datastructures import Headers
from starlette.types import Receive, Scope

from graph.deadlines import ClientGone
from graph.errors import Code
from graph.head import head_of, text_of
from graph.refusals import Refused
from graph.wire.waiting import in_time

BODY_BYTES = 256_000
"""Of a request or a message without files, unless somebody sets another length."""

BodyAtOnce: TypeAlias = Callable[[], bytes | None]
AT_ONCE = "graph.body_at_once"
"""A server's extension of ASGI, a function: it gives all of the body, and has it received by that, if it has
come and nothing of it was received; else None. Whoever wraps `receive` has to take it out of the scope.

To receive it in messages takes three times as long as all else that is done to read it.
"""

_LONGEST_NUMBER = 18
"""Digits of a length that are worth reading."""


async def body_chunks(
    receive: Receive, headers: Headers, *, most_bytes: int, idle_seconds: float
) -> AsyncGenerator[bytes]:
    """A request's body as it comes.

    Raises:
        Refused: 413, it is, or says that it is, longer than `most_bytes`; 408, nothing came for that long.
        ClientGone: The client left meanwhile.
    """
    _require_short(headers.get("content-length", ""), most_bytes)
    taken = 0
    while True:
        try:
            async with asyncio.timeout(idle_seconds):
                message = await receive()
        except TimeoutError as error:
            raise late() from error
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunk: bytes = message.get("body", b"")
        taken += len(chunk)
        if taken > most_bytes:
            raise _too_large(most_bytes)
        yield chunk
        if not message.get("more_body", False):
            return


def body_at_once(scope: Scope, most_bytes: int) -> bytes | None:
    """A request's body, if it has come and the server gives it at once; else `read_body` does.

    Raises:
        Refused: 413, it is longer than `most_bytes`.
    """
    at_once: BodyAtOnce | None = scope.get("extensions", {}).get(AT_ONCE)
    body = None if at_once is None else at_once()
    if body is not None and len(body) > most_bytes:
        raise _too_large(most_bytes)
    return body


async def read_body(scope: Scope, receive: Receive, *, most_bytes: int, seconds: float) -> bytes:
    """Read a request's body to its end, in that time; raises as `body_chunks` does."""
    _require_short(text_of(head_of(scope), b"content-length"), most_bytes)
    try:
        return await in_time(_whole(receive, most_bytes), seconds)
    except TimeoutError as error:
        raise late() from error


async def _whole(receive: Receive, most_bytes: int) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        body += message.get("body", b"")
        if len(body) > most_bytes:
            raise _too_large(most_bytes)
        if not message.get("more_body", False):
            return bytes(body)


def late() -> Refused:
    message = "The request did not come to its end in time."
    return Refused(408, Code.REQUEST_TIMEOUT, message, connection="close")


def read_json(text: bytes | str, what: str) -> Any:  # noqa: ANN401  # whatever JSON the client sent
    """Decode JSON.

    Args:
        text: In UTF-8, without a byte order mark.
        what: Names it in the refusal.

    Raises:
        Refused: 400, it is none.
    """
    try:
        return orjson.loads(text)
    except ValueError as error:
        raise Refused(400, Code.BAD_REQUEST, f"{what} is not JSON in UTF-8.") from error


def _require_short(announced: str, most_bytes: int) -> None:
    announced = announced.lstrip("0")
    if announced.isdecimal() and (len(announced) > _LONGEST_NUMBER or int(announced) > most_bytes):
        raise _too_large(most_bytes)


def _too_large(most_bytes: int) -> Refused:
    return Refused(413, Code.BODY_TOO_LARGE, f"A body has at most {most_bytes} bytes.")
