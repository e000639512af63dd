"""One request and its answer: what an application receives and sends, and how it goes over the wire."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from agreements_api.fair_transport import FairTransport
from graph.guards import Header
from graph.wire.answers import TAKEN

_IN_NO_NAME = bytes(range(0x21)) + b'\x7f()<>@,;:\\[]={}"'
_IN_NO_VALUE = bytes(set(range(0x20)) - {0x09}) + b"\x7f"
_WITHOUT_BODY = {204, 304}
_FAULT = b"Internal Server Error"


class Cycle:
    """Does for one request what uvicorn's does, with less in between.

    The head of an answer is written together with the begin of its body: that is one call of the system less.
    ASGI has it so, too: nothing of an answer is sent before some of its body is there.

    Args:
        scope: Of the request.
        transport: Of its connection.
        flow: Of that transport.
        server_headers: That every answer has.
        log: Gets what applications do wrong.
        on_response: Called at the end of the answer.

    Attributes:
        expects_continue: Whether the client waits for being told to send the body.
        keep_alive: Whether the connection goes on after the answer.
        body: What has come of it, and was not received yet.
        more_body: Whether it goes on.
        disconnected: Whether the client is gone.
        response_complete: Whether the answer is written.
    """

    keep_alive = more_body = True
    expects_continue = disconnected = response_started = response_complete = False
    chunked_encoding: bool | None = None
    expected_content_length: int | None = 0
    _head: Sequence[bytes] = ()
    _usual: tuple[Header, ...] = ()
    _own_name = _own_value = b""
    _leaving: Callable[[], object] | None = None
    _news = _received = False
    _heard: asyncio.Event | None = None

    def __init__(  # noqa: PLR0913, PLR0917  # by name it takes twice as long, for each request
        self,
        scope: Any,  # noqa: ANN401  # as ASGI has it
        transport: FairTransport,
        flow: FlowControl,
        server_headers: Sequence[Header],
        log: logging.Logger,
        on_response: Callable[[], None],
    ) -> None:
        self.scope, self.transport, self.flow, self.on_response = scope, transport, flow, on_response
        self.body: bytes | bytearray = bytearray()
        self._server_headers, self._log = server_headers, log

    @property
    def begun(self) -> bool:
        """Whether something of the answer is written."""
        return self.response_started and not self._head

    async def run(self, app: Any) -> None:  # noqa: ANN401  # as ASGI has it
        """Have the application answer; where it does not, the answer is a 500."""
        try:
            await app(self.scope, self.receive, self.send)
        except asyncio.CancelledError:  # the process ends, and waits no longer
            if not self.response_complete:
                await self._fail()
        except BaseException as error:  # noqa: BLE001  # whatever it is, somebody waits for an answer
            self._log.error("Exception in ASGI application\n", exc_info=error)
            await self._fail()
        else:
            if not (self.response_complete or self.disconnected):
                self._log.error("ASGI callable returned without completing response.")
                await self._fail()
        finally:
            # What leads back here, or to the connection, would leave each request to the garbage collector.
            self.scope.pop("extensions", None)
            self.on_response = _nothing

    async def _fail(self) -> None:
        if self.begun:
            self.transport.close()
            return
        # A head that nobody has seen is taken back.
        self._head, self.response_started = (), False
        self.chunked_encoding, self.expected_content_length = None, 0
        headers = [
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", b"%d" % len(_FAULT)),
            (b"connection", b"close"),
        ]
        await self.send({"type": "http.response.start", "status": 500, "headers": headers})
        await self.send({"type": "http.response.body", "body": _FAULT})

    def have_all(self, body: bytes) -> None:
        """All of the body is there, before anything of it was asked for."""
        self.body, self.more_body, self._news = body, False, True

    def wake(self) -> None:
        """There is something to receive: of the body, or the end."""
        self._news = True
        if self._heard is not None:
            self._heard.set()

    def tell_of_leaving(self, leaving: Callable[[], object] | None) -> bool:
        """Call it when the client leaves; None takes that back. Returns whether it has left already."""
        self._leaving = leaving
        return self.disconnected

    def hang_up(self) -> None:
        """Tell the application that the client is gone."""
        if not self.response_complete:
            self.disconnected = True
        self.wake()
        if self._leaving is not None:
            self._leaving()

    def body_at_once(self) -> bytes | None:
        """All of the body, if it is there and nothing of it was received; it is received then."""
        if self.more_body or self._received or self.expects_continue or self.disconnected:
            return None
        self._news, self._received = False, True
        if self.flow.read_paused:
            self.flow.resume_reading()
        body, self.body = bytes(self.body), bytearray()
        return body

    async def receive(self) -> Any:  # noqa: ANN401  # as ASGI has it
        self._received = True
        if self.expects_continue and not self.transport.is_closing():
            self.expects_continue = False
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if not (self.disconnected or self.response_complete):
            self.flow.resume_reading()
            if not self._news:
                await self._wait()
            self._news = False
        if self.disconnected or self.response_complete:
            return {"type": "http.disconnect"}
        body, self.body = bytes(self.body), bytearray()
        return {"type": "http.request", "body": body, "more_body": self.more_body}

    async def _wait(self) -> None:
        if self._heard is None:
            self._heard = asyncio.Event()
        self._heard.clear()
        await self._heard.wait()

    def promise(self, usual: tuple[Header, ...], own: Header) -> None:
        """Take headers that the answer gets: the usual unless it says them itself, its own in any case."""
        self._usual = usual
        self._own_name, self._own_value = own

    def send(self, message: Any) -> Awaitable[None]:  # noqa: ANN401  # as ASGI has it
        """Write it now, or as soon as the client has taken enough of what was written before."""
        if self.flow.write_paused and not self.disconnected:
            return self._send_later(message)
        self._send(message)
        return TAKEN

    async def _send_later(self, message: Any) -> None:  # noqa: ANN401  # as ASGI has it
        await self.flow.drain()
        self._send(message)

    def _send(self, message: Any) -> None:  # noqa: ANN401  # as ASGI has it
        if self.disconnected:
            return
        if self.response_complete:
            raise RuntimeError(f"{message['type']} was sent after the end of the answer.")
        expected = "http.response.body" if self.response_started else "http.response.start"
        if message["type"] != expected:
            raise RuntimeError(f"{message['type']} was sent instead of {expected}.")
        if self.response_started:
            self._write(message.get("body", b""), more=message.get("more_body", False))
            return
        body: bytes | None = message.get("body")
        self._begin(message["status"], message.get("headers", ()), None if body is None else len(body))
        if body is not None:
            self._write(body, more=False)

    def _begin(self, status: int, headers: Sequence[Header], length: int | None) -> None:
        """Make the head; the length is that of the body if all of it is there."""
        lasting = _lasting(status, tuple(self._server_headers), self._usual, tuple(headers), self._own_name)
        pieces = [lasting.lines, _sound(self._own_value), b"\r\n"]
        self.keep_alive = self.keep_alive and not lasting.closes
        if not self.keep_alive and not lasting.closes:
            pieces.append(b"connection: close\r\n")
        if lasting.chunked or lasting.length is not None:
            self.chunked_encoding, self.expected_content_length = lasting.chunked, lasting.length or 0
        elif length is not None and status not in _WITHOUT_BODY:
            self.expected_content_length = length
            pieces.append(b"content-length: %d\r\n" % length)
        elif self.scope["method"] != "HEAD" and status not in _WITHOUT_BODY:
            if self.scope["http_version"] == "1.0":  # which knows no chunks, and never keeps a connection
                self.expected_content_length = None
            else:
                self.chunked_encoding = True
                pieces.append(b"transfer-encoding: chunked\r\n")
        pieces.append(b"\r\n")
        self._head = pieces
        self.response_started = True
        self.expects_continue = False

    def _write(self, body: bytes, *, more: bool) -> None:
        pieces, self._head = [*self._head], ()
        if self.scope["method"] == "HEAD":
            self.expected_content_length = 0
        elif self.chunked_encoding:
            if body:
                pieces += (b"%x\r\n" % len(body), body, b"\r\n")
            if not more:
                pieces.append(b"0\r\n\r\n")
        else:
            if self.expected_content_length is not None:
                self.expected_content_length -= len(body)
                if self.expected_content_length < 0:
                    raise RuntimeError("The body is longer than its Content-Length.")
            pieces.append(body)
        # Not as a list: asyncio's own buffers that without bounds in 3.12 and 3.13 (CVE-2024-12254).
        self.transport.write(b"".join(pieces))
        if not more:
            self._end()

    def _end(self) -> None:
        if self.expected_content_length:
            raise RuntimeError("The body is shorter than its Content-Length.")
        self.response_complete = True
        self.wake()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()


def _nothing() -> None:
    pass


class _Lasting(NamedTuple):
    """What many answers have in common, as it goes over the wire, and what it says of an answer's end."""

    lines: bytes
    length: int | None
    chunked: bool
    closes: bool


