"""One request and its answer, as uvicorn has them, but for how an answer is written."""

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, NamedTuple

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

_IN_NO_NAME = bytes(range(0x21)) + b'\x7f()<>@,;:\\[]={}"'
_IN_NO_VALUE = bytes(set(range(0x20)) - {0x09}) + b"\x7f"
_NEVER_THE_SAME = {b"content-length", b"x-request-id"}
_COPIED_BYTES = 16 * 1024
"""Of a body that is copied behind its head: to hand on two pieces takes longer."""


class Cycle(RequestResponseCycle):
    """Writes the head of an answer together with the begin of its body: that is one call of the system less.

    ASGI has it so, too: nothing of an answer is sent before some of its body is there.
    """

    _head: bytes | None = None
    _leaving: Callable[[], object] | None = None

    @property
    def begun(self) -> bool:
        """Whether something of the answer is written."""
        return self.response_started and self._head is None

    async def run_asgi(self, app: Any) -> None:  # noqa: ANN401  # uvicorn's type
        await super().run_asgi(partial(self._told, app))

    async def _told(self, app: Any, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401  # as above
        try:
            await app(scope, receive, send)
        except BaseException:
            if self._head is not None:  # which nobody has seen: the answer is a 500 instead
                self._head, self.response_started = None, False
                self.chunked_encoding, self.expected_content_length = None, 0
            raise

    def tell_of_leaving(self, leaving: Callable[[], object] | None) -> bool:
        """Call it when the client leaves; None takes that back. Returns whether it has left already."""
        self._leaving = leaving
        return self.disconnected

    def hang_up(self) -> None:
        """Tell the application that the client is gone."""
        if not self.response_complete:
            self.disconnected = True
        self.message_event.set()
        if self._leaving is not None:
            self._leaving()

    async def receive(self) -> Any:  # noqa: ANN401  # uvicorn's type
        if self.waiting_for_100_continue or self.disconnected or self.response_complete:
            return await super().receive()
        self.flow.resume_reading()
        if not self.message_event.is_set():
            await self.message_event.wait()
        self.message_event.clear()
        if self.disconnected or self.response_complete:
            return {"type": "http.disconnect"}
        body, self.body = bytes(self.body), bytearray()
        return {"type": "http.request", "body": body, "more_body": self.more_body}

    async def send(self, message: Any) -> None:  # noqa: ANN401  # uvicorn's type
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        if self.response_complete:
            raise RuntimeError(f"{message['type']} was sent after the end of the answer.")
        expected = "http.response.body" if self.response_started else "http.response.start"
        if message["type"] != expected:
            raise RuntimeError(f"{message['type']} was sent instead of {expected}.")
        if self.response_started:
            self._write(message.get("body", b""), more=message.get("more_body", False))
        else:
            self._begin(message["status"], [*self.default_headers, *message.get("headers", ())])

    def _begin(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        lasting = _lasting(status, tuple([each for each in headers if each[0] not in _NEVER_THE_SAME]))
        pieces, length = [lasting.lines], lasting.length
        for name, value in headers:
            if name in _NEVER_THE_SAME:
                pieces.append(_line(name, value))
                length = int(value) if name == b"content-length" else length
        self.keep_alive = self.keep_alive and not lasting.closes
        if not self.keep_alive and not lasting.closes:
            pieces.append(b"connection: close\r\n")
        if lasting.chunked or length is not None:
            self.chunked_encoding, self.expected_content_length = lasting.chunked, length or 0
        elif self.scope["method"] != "HEAD" and status not in {204, 304}:
            self.chunked_encoding = True
            pieces.append(b"transfer-encoding: chunked\r\n")
        pieces.append(b"\r\n")
        self._head = b"".join(pieces)
        self.response_started = True
        self.waiting_for_100_continue = False

    def _write(self, body: bytes, *, more: bool) -> None:
        pieces = [] if self._head is None else [self._head]
        if self.scope["method"] == "HEAD":
            self.expected_content_length = 0
        elif self.chunked_encoding:
            if body:
                pieces += (b"%x\r\n" % len(body), body, b"\r\n")
            if not more:
                pieces.append(b"0\r\n\r\n")
        else:
            self.expected_content_length -= len(body)
            if self.expected_content_length < 0:
                raise RuntimeError("The body is longer than its Content-Length.")
            pieces.append(body)
        self._head = None
        if len(body) <= _COPIED_BYTES:
            self.transport.write(b"".join(pieces))
        else:
            self.transport.writelines(pieces)
        if not more:
            self._end()

    def _end(self) -> None:
        if self.expected_content_length:
            raise RuntimeError("The body is shorter than its Content-Length.")
        self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()


class _Lasting(NamedTuple):
    """What many answers have in common, as it goes over the wire, and what it says of an answer's end."""

    lines: bytes
    length: int | None
    chunked: bool
    closes: bool


@lru_cache(256)
def _lasting(status: int, headers: tuple[tuple[bytes, bytes], ...]) -> _Lasting:
    known = [(name.lower(), value) for name, value in headers]
    lines = b"".join([STATUS_LINE[status], *(_line(name, value) for name, value in known)])
    length = next((int(value) for name, value in known if name == b"content-length"), None)
    chunked = (b"transfer-encoding", b"chunked") in [(name, value.lower()) for name, value in known]
    says = b",".join(value.lower() for name, value in known if name == b"connection")
    return _Lasting(lines, length, chunked, b"close" in [each.strip() for each in says.split(b",")])


def _line(name: bytes, value: bytes) -> bytes:
    """A header as it goes over the wire.

    Raises:
        RuntimeError: It holds what would end it, and begin another.
    """
    if len(name.translate(None, _IN_NO_NAME)) != len(name):
        raise RuntimeError("A header has an invalid name.")
    if len(value.translate(None, _IN_NO_VALUE)) != len(value):
        raise RuntimeError("A header has an invalid value.")
    return b"%b: %b\r\n" % (name, value)
