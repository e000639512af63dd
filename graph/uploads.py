"""Files in variables: read from a multipart request, never into memory as a whole, gone with the request."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, NoReturn

import strawberry
from graphql import GraphQLError, ValueNode
from starlette.requests import Request

from graph.admission import Admission
from graph.errors import Code
from graph.refusals import Refused
from graph.wire.bodies import BODY_BYTES, body_chunks, late
from graph.wire.forms import FilePart, Form, boundary_of
from graph.wire.spool import Spool

PREFLIGHT_HEADERS: Final = (
    "Apollo-Require-Preflight", "X-Apollo-Operation-Name", "GraphQL-Preflight", "GraphQL-Require-Preflight"
)  # fmt: skip
"""What a page of another origin cannot send without asking first, as it can send multipart/form-data."""
_PIECE_BYTES: Final = 64 * 1024
_HEAD_BYTES: Final = 16 * 1024
"""Of one part, at the most: its headers and boundary."""

_log = logging.getLogger(__name__)


class Upload:
    """A file that came with the request, readable until its answer is made; never changed.

    Attributes:
        file_name: As the client names it: perhaps a path, perhaps nothing.
        content_type: As the client declares it, if it does.
        size: In bytes.
    """

    __slots__ = ("_spool", "content_type", "file_name", "size")

    def __init__(self, file_name: str, content_type: str | None, spool: Spool) -> None:
        self.file_name, self.content_type = file_name, content_type
        self.size = spool.size
        self._spool = spool

    def chunks(self, size: int = _PIECE_BYTES) -> AsyncIterator[bytes]:
        """The content from its begin, each time anew, read off the event loop."""
        return self._spool.chunks(size)

    def __repr__(self) -> str:
        return f"<Upload {self.size} bytes>"


@dataclass(frozen=True)
class UploadBounds:
    """What requests with files may take.

    Attributes:
        text_bytes: Of `operations` and `map`, each.
        file_bytes: Of one file.
        files: Of one request.
        requests: That are read at once in this process; more get 503.
        idle_seconds: In which something must come.
        seconds: Until the whole body must have come.
    """

    text_bytes: int = BODY_BYTES
    file_bytes: int = 20 * 1024 * 1024
    files: int = 10
    requests: int = 16
    idle_seconds: float = 30.0
    seconds: float = 300.0


class Uploads:
    """Reads multipart requests; what they hold of memory and disk is bounded, for all of them together."""

    def __init__(self, bounds: UploadBounds | None = None) -> None:
        self._bounds = bounds or UploadBounds()
        self._admission = Admission(self._bounds.requests, "files are sent")

    @asynccontextmanager
    async def read(
        self, request: Request, accept: Callable[[dict[str, Any]], None] = lambda _: None
    ) -> AsyncGenerator[dict[str, Any]]:
        """Read a request; yields its operations, with an `Upload` in the place of each file.

        The files are gone when the context is left.

        Args:
            request: With the content type multipart/form-data.
            accept: Is given the operations before any file is read; what it raises ends the reading. In the
                places of files something stands that is neither null nor JSON.

        Raises:
            Refused: 400, 403 (no header that forces a preflight), 408, 413, 415, 503; whatever is sent.
            ClientGone: The client left meanwhile.
        """
        form = self._form(request)
        with self._admission:
            try:
                yield await self._read(request, form, accept)
            finally:
                for file in _files(form):
                    await file.spool.close()

    def _form(self, request: Request) -> Form:
        if not any(request.headers.get(name, "").strip() for name in PREFLIGHT_HEADERS):
            message = f"A multipart request needs one of the headers {', '.join(PREFLIGHT_HEADERS)}."
            raise Refused(403, Code.PREFLIGHT_REQUIRED, message)
        types = request.headers.getlist("content-type")
        boundary = boundary_of(types[0]) if len(types) == 1 else None
        if boundary is None:
            raise Refused(415, Code.UNSUPPORTED_MEDIA_TYPE, "Send multipart/form-data.")
        return Form(
            boundary,
            max_text_bytes=self._bounds.text_bytes,
            max_file_bytes=self._bounds.file_bytes,
            max_files=self._bounds.files,
        )

    async def _read(
        self, request: Request, form: Form, accept: Callable[[dict[str, Any]], None]
    ) -> dict[str, Any]:
        try:
            async with asyncio.timeout(self._bounds.seconds):
                await self._take(request, form, accept)
                operations = form.finish()
                for file in _files(form):
                    await _settled(file.spool, complete=True)
                    container, key = file.place
                    container[key] = Upload(file.file_name, file.content_type, file.spool)
        except TimeoutError as error:
            raise late() from error
        return operations

    async def _take(self, request: Request, form: Form, accept: Callable[[dict[str, Any]], None]) -> None:
        bounds, accepted = self._bounds, False
        most_bytes = bounds.files * (bounds.file_bytes + _HEAD_BYTES) + 2 * bounds.text_bytes
        async for chunk in body_chunks(
            request.receive, request.headers, most_bytes=most_bytes, idle_seconds=bounds.idle_seconds
        ):
            for at in range(0, len(chunk), _PIECE_BYTES):
                form.write(chunk[at : at + _PIECE_BYTES])
                if not accepted and form.files is not None and form.operations is not None:
                    accept(form.operations)
                    accepted = True
                for file in _files(form):
                    await _settled(file.spool)


async def _settled(spool: Spool, *, complete: bool = False) -> None:
    try:
        await spool.settle(complete=complete)
    except OSError as error:
        _log.exception("A file that was sent could not be kept for its request")
        message = "There is no room for the file at the moment."
        raise Refused(503, Code.UNAVAILABLE, message, retry_after="60") from error


def _files(form: Form) -> Iterator[FilePart]:
    return iter((form.files or {}).values())


def _parse_value(value: object) -> Upload:
    if not isinstance(value, Upload):
        raise GraphQLError(
            "A file is sent as a part of a multipart/form-data request, and its variable is null."
        )
    return value


def _parse_literal(node: ValueNode, _variables: object = None) -> NoReturn:
    raise GraphQLError("A file cannot be written in the document: send it as a variable.", node)


def _serialize(_value: object) -> NoReturn:
    raise GraphQLError("A file is only ever sent to the server.")


UPLOAD = strawberry.scalar(
    name="Upload",
    description="A file: a variable that is null in `operations` of a multipart/form-data request (GraphQL "
    "multipart request specification) and named once in its `map`.",
    specified_by_url="https://github.com/jaydenseric/graphql-multipart-request-spec",
    parse_value=_parse_value,
    parse_literal=_parse_literal,
    serialize=_serialize,
)
"""The GraphQL scalar: `scalar_map={Upload: UPLOAD}`."""