@lru_cache(256)
def _lasting(
    status: int,
    of_server: tuple[Header, ...],
    usual: tuple[Header, ...],
    said: tuple[Header, ...],
    own_name: bytes,
) -> _Lasting:
    """All lines of a head that may come again, up to the value of the header that is the answer's own."""
    said = tuple([(name.lower(), value) for name, value in said if name.lower() != own_name])
    names = {name for name, _ in said}
    known = [*of_server, *(header for header in usual if header[0] not in names), *said]
    lines = [STATUS_LINE[status].removesuffix(b"\r\n"), *(_line(name, value) for name, value in known)]
    if own_name:
        lines.append(_line(own_name, b""))
    length = next((int(value) for name, value in known if name == b"content-length"), None)
    chunked = (b"transfer-encoding", b"chunked") in [(name, value.lower()) for name, value in known]
    says = b",".join(value.lower() for name, value in known if name == b"connection")
    closes = b"close" in [each.strip() for each in says.split(b",")]
    return _Lasting(b"\r\n".join(lines), length, chunked, closes)


def _line(name: bytes, value: bytes) -> bytes:
    """A header as it goes over the wire.

    Raises:
        RuntimeError: It holds what would end it, and begin another.
    """
    if len(name.translate(None, _IN_NO_NAME)) != len(name):
        raise RuntimeError("A header has an invalid name.")
    return b"%b: %b" % (name, _sound(value))


def _sound(value: bytes) -> bytes:
    if not value.isalnum() and len(value.translate(None, _IN_NO_VALUE)) != len(value):
        raise RuntimeError("A header has an invalid value.")
    return value
