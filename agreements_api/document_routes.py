"""Where documents are downloaded from: by plain HTTP, with an address that the graph gives out."""

import logging
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from agreements_api.services import Services
from graph import Code, Reader, binding_of, parse_id
from graph.guards import refusal, request_id
from resolvers.context import Context
from resolvers.document_links import LinkRefused, check
from resolvers.document_store import Damaged, NoStore, StoreUnavailable
from resolvers.documents import content_of, verify_content
from schema.types.document import Document

_log = logging.getLogger(__name__)


def document_routes(services: Services) -> list[BaseRoute]:
    return [Route("/documents/{id}", _Downloads(services).download)]


class _Downloads:
    def __init__(self, services: Services) -> None:
        self._services = services

    async def download(self, request: Request) -> Response:
        """Give out a document that the caller may see, as it was attached or not at all."""
        context = self._services.context(request_id=request_id(request.scope))
        try:
            document_id = parse_id(request.path_params["id"], Document.__name__)
            asked = request.query_params
            check(
                context.documents.link_key,
                document_id,
                expires=asked.get("expires", ""),
                signature=asked.get("signature", ""),
                now=context.now(),
            )
        except (LinkRefused, ValueError) as error:
            message = str(error) if isinstance(error, LinkRefused) else "The link is not one of ours."
            return refusal(request.scope, 403, Code.FORBIDDEN, message)
        row = await self._visible(context, document_id)
        if row is None:
            return refusal(request.scope, 404, "NOT_FOUND", "There is no such document.")
        if row["removed_at"] is not None:
            return refusal(request.scope, 410, Code.GONE, "The document was removed.")
        return await self._content(request, context, document_id, row)

    async def _visible(self, context: Context, document_id: UUID) -> Any:  # noqa: ANN401  # a row
        """The document's row, if the graph would show it to the caller."""
        reader = Reader(self._services.database.reads, context.actor, key=self._services.secrets.cursor_key)
        try:
            return await reader.rows(binding_of(Document)).load(document_id, 1)
        finally:
            await reader.close()

    async def _content(
        self,
        request: Request,
        context: Context,
        document_id: UUID,
        row: Any,  # noqa: ANN401  # see above
    ) -> Response:
        try:
            await verify_content(context, document_id, row["sha256"])
        except Damaged:
            _log.exception("A document is not what was attached")
            message = "What is stored is not what was attached: it is not given out."
            return refusal(request.scope, 500, Code.DAMAGED, message)
        except NoStore as error:
            return refusal(request.scope, 503, Code.UNAVAILABLE, str(error))
        except StoreUnavailable:
            _log.exception("A document cannot be read")
            return refusal(request.scope, 503, Code.UNAVAILABLE, "The document cannot be read just now.")
        headers = {
            "content-disposition": attachment(row["file_name"]),
            "content-length": str(row["size"]),
            "content-security-policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
            "x-content-type-options": "nosniff",
        }
        content: AsyncIterator[bytes] = content_of(context, document_id, row["sha256"])
        return StreamingResponse(content, headers=headers, media_type=row["content_type"])


def attachment(file_name: str) -> str:
    """A Content-Disposition (RFC 6266) that saves under the name, in whatever script it is written."""
    plain = "".join(each if each.isascii() and each not in '"\\%' else "_" for each in file_name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(file_name, safe='')}"
