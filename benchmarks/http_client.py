"""A client that costs little: on the core it shares with the database its own time is the database's loss.

Just enough HTTP/1.1 for a server that answers with a Content-Length and keeps the connection.
"""

import asyncio
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import perf_counter
from typing import cast

from benchmarks.errors import WrongAnswer

_STATUS_OK = b"HTTP/1.1 200 "
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
_HEAD_END = b"\r\n\r\n"
GRACE_SECONDS = 30
"""How long after a round's end its last answers may take."""


@dataclass(frozen=True)
class Target:
    """Where a server on this machine is reached."""

    port: int
    host: str = "127.0.0.1"
    path: str = "/graphql"

    def request(self, body: bytes) -> bytes:
        """A whole request that asks the GraphQL endpoint."""
        head = (
            f"POST {self.path} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\nAccept: application/json\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


@dataclass(frozen=True)
class Bounds:
    """When a round ends: with its time or with its requests, whatever comes first."""

    seconds: float
    requests: int


@dataclass(frozen=True)
class Round:
    """What came of a round; `latencies` are seconds, one an answer."""

    seconds: float
    latencies: list[float]


async def run_round(
    target: Target,
    requests: Iterator[bytes],
    accepts: Callable[[bytes], bool],
    *,
    connections: int,
    bounds: Bounds,
) -> Round:
    """Ask over so many connections at once, each asking again as soon as it is answered.

    Raises:
        WrongAnswer: `accepts` said no to a body, or the status is not 200.
        ConnectionError: The server closed a connection.
        TimeoutError: An answer took more than `GRACE_SECONDS` longer than the round.
    """
    loop = asyncio.get_running_loop()
    started = perf_counter()
    shared = _Shared(requests, accepts, started + bounds.seconds, bounds.requests, [])
    clients = [_Client(shared, loop.create_future()) for _ in range(connections)]
    async with asyncio.timeout(bounds.seconds + GRACE_SECONDS):
        try:
            for client in clients:
                await loop.create_connection(lambda made=client: made, target.host, target.port)
            await asyncio.gather(*(client.done for client in clients))
        finally:
            for client in clients:
                client.close()
    return Round(perf_counter() - started, shared.latencies)


async def ask(target: Target, request: bytes) -> bytes:
    """Ask once; returns the answer's body, of which nothing but the status is checked."""
    bodies: list[bytes] = []

    def keep(body: bytes) -> bool:
        bodies.append(body)
        return True

    await run_round(target, iter([request]), keep, connections=1, bounds=Bounds(GRACE_SECONDS, 1))
    return bodies[0]


@dataclass
class _Shared:
    """What the connections of a round have in common."""

    requests: Iterator[bytes]
    accepts: Callable[[bytes], bool]
    until: float
    left: int
    latencies: list[float]

    def next_request(self) -> bytes | None:
        if self.left <= 0 or perf_counter() >= self.until:
            return None
        self.left -= 1
        return next(self.requests)


class _Client(asyncio.Protocol):
    """One connection; works in the callbacks themselves, which a task an answer would double the cost of."""

    def __init__(self, shared: _Shared, done: asyncio.Future[None]) -> None:
        self.done = done
        self._shared = shared
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._body_at = self._end = 0
        self._sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self._end:
            self._read_head()
        if self._end and len(self._received) >= self._end:
            self._answered()

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(ConnectionError(f"The server closed the connection: {exc}"))

    def close(self) -> None:
        if not self.done.done():
            self.done.cancel()
        if self._transport is not None:
            self._transport.abort()

    def _send(self) -> None:
        request = self._shared.next_request()
        if request is None:
            if not self.done.done():
                self.done.set_result(None)
        elif self._transport is not None:
            self._sent_at = perf_counter()
            self._transport.write(request)

    def _read_head(self) -> None:
        head_end = self._received.find(_HEAD_END)
        if head_end < 0:
            return
        length = _LENGTH.search(self._received, 0, head_end + 2)
        if length is None or not self._received.startswith(_STATUS_OK):
            self._fail(WrongAnswer(bytes(self._received)))
        else:
            self._body_at = head_end + len(_HEAD_END)
            self._end = self._body_at + int(length[1])

    def _answered(self) -> None:
        self._shared.latencies.append(perf_counter() - self._sent_at)
        body = bytes(memoryview(self._received)[self._body_at : self._end])
        self._received.clear()
        self._end = 0
        if self._shared.accepts(body):
            self._send()
        else:
            self._fail(WrongAnswer(body))

    def _fail(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)
