"""WebSockets as uvicorn speaks them, with bounds on the handshake and on frames that are no message."""

from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Request

from agreements_api.fair_transport import FairlyRead, FairTransport
from agreements_api.patience import Patience
from agreements_api.turning_away import TOO_LATE
from graph.wire.frames import CloseCode
from graph.wire.outbox import Rate

HANDSHAKE_SECONDS = 10.0
"""Until the application has let the client in, or not."""
FRAMES_PER_SECOND = 200.0
"""Of pings, pongs and parts of messages, which are no messages by themselves; on average."""
FRAMES_AT_ONCE = 2_000
_PARTS = {Opcode.CONT, Opcode.PING, Opcode.PONG}


class BoundedSocket(FairlyRead, WebSocketsSansIOProtocol):  # pyright: ignore[reportIncompatibleVariableOverride]  # it is told of no other transport
    """Opened by `BoundedProtocol` with a head that is known to be a handshake."""

    def __init__(self, *given: Any, **options: Any) -> None:  # noqa: ANN401  # uvicorn's signature
        super().__init__(*given, **options)
        self._parts = Rate(FRAMES_PER_SECOND, FRAMES_AT_ONCE)
        self._patience = Patience(self.loop, HANDSHAKE_SECONDS, self._give_up)

    def open(self, transport: FairTransport, head: bytes, rest: bytes) -> None:
        """Take the connection over; `rest` is what came behind the head, and waits until it is answered."""
        transport.lingers = False
        transport.set_protocol(self)
        self.connection_made(transport)
        transport.hold()
        transport.put_back(rest)
        self._patience.begin()
        self.take(head)

    def connection_lost(self, exc: Exception | None) -> None:
        self._patience.end()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        if self.transport.is_closing():  # uvicorn would say farewell a second time, and fail
            self.transport.close_at_once()
        else:
            super().shutdown()

    def take(self, data: bytes) -> None:
        WebSocketsSansIOProtocol.data_received(self, data)

    def handle_events(self) -> None:
        now = self.loop.time()
        parts = [event for event in self.conn.events if _is_part(event)]
        if all(self._parts.passes(now) for _ in parts):
            super().handle_events()
        else:
            self.transport.lingers = True
            self.conn.fail(CloseCode.TOO_MANY_MESSAGES, "Too many frames")
            self.handle_parser_exception()

    def handle_ping(self) -> None:
        if self.writable.is_set():
            super().handle_ping()
        else:
            self.conn.data_to_send()  # no pongs are kept for a client that takes nothing

    async def send(self, message: Any) -> None:  # noqa: ANN401  # uvicorn's type
        await super().send(message)
        if self.initial_response is not None and self.close_sent:
            self.handshake_complete = True  # by a refusal, of which uvicorn would say that it never was
        if self._patience.lasts and (self.handshake_complete or self.initial_response):
            self._patience.end()
            self.transport.release()

    def _give_up(self) -> None:
        self._patience.end()
        if not self.transport.is_closing():
            self.transport.write(TOO_LATE.answer())
            self.transport.close_at_once()


def _is_part(event: Frame | Request | Any) -> bool:  # noqa: ANN401  # or an answer, on other sides
    return isinstance(event, Frame) and event.opcode in _PARTS
