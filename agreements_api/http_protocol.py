"""HTTP/1.1 as uvicorn speaks it, with bounds on the head of a request; what is no HTTP gets a coded error."""

import asyncio
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from graph import Code
from graph.guards import REQUEST_ID_HEADER

URL_BYTES = 64 * 1024
HEAD_BYTES = 64 * 1024
"""Of all headers together."""
HEAD_SECONDS = 20.0
"""Until the head of a request must have come, from its first byte; the first, from the connection."""


class BoundedProtocol(HttpToolsProtocol):
    """Refuses a head that is too long, or takes too long, before the application hears of it."""

    def __init__(self, *given: Any, **options: Any) -> None:  # noqa: ANN401  # uvicorn's signature
        super().__init__(*given, **options)
        self._head_bytes = 0
        self._unfinished = 0
        self._head_is_open = True
        self._asked = False
        self._refusal = (400, Code.BAD_REQUEST, "This is no HTTP request.")
        self._patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        # A header counts where it ends: one that does not end is held by the parser, however long it is.
        if self._head_is_open and not self.transport.is_closing():
            self._unfinished += len(data)
            if self._unfinished > URL_BYTES + HEAD_BYTES:
                self._refusal = (431, Code.HEADERS_TOO_LARGE, f"Headers have at most {HEAD_BYTES} bytes.")
                self.send_400_response(self._refusal[2])

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head_bytes = self._unfinished = 0
        self._head_is_open = True
        self._wait_for_head()

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > URL_BYTES:
            self._refuse(414, Code.URL_TOO_LONG, f"A URL has at most {URL_BYTES} bytes: use POST.")

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        self._head_bytes += len(name) + len(value)
        if self._head_bytes > HEAD_BYTES:
            self._refuse(431, Code.HEADERS_TOO_LARGE, f"Headers have at most {HEAD_BYTES} bytes.")

    def on_headers_complete(self) -> None:
        self._stop_waiting()
        self._head_is_open = False
        super().on_headers_complete()
        self._asked = True

    def send_400_response(self, msg: str) -> None:
        """Answer what the parser does not take; `msg` is for people who use no GraphQL client."""
        self._stop_waiting()
        if self._asked and not self.cycle.response_complete:
            self.transport.close()  # another answer is on its way: this one cannot be told apart from it
            return
        status, code, message = self._refusal
        tag = uuid4().hex
        extensions = {"code": code.value, "requestId": tag}
        body = orjson.dumps({"errors": [{"message": message, "extensions": extensions}]})
        head = (
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\n{REQUEST_ID_HEADER}: {tag}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()

    def _refuse(self, status: int, code: Code, message: str) -> None:
        self._refusal = (status, code, message)
        raise ValueError(message)  # the parser stops, and hands it to `send_400_response`

    def _wait_for_head(self) -> None:
        self._stop_waiting()
        self._patience = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _give_up(self) -> None:
        if not self.transport.is_closing():
            self._refusal = (408, Code.REQUEST_TIMEOUT, "The request did not come to its end in time.")
            self.send_400_response(self._refusal[2])
