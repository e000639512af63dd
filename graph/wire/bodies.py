"""Reads what a client sends, within bounds: bytes up to a length, in time; JSON, and nothing else."""

import asyncio
from typing import Any

import orjson
from starlette.datastructures import Headers
from starlette.types import Receive

from graph.errors import Code
from graph.refusals import Refused


class ClientGone(Exception):
    """Nobody waits for the answer any more."""


async def read_body(receive: Receive, headers: Headers, *, most_bytes: int, seconds: float) -> bytes:
    """Read a request's body to its end.

    Raises:
        Refused: 413, it is longer than `most_bytes`; 408, it did not come to its end in time.
        ClientGone: The client left meanwhile.
    """
    announced = headers.get("content-length", "")
    if announced.isdecimal() and (len(announced) > len(str(most_bytes)) or int(announced) > most_bytes):
        raise _too_large(most_bytes)
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientGone
                body += message.get("body", b"")
                if len(body) > most_bytes:
                    raise _too_large(most_bytes)
                if not message.get("more_body", False):
                    return bytes(body)
    except TimeoutError as error:
        message = f"The request did not come to its end within {seconds:g} seconds."
        raise Refused(408, Code.REQUEST_TIMEOUT, message, connection="close") from error


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


def _too_large(most_bytes: int) -> Refused:
    return Refused(413, Code.BODY_TOO_LARGE, f"A body has at most {most_bytes} bytes.")
