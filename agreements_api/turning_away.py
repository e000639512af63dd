"""Answers to what never reaches the application: one coded error as JSON, then the connection is closed."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import orjson
from websockets.exceptions import RequestLineTooLong, SecurityError
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
from websockets.http11 import Request
from websockets.server import ServerProtocol

from graph import Code
from graph.guards import REQUEST_ID_HEADER

_TOLD = ("Allow", "Upgrade", "Sec-WebSocket-Version")
"""Headers that say what would be taken."""


@dataclass(frozen=True)
class Refusal:
    """Why there is no other answer; the message is for people who use no GraphQL client."""

    status: int
    code: Code
    message: str
    headers: tuple[tuple[str, str], ...] = ()

    def answer(self) -> bytes:
        """The answer, as it goes over the wire."""
        headers, body = self._content()
        lines = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
        phrase = HTTPStatus(self.status).phrase
        return f"HTTP/1.1 {self.status} {phrase}\r\n".encode() + lines + b"\r\n" + body

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401  # uvicorn's types
        """Give it in its turn, as an application does."""
        headers, body = self._content()
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _content(self) -> tuple[list[tuple[bytes, bytes]], bytes]:
        tag = uuid4().hex
        extensions = {"code": self.code.value, "requestId": tag}
        body = orjson.dumps({"errors": [{"message": self.message, "extensions": extensions}]})
        headers = {
            "content-type": "application/json",
            "content-length": str(len(body)),
            REQUEST_ID_HEADER: tag,
            "connection": "close",
            **dict(self.headers),
        }
        return [(name.encode(), value.encode()) for name, value in headers.items()], body


NO_HTTP = Refusal(400, Code.BAD_REQUEST, "This is no HTTP request.")
BAD_BODY = Refusal(400, Code.BAD_REQUEST, "The body is not as the headers say.")
TOO_LATE = Refusal(408, Code.REQUEST_TIMEOUT, "The request did not come to its end in time.")


def refuse_handshake(head: bytes) -> Refusal | None:
    """Why the head does not open a WebSocket: uvicorn gives some of these no answer, and others no code."""
    trial = ServerProtocol(extensions=[ServerPerMessageDeflateFactory()])
    trial.receive_data(head)
    events = trial.events_received()
    if not events or not isinstance(events[0], Request):
        return _unread(trial.handshake_exc)
    response = trial.accept(events[0])
    if response.status_code == HTTPStatus.SWITCHING_PROTOCOLS:
        return None
    wrong_method = response.status_code == HTTPStatus.METHOD_NOT_ALLOWED
    code = Code.METHOD_NOT_ALLOWED if wrong_method else Code.BAD_REQUEST
    told = tuple((name, response.headers[name]) for name in _TOLD if name in response.headers)
    return Refusal(response.status_code, code, f"This opens no WebSocket: {trial.handshake_exc}.", told)


def _unread(cause: Exception | None) -> Refusal:
    if isinstance(cause, RequestLineTooLong):
        return Refusal(414, Code.URL_TOO_LONG, f"This opens no WebSocket: {cause}.")
    if isinstance(cause, SecurityError):
        return Refusal(431, Code.HEADERS_TOO_LARGE, f"This opens no WebSocket: {cause}.")
    return Refusal(400, Code.BAD_REQUEST, "This opens no WebSocket: it has a body, or is not well-formed.")
