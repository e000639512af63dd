"""Answers of several parts in multipart/mixed: subscriptions as Apollo has them, incremental delivery."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from enum import Enum

from graph.admission import Budget
from graph.draining import Draining
from graph.errors import Code, CodedError
from graph.incremental import Announced, LegacyFormat, Part, Parts
from graph.responses import Response, written, written_within
from graph.wire.answers import STALL_SECONDS
from graph.wire.media_types import Range
from graph.wire.streaming import Errors, Streamed

_HEAD = b"\r\nContent-Type: application/json; charset=utf-8\r\n\r\n"
# Clients hand a part on when they have seen the delimiter after it: it is written along with the part.
_DELIMITER = b"\r\n--graphql"
_END = b"--\r\n"


class Spec(Enum):
    """What the parts of a multipart/mixed answer mean; the value is the content type.

    The boundary is not quoted: a client compares it literally.
    """

    SUBSCRIPTION = "multipart/mixed; boundary=graphql; subscriptionSpec=1.0"
    LEGACY = "multipart/mixed; boundary=graphql; deferSpec=20220824"
    CURRENT = "multipart/mixed; boundary=graphql; incrementalSpec=v0.2"


_SPECS = {
    ("subscriptionspec", "1.0"): Spec.SUBSCRIPTION,
    ("deferspec", "20220824"): Spec.LEGACY,
    ("incrementalspec", "v0.2"): Spec.CURRENT,
}


def spec_of(accepted: Range) -> Spec | None:
    """What an element of an Accept header that is `multipart/mixed` asks for; None if it is not served.

    Without a parameter that says it: incremental delivery by path, which urql and GraphiQL mean.
    """
    if accepted.kind != "multipart/mixed":
        return None
    asked = [each for each in accepted.parameters if each[0].endswith("spec")]
    if not asked:
        return Spec.LEGACY
    return next((_SPECS[each] for each in asked if each in _SPECS), None)


class MultipartSubscription(Streamed[Response]):
    """A subscription's responses, each a part, as Apollo's protocol has them.

    What ends it before its time, the end of serving too, is told in `errors` beside an empty payload.
    """

    content_type = Spec.SUBSCRIPTION.value
    opening = _DELIMITER
    heartbeat = _HEAD + b"{}" + _DELIMITER
    closing = _END
    heartbeat_seconds = 5.0
    """gql hands an event on only when something follows it: seldom later than this."""

    async def frames(self) -> AsyncGenerator[bytes, None]:
        async with aclosing(self.source) as responses:
            async for response in responses:
                if response.final:
                    yield _framed(_fatal(response.errors))
                else:
                    yield _framed(b'{"payload":' + response.body + b"}")

    def failed(self, errors: Errors) -> bytes:
        return _framed(_fatal(errors)) + _END


class MultipartParts(Streamed[Part]):
    """A response in parts. It ends by its deadline at the latest: a server that drains waits for it.

    Args:
        parts: Their `rest` is closed when nobody takes it any more.
        legacy: Whether clients find the place of a part by its path (deferSpec=20220824), not by id.
        draining: The end of serving.
        stall_seconds: After which a client that takes nothing is given up.
        budget: Of bytes that wait for clients.
        owed: Whether it is sent however much waits: it tells what was done.
    """

    opening = _DELIMITER
    heartbeat = None  # urql would take it for a response
    closing = _END

    def __init__(  # noqa: PLR0913  # options, all by name
        self,
        parts: Parts,
        *,
        legacy: bool,
        draining: Draining,
        stall_seconds: float = STALL_SECONDS,
        budget: Budget | None = None,
        owed: bool = False,
    ) -> None:
        super().__init__(
            parts.rest,
            draining=draining,
            endless=False,
            stall_seconds=stall_seconds,
            budget=budget,
            owed=owed,
        )
        self.content_type = (Spec.LEGACY if legacy else Spec.CURRENT).value
        self._parts = parts
        self._taken = Announced()
        self._legacy = LegacyFormat() if legacy else None

    async def frames(self) -> AsyncGenerator[bytes, None]:
        async with aclosing(self._parts.all()) as parts:
            async for part in parts:
                shown = self._legacy.convert(part) if self._legacy else part
                if shown is not None:
                    body = written_within(shown, self._parts.most_bytes)
                    if body is None:
                        message = f"A part would have more than {self._parts.most_bytes} bytes."
                        raise CodedError(message, code=Code.RESPONSE_TOO_LARGE)
                    yield _framed(body)
                self._taken.take(part)

    def failed(self, errors: Errors) -> bytes:
        part = self._taken.failed(errors)
        shown = self._legacy.convert(part) if self._legacy else part
        return _framed(written(shown or part)) + _END


def _framed(body: bytes) -> bytes:
    return _HEAD + body + _DELIMITER


def _fatal(errors: Errors) -> bytes:
    return written({"payload": None, "errors": errors})
