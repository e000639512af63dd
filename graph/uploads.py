"""Files in variables: read from a multipart request, never into memory as a whole, gone with the request."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any, Final, NoReturn

import strawberry
from graphql import GraphQLError, ValueNode
from starlette.requests import ClientDisconnect, Request

from graph.errors import Code
from graph.refusals import Refused
from graph.wire.forms import FilePart, Form, bad, boundary_of
from graph.wire.spool import Spool

PREFLIGHT_HEADERS: Final = (
    "Apollo-Require-Preflight", "X-Apollo-Operation-Name", "GraphQL-Preflight", "GraphQL-Require-Preflight"
)  # fmt: skip
"""What a page of another origin cannot send without asking first, as it can send multipart/form-data."""
_PIECE_BYTES: Final = 64 * 1024


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


def is_upload_request(request: Request) -> bool:
    """Whether the request is one for `read_upload_request`, going by its content type."""
    kind = request.headers.get("content-type", "").partition(";")[0]
    return kind.strip().lower() == "multipart/form-data"


@asynccontextmanager
async def read_upload_request(
    request: Request,
    *,
    max_file_bytes: int = 20 * 1024 * 1024,
    max_files: int = 10,
    max_body_bytes: int | None = None,
    deadline_seconds: float = 300.0,
) -> AsyncGenerator[dict[str, Any]]:
    """Read a multipart request; yields its operations, with an `Upload` in the place of each file.

    The files are gone when the context is left.

    Args:
        request: With the content type multipart/form-data.
        max_file_bytes: Of one file.
        max_files: Of one request.
        max_body_bytes: Of everything; by default what that many of the longest files need.
        deadline_seconds: For the whole body to arrive.

    Raises:
        Refused: 400, 403 (no header that forces a preflight), 408, 413, 415; whatever is sent.
    """
    if not any(request.headers.get(name, "").strip() for name in PREFLIGHT_HEADERS):
        message = f"A multipart request needs one of the headers {', '.join(PREFLIGHT_HEADERS)}."
        raise Refused(403, Code.PREFLIGHT_REQUIRED, message)
    types = request.headers.getlist("content-type")
    boundary = boundary_of(types[0]) if len(types) == 1 else None
    if boundary is None:
        raise Refused(415, Code.UNSUPPORTED_MEDIA_TYPE, "Send multipart/form-data.")
    form = Form(boundary, max_file_bytes=max_file_bytes, max_files=max_files)
    deadline = asyncio.timeout(deadline_seconds)
    try:
        async with deadline:
            await _read(request, form, max_body_bytes or (max_files * max_file_bytes + 1024 * 1024))
            operations = form.finish()
            for file in _files(form):
                await file.spool.settle(complete=True)
                container, key = file.place
                container[key] = Upload(file.file_name, file.content_type, file.spool)
    except TimeoutError as error:
        await _close(form)
        if not deadline.expired():
            raise
        raise Refused(
            408, Code.REQUEST_TIMEOUT, f"The body took longer than {deadline_seconds:g} seconds."
        ) from error
    except BaseException:
        await _close(form)
        raise
    try:
        yield operations
    finally:
        await _close(form)


async def _read(request: Request, form: Form, max_body_bytes: int) -> None:
    taken = 0
    try:
        async for chunk in request.stream():
            taken += len(chunk)
            if taken > max_body_bytes:
                raise Refused(413, Code.BODY_TOO_LARGE, f"A body has at most {max_body_bytes} bytes.")
            for at in range(0, len(chunk), _PIECE_BYTES):
                form.write(chunk[at : at + _PIECE_BYTES])
                for file in _files(form):
                    await file.spool.settle()
    except ClientDisconnect as error:
        raise bad("The body breaks off before its end.") from error


def _files(form: Form) -> Iterator[FilePart]:
    return iter((form.files or {}).values())


async def _close(form: Form) -> None:
    for file in _files(form):
        await file.spool.close()


def _parse_value(value: object) -> Upload:
    if not isinstance(value, Upload):
        raise GraphQLError(
            "A file is sent as a part of a multipart/form-data request, and its variable is null."
        )
    return value


def _parse_literal(_node: ValueNode, _variables: object = None) -> NoReturn:
    raise GraphQLError("A file cannot be written in the document: send it as a variable.")


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
