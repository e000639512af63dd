"""GraphQL over server-sent events, a connection for each operation (the graphql-sse protocol)."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from graph.responses import Response, written
from graph.wire.streaming import Errors, Streamed

_COMPLETE = b"event: complete\ndata:\n\n"


class EventStream(Streamed[Response]):
    """Responses as `next` events, then `complete`.

    Lines end with LF alone: urql takes two of them for the end of a frame. When the server drains, the stream
    ends without `complete`: clients then come back by themselves.
    """

    content_type = "text/event-stream; charset=utf-8"
    opening = heartbeat = b":\n\n"
    closing = _COMPLETE

    async def frames(self) -> AsyncGenerator[bytes, None]:
        async with aclosing(self.source) as responses:
            async for response in responses:
                yield _next(response.body)

    def failed(self, errors: Errors) -> bytes:
        return _next(written({"data": None, "errors": errors})) + _COMPLETE

    def drained(self, errors: Errors) -> bytes:
        return b""


def _next(body: bytes) -> bytes:
    return b"event: next\ndata: " + body + b"\n\n"
