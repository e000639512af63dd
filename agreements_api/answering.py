"""One request and its answer, as uvicorn has them, but for how an answer is written."""

from functools import lru_cache
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

_IN_NO_NAME = bytes(range(0x21)) + b'\x7f()<>@,;:\\[]={}"'
_IN_NO_VALUE = bytes(set(range(0x20)) - {0x09}) + b"\x7f"
_OF_THE_END = {b"content-length", b"transfer-encoding", b"connection"}
_NEVER_THE_SAME = {b"content-length", b"x-request-id"}
_COPIED_BYTES = 16 * 1024
"""Of a body that is copied behind its head: to hand on two pieces takes longer."""


class Cycle(RequestResponseCycle):
    """Writes the head of an answer together with the begin of its body: that is one call of the system less.

    ASGI has it so, too: nothing of an answer is sent before some of its body is there.
    """

    _head: bytes | None = None

    @property
    def begun(self) -> bool:
        """Whether something of the answer is written."""
        return self.response_started and self._head is None

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
        lines = [STATUS_LINE[status]]
        closes = False
        for name, value in headers:
            line, matters = (_line if name in _NEVER_THE_SAME else _known_line)(name, value)
            lines.append(line)
            if matters:
                closes = self._heed(name.lower(), value) or closes
        self.response_started = True
        self.waiting_for_100_continue = False
        if not self.keep_alive and not closes:
            lines.append(b"connection: close\r\n")
        if self.chunked_encoding is None and self.scope["method"] != "HEAD" and status not in {204, 304}:
            self.chunked_encoding = True
            lines.append(b"transfer-encoding: chunked\r\n")
        lines.append(b"\r\n")
        self._head = b"".join(lines)

    def _heed(self, name: bytes, value: bytes) -> bool:
        """Go by a header that says how the answer ends; whether it says that the connection does, too."""
        if name == b"content-length" and self.chunked_encoding is None:
            self.expected_content_length = int(value)
            self.chunked_encoding = False
        elif name == b"transfer-encoding" and value.lower() == b"chunked":
            self.expected_content_length = 0
            self.chunked_encoding = True
        elif name == b"connection" and b"close" in [each.strip() for each in value.lower().split(b",")]:
            self.keep_alive = False
            return True
        return False

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


def _line(given: bytes, value: bytes) -> tuple[bytes, bool]:
    """A header as it goes over the wire, and whether it says how the answer ends.

    Raises:
        RuntimeError: It holds what would end it, and begin another.
    """
    name = given.lower()
    if len(name.translate(None, _IN_NO_NAME)) != len(name):
        raise RuntimeError("A header has an invalid name.")
    if len(value.translate(None, _IN_NO_VALUE)) != len(value):
        raise RuntimeError("A header has an invalid value.")
    return b"%b: %b\r\n" % (name, value), name in _OF_THE_END


_known_line = lru_cache(256)(_line)
"""Most headers are those of the answer before."""
