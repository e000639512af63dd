"""Hands what a connection sends to its protocol in small portions, so that no connection keeps the loop."""

import asyncio
from collections.abc import Iterable
from time import perf_counter
from typing import Any, cast

from agreements_api.patience import Patience

PORTION_BYTES = 2048
TURN_SECONDS = 0.001
"""Of one connection: at least a portion is handed on, and more as long as that takes less than this."""
LINGER_SECONDS = 3.0
"""For which a client that still sends may go on, so that it gets to read why it is not heard."""
CUT_SECONDS = 45.0
"""For a client that takes nothing, until it is cut off. Applications give up before, and may say so."""


class FairTransport(asyncio.Transport):
    """A transport that reads ahead of its protocol, a little, and pauses whenever the protocol is behind.

    Attributes:
        lingers: Whether the client is in the middle of something: closed at once, its answer would be lost.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self.lingers = False
        self._transport, self._loop = transport, loop
        self._taking = Patience(loop, CUT_SECONDS, transport.abort)
        self._leaving = Patience(loop, LINGER_SECONDS, self.close_at_once)
        self._protocol: FairlyRead | None = None
        self._waiting = bytearray()
        self._paused = self._held = self._deaf = self._lingering = self._due = False
        self._reads = True

    def hand_to(self, protocol: "FairlyRead") -> None:
        self._protocol = protocol

    def received(self, data: bytes) -> None:
        if self._deaf:
            return
        waits = self._waiting or self._paused or self._held
        if not waits and len(data) <= PORTION_BYTES and self._protocol:
            self._protocol.take(data)
            return
        self._waiting += data
        if not self._due:
            self._turn()

    def put_back(self, data: bytes) -> None:
        """Hand it on before all that waits."""
        self._waiting[:0] = data
        self._settle()

    def hold(self) -> None:
        """Hand nothing on until `release`, whatever the protocol's own flow control says."""
        self._held = True
        self._settle()

    def release(self) -> None:
        self._held = False
        self._settle()

    def deafen(self) -> None:
        """Hand nothing on any more; what comes is read, to learn of the end, and dropped."""
        self._deaf = True
        self._waiting.clear()
        self._settle()

    def stall(self) -> None:
        """What was written is not taken as fast as it comes."""
        self._taking.begin()

    def flow(self) -> None:
        """It is again."""
        self._taking.end()

    def lose(self) -> None:
        """The connection is lost: let go of all that belongs to it, now and not when it is collected."""
        self._taking.end()
        self._leaving.end()
        self.deafen()
        self._protocol = None

    # What protocols use

    def pause_reading(self) -> None:
        self._paused = True
        self._settle()

    def resume_reading(self) -> None:
        self._paused = False
        self._settle()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self._lingering:
            self._transport.write(data)

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        # asyncio's own buffers it without bounds in 3.12 and 3.13 (CVE-2024-12254).
        self.write(b"".join(list_of_data))

    def is_closing(self) -> bool:
        return self._lingering or self._transport.is_closing()

    def close(self) -> None:
        """Close, though not at once where the client is still sending."""
        if (self.lingers or self._waiting) and not self.is_closing():
            self._lingering = True
            self._transport.write_eof()
            self.deafen()
            self._leaving.begin()
        elif not self._lingering:
            self.close_at_once()

    def close_at_once(self) -> None:
        """Read nothing more, and close as soon as what was written has been taken."""
        self._transport.close()
        if self._transport.get_write_buffer_size() and not self._taking.lasts:
            self._taking.begin()  # asyncio would wait for ever

    def abort(self) -> None:
        self._transport.abort()

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ANN401  # asyncio's signature
        return self._transport.get_extra_info(name, default)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._transport.set_protocol(protocol)

    # How it goes on

    @property
    def _stops(self) -> bool:
        return self._paused or self._held

    def _next_turn(self) -> None:
        self._due = False
        self._turn()

    def _turn(self) -> None:
        end = perf_counter() + TURN_SECONDS
        while self._waiting and not self._stops and not self.is_closing() and self._protocol:
            portion = bytes(self._waiting[:PORTION_BYTES])
            del self._waiting[:PORTION_BYTES]
            self._protocol.take(portion)
            if perf_counter() >= end:
                break
        self._settle()

    def _settle(self) -> None:
        """Read on if nothing waits, and see to it that what waits gets its turn."""
        if self._transport.is_closing():
            self._waiting.clear()
            return
        reads = self._deaf or not (self._waiting or self._stops)
        if reads != self._reads:
            self._reads = reads
            if reads:
                self._transport.resume_reading()
            else:
                self._transport.pause_reading()
        if self._waiting and not self._stops and not self._due:
            self._due = True
            self._loop.call_soon(self._next_turn)


class FairlyRead(asyncio.Protocol):
    """Mixed into a protocol: it gets a `FairTransport`, and `take` is called where `data_received` was."""

    loop: asyncio.AbstractEventLoop
    transport: FairTransport

    def take(self, data: bytes) -> None:
        raise NotImplementedError

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not isinstance(transport, FairTransport):
            transport = FairTransport(cast("asyncio.Transport", transport), self.loop)
        transport.hand_to(self)
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport.lose()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self.transport.received(data)

    def pause_writing(self) -> None:
        self.transport.stall()
        super().pause_writing()

    def resume_writing(self) -> None:
        self.transport.flow()
        super().resume_writing()
