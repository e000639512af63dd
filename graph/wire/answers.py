"""An answer in one piece, sent no faster than its client takes it, and not for ever."""

import logging
from collections.abc import Awaitable, Generator, Sequence

from starlette.types import Message, Receive, Scope, Send

from graph.admission import Budget
from graph.guards import request_id
from graph.wire.codings import Coding, coded
from graph.wire.waiting import in_time

SLICE_BYTES = 256 * 1024
"""Handed on at once: what the server holds for a client beyond the answer itself."""
STALL_SECONDS = 30.0
"""After which a client that takes nothing is given up."""

WHOLE = "graph.whole"
"""A server's extension of ASGI: the message that starts an answer may bring all of its `body`, and end it.

Its length need not be said.
"""

_log = logging.getLogger(__name__)


class _Taken(Awaitable[None]):
    """There is nothing to wait for."""

    def __await__(self) -> Generator[None]:
        yield from ()


TAKEN = _Taken()
"""What the `send` of a server with that extension gives back where there is nothing to wait for."""


class Answer:
    """An ASGI app that sends these bytes, once.

    Args:
        body: What is sent.
        status: Of HTTP.
        headers: Beside those of every answer.
        budget: Of bytes that wait for clients.
        owed: Whether it is sent however much waits: it tells what was done.
        coding: Of the content; None leaves it as it is.
    """

    def __init__(  # noqa: PLR0913  # options, all by name
        self,
        body: bytes,
        status: int,
        headers: Sequence[tuple[bytes, bytes]],
        budget: Budget,
        *,
        owed: bool = False,
        coding: Coding | None = None,
    ) -> None:
        self.body, self.status, self.headers = body, status, headers
        self._budget, self._owed, self._coding = budget, owed, coding

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Send it.

        Raises:
            Overloaded: Too much waits to be sent already; nothing of this was.
        """
        body, headers = self.body, self.headers
        if self._coding is not None:
            body = await coded(body, self._coding)
            headers = (*headers, (b"content-encoding", self._coding.value.encode()))
        if not self._owed:
            self._budget.require(len(body))
        start: Message = {"type": "http.response.start", "status": self.status, "headers": headers}
        sending: Awaitable[None]
        if len(body) <= SLICE_BYTES and WHOLE in scope.get("extensions", ()):
            start["body"] = body
            sending = send(start)
            if sending is TAKEN:
                return
            sending = in_time(sending, STALL_SECONDS)
        else:
            start["headers"] = [*headers, (b"content-length", b"%d" % len(body))]
            sending = _in_slices(start, body, send)
        self._budget.take(len(body))
        try:
            await sending
        except TimeoutError:
            _log.info("A client took nothing more", extra={"request_id": request_id(scope)})
        finally:
            self._budget.give(len(body))


async def _in_slices(start: Message, body: bytes, send: Send) -> None:
    """Send it slice by slice, each as soon as the one before is taken."""
    await send(start)
    at, rest = 0, len(body)
    while rest > SLICE_BYTES:
        # The odd one first: the connection takes it at once, and what follows a whole slice must wait.
        size = rest % SLICE_BYTES or SLICE_BYTES
        part = body[at : at + size]
        await in_time(send({"type": "http.response.body", "body": part, "more_body": True}), STALL_SECONDS)
        at, rest = at + size, rest - size
    await in_time(send({"type": "http.response.body", "body": body[at:]}), STALL_SECONDS)
