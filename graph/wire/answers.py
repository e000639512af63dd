"""An answer in one piece, sent no faster than its client takes it, and not for ever."""

import asyncio
import logging
from collections.abc import Mapping

from starlette.types import Receive, Scope, Send

from graph.admission import Budget
from graph.guards import request_id

SLICE_BYTES = 64 * 1024
"""Handed on at once: what the server holds for a client beyond the answer itself."""
STALL_SECONDS = 30.0
"""After which a client that takes nothing is given up."""

_log = logging.getLogger(__name__)


class Answer:
    """An ASGI app that sends these bytes, once.

    Args:
        body: What is sent.
        status: Of HTTP.
        headers: Beside those of every answer.
        budget: Of bytes that wait for clients.
        owed: Whether it is sent however much waits: it tells what was done.
    """

    def __init__(
        self, body: bytes, status: int, headers: Mapping[str, str], budget: Budget, *, owed: bool = False
    ) -> None:
        self.body, self.status, self.headers = body, status, headers
        self._budget, self._owed = budget, owed

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Send it.

        Raises:
            Overloaded: Too much waits to be sent already; nothing of this was.
        """
        head = {**self.headers, "content-length": str(len(self.body))}
        raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in head.items()]
        with self._budget.hold(len(self.body), owed=self._owed):
            try:
                await send({"type": "http.response.start", "status": self.status, "headers": raw})
                await self._send_body(send)
            except TimeoutError:
                _log.info("A client took nothing more", extra={"request_id": request_id(scope)})

    async def _send_body(self, send: Send) -> None:
        rest = memoryview(self.body)
        while True:
            part, rest = rest[:SLICE_BYTES], rest[SLICE_BYTES:]
            async with asyncio.timeout(STALL_SECONDS):
                await send({"type": "http.response.body", "body": bytes(part), "more_body": bool(rest)})
            if not rest:
                return
