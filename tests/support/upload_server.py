"""An application that takes files and tells what it got: python -m support.upload_server serves it."""

import asyncio
from hashlib import sha256

import orjson
import strawberry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from strawberry.schema.config import StrawberryConfig
from support.servers import serving

from graph.guards import refusal
from graph.refusals import Refused
from graph.uploads import UPLOAD, Upload, UploadBounds, Uploads

MAX_FILE_BYTES = 20 * 1024 * 1024
MAX_FILES = 4
MAX_BODY_BYTES = MAX_FILES * (MAX_FILE_BYTES + 16 * 1024) + 512_000
UPLOADS = Uploads(UploadBounds(file_bytes=MAX_FILE_BYTES, files=MAX_FILES, seconds=2))


@strawberry.type
class Kept:
    name: str
    content_type: str | None
    size: int
    sha256: str


@strawberry.input
class Letter:
    title: str
    enclosures: list[Upload | None]


async def kept(file: Upload) -> Kept:
    digest = sha256()
    async for chunk in file.chunks():
        digest.update(chunk)
    return Kept(
        name=file.file_name, content_type=file.content_type, size=file.size, sha256=digest.hexdigest()
    )


@strawberry.type
class Query:
    @strawberry.field
    async def keep(self, file: Upload) -> Kept:
        return await kept(file)

    @strawberry.field
    async def send(self, letter: Letter) -> list[Kept]:
        return [await kept(file) for file in letter.enclosures if file is not None]

    @strawberry.field
    def returned(self, file: Upload) -> Upload:
        return file


SCHEMA = strawberry.Schema(Query, config=StrawberryConfig(scalar_map={Upload: UPLOAD}))


async def _answer(request: Request) -> Response:
    try:
        async with UPLOADS.read(request) as operations:
            given = operations.get("variables")
            result = await SCHEMA.execute(
                str(operations.get("query")), given if isinstance(given, dict) else None
            )
    except Refused as error:
        return refusal(request.scope, error.status, error.code, error.message, **error.headers)
    errors = [{"message": each.message, "extensions": {"code": "GRAPHQL"}} for each in result.errors or []]
    return Response(
        orjson.dumps({"data": result.data, "errors": errors}),
        400 if errors else 200,
        None,
        "application/json",
    )


app = Starlette(routes=[Route("/graphql", _answer, methods=["POST"])])


async def main() -> None:
    async with serving(app) as url:
        print(url, flush=True)  # noqa: T201  # the parent waits for it
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
