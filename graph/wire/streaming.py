"""Answers that go on: framed, kept alive, no faster than the client takes them, ended in good order."""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Coroutine, Mapping, Sequence
from contextlib import aclosing
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

from graphql import GraphQLError
from starlette.types import Receive, Scope, Send

from graph.admission import Budget
from graph.draining import Draining
from graph.errors import Code, CodedError, public_errors
from graph.guards import request_id
from graph.refusals import Refused
from graph.wire.answers import STALL_SECONDS
from graph.wire.waiting import client_leaves

Item = TypeVar("Item", covariant=True)  # noqa: PLC0105  # the protocol below gives it
Errors: TypeAlias = Sequence[Mapping[str, Any]]

_SLICE_BYTES = 64 * 1024
"""Of a frame, handed on at once: many streams are open for long."""

_log = logging.getLogger(__name__)


class Source(Protocol[Item]):
    """What is sent, as it comes; it can be closed before its end."""

    def __aiter__(self) -> AsyncIterator[Item]: ...

    def aclose(self) -> Awaitable[object]: ...


class Streamed(ABC, Generic[Item]):
    """An ASGI app that answers one request with frames as they come. For one call.

    When the client leaves, so does the work, at once. What may go on for ever is ended when the server
    drains.

    Args:
        source: What is sent; closed when nobody takes it any more.
        draining: The end of serving.
        endless: Whether it may go on for ever, as events may; what ends by itself is waited for.
        heartbeat_seconds: Between signs of life while there is nothing to say.
        stall_seconds: After which a client that takes nothing is given up.
        budget: Of bytes that wait for clients.
        owed: Whether it is sent however much waits: it tells what was done.
    """

    content_type: str
    opening: bytes
    heartbeat: bytes | None
    closing: bytes
    heartbeat_seconds = 12.0

    def __init__(  # noqa: PLR0913  # options, all by name
        self,
        source: Source[Item],
        *,
        draining: Draining,
        endless: bool = True,
        heartbeat_seconds: float | None = None,
        stall_seconds: float = STALL_SECONDS,
        budget: Budget | None = None,
        owed: bool = False,
    ) -> None:
        self.source = source
        self._draining = draining
        self._endless = endless
        self._heartbeat_seconds = heartbeat_seconds or self.heartbeat_seconds
        self._stall_seconds = stall_seconds
        self._budget, self._owed = budget or Budget(), owed

    @abstractmethod
    def frames(self) -> AsyncGenerator[bytes, None]:
        """What the source gives, framed."""

    @abstractmethod
    def failed(self, errors: Errors) -> bytes:
        """The frames that end the answer before its time, for these reasons."""

    def drained(self, errors: Errors) -> bytes:
        """The frames that end the answer so that the client comes back."""
        return self.failed(errors)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._draining.hold():
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        out = _Outlet(send, self._stall_seconds, self._budget)
        tag = request_id(scope)
        tasks = list[asyncio.Task[None]]()

        def begin(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
            tasks.append(asyncio.create_task(work))
            return tasks[-1]

        try:
            await send({"type": "http.response.start", "status": 200, "headers": self._headers()})
            gone = begin(client_leaves(receive))
            if self.heartbeat is not None:
                begin(self._keep_alive(out, self.heartbeat))
            serving = begin(self._serve(out, tag))
            if self._endless:
                begin(self._draining.wait())
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if self._endless and self._draining.begun and not serving.done() and not gone.done():
                await self._drain(out, serving, tag)
            else:
                for task in tasks:
                    if task.done():
                        task.result()
        except (_Gone, _Stalled):
            _log.info("A client took nothing more", extra={"request_id": tag})
        finally:
            await _ended(tasks)
            await self.source.aclose()

    def _headers(self) -> list[tuple[bytes, bytes]]:
        return [
            (b"content-type", self.content_type.encode()),
            (b"cache-control", b"no-store, no-transform"),
            (b"x-accel-buffering", b"no"),
        ]

    async def _serve(self, out: "_Outlet", tag: str) -> None:
        last = self.closing
        try:
            await out.write(self.opening, owed=True)
            async with aclosing(self.frames()) as frames:
                async for frame in frames:
                    await out.write(frame, owed=self._owed)
        except _Gone:
            raise
        except _Stalled:
            message = "What came was not taken in time: ask again, from the last that was taken."
            last = self.failed(self._public(CodedError(message, code=Code.SLOW_CONSUMER), tag))
        except Exception as error:  # noqa: BLE001  # masked and logged, whatever it is
            last = self.failed(self._public(error, tag))
        # The work has ended: what follows is the client's time alone.
        await self.source.aclose()
        await out.end(last)

    async def _keep_alive(self, out: "_Outlet", heartbeat: bytes) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            await asyncio.sleep(out.written_at + self._heartbeat_seconds - clock())
            if out.written_at + self._heartbeat_seconds <= clock():
                await out.write(heartbeat, owed=True)

    async def _drain(self, out: "_Outlet", serving: asyncio.Task[None], tag: str) -> None:
        async with out.turn:  # between two frames
            serving.cancel()
        await asyncio.wait([serving])
        error = CodedError("The server is about to end: ask again.", code=Code.SERVER_ENDING)
        await out.end(self.drained(self._public(error, tag)))

    def _public(self, error: Exception, tag: str) -> Errors:
        match error:
            case Refused(code=code, message=message):
                shown: GraphQLError = CodedError(message, code=code)
            case GraphQLError():
                shown = error
            case _:
                shown = GraphQLError("", original_error=error)
        return public_errors([shown], tag, executed=True)


class _Gone(Exception):
    """The client has left."""


class _Stalled(Exception):
    """The client takes nothing."""


class _Outlet:
    """Writes frames, one at a time and each whole, as fast as the client takes them."""

    def __init__(self, send: Send, stall_seconds: float, budget: Budget) -> None:
        self.turn = asyncio.Lock()
        self.written_at = asyncio.get_running_loop().time()
        self._send = send
        self._stall_seconds = stall_seconds
        self._budget = budget
        self._torn = False
        self._ended = False

    async def write(self, frame: bytes, *, owed: bool) -> None:
        """Write a frame, unless the end is written.

        Raises:
            _Gone: The client has left.
            _Stalled: It takes nothing.
            Overloaded: Too much waits for clients already, and this is not owed.
        """
        async with self.turn:
            if not self._ended:
                with self._budget.hold(len(frame), owed=owed):
                    await self._write(frame, last=False)

    async def end(self, frame: bytes) -> None:
        """Write the last frame. After a frame that was torn there is none: the connection is cut instead."""
        async with self.turn:
            if not self._ended and not self._torn:
                self._ended = True
                await self._write(frame, last=True)

    async def _write(self, frame: bytes, *, last: bool) -> None:
        rest = memoryview(frame)
        while rest or last:
            part, rest = rest[:_SLICE_BYTES], rest[_SLICE_BYTES:]
            more = bool(rest) or not last
            try:
                async with asyncio.timeout(self._stall_seconds):
                    await self._send({"type": "http.response.body", "body": bytes(part), "more_body": more})
            except TimeoutError as error:
                raise _Stalled from error
            except OSError as error:
                raise _Gone from error
            self._torn = bool(rest)
            self.written_at = asyncio.get_running_loop().time()
            if not more:
                return


async def _ended(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancel the tasks and wait until they have ended, whatever they end with."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
