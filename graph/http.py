"""GraphQL over HTTP, strictly: exact media types, bounded bodies, a coded JSON error for all else."""

# pyright: standard
# Not strict: what Strawberry, SQLAlchemy and JSON bring is untyped.
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

import orjson
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType

from graph.errors import BAD_REQUEST, INTERNAL, METHOD_NOT_ALLOWED
from graph.fields import Context
from graph.guards import refusal
from graph.schema import Schema
from graph.websocket import Sockets

MakeContext: TypeAlias = Callable[[HTTPConnection, Mapping[str, object]], Awaitable[Context]]
"""`(connection, connection_params) -> context`, once for each operation; the params are empty over HTTP."""

JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"

_log = logging.getLogger(__name__)


class _Refused(Exception):
    def __init__(self, status: int, code: str, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.headers = status, code, message, headers


class GraphQLEndpoint:
    """An ASGI app: queries by GET and POST, mutations by POST, all by WebSocket (graphql-transport-ws).

    Args:
        schema: What is served.
        make_context: Makes each operation's context.
        max_body_bytes: Of a request; a longer one gets 413.
        allowed_origins: Of pages that may open a socket, besides our own.
    """

    def __init__(
        self,
        schema: Schema,
        make_context: MakeContext,
        *,
        max_body_bytes: int = 256 * 1024,
        allowed_origins: tuple[str, ...] = (),
    ) -> None:
        self._schema = schema
        self._make_context = make_context
        self._max_body_bytes = max_body_bytes
        self._sockets = Sockets(schema, make_context, allowed_origins=allowed_origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            return await self._sockets(scope, receive, send)
        try:
            response = await self._answer(Request(scope, receive))
        except _Refused as error:
            response = refusal(scope, error.status, error.code, error.message, **error.headers)
        except Exception:  # noqa: BLE001  # whatever it is, the client gets an answer with a code
            _log.exception("A request failed outside of its operation")
            response = refusal(scope, 500, INTERNAL, "Internal error.")
        return await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        media_type = _media_type(request.headers.getlist("accept"))
        if request.method == "POST":
            given = await self._body(request)
            allowed = {OperationType.QUERY, OperationType.MUTATION}
        elif request.method == "GET":
            given = _parameters(request)
            allowed = {OperationType.QUERY}
        else:
            raise _Refused(405, METHOD_NOT_ALLOWED, "Use GET or POST.", Allow="GET, POST")
        query, variables, operation_name = _checked(given)
        result = await self._schema.execute(
            query,
            variables,
            context_value=await self._make_context(request, {}),
            operation_name=operation_name,
            allowed_operation_types=allowed,
        )
        return _response(request, result, media_type)

    async def _body(self, request: Request) -> Any:  # noqa: ANN401  # whatever JSON the client sent
        kind, _, parameters = request.headers.get("content-type", "").partition(";")
        charset = parameters.strip().lower().removeprefix("charset=").strip('"')
        if kind.strip().lower() != JSON or charset not in {"", "utf-8"}:
            raise _Refused(415, "UNSUPPORTED_MEDIA_TYPE", "Send application/json in UTF-8.", Accept=JSON)
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > self._max_body_bytes:
                raise _Refused(413, "BODY_TOO_LARGE", f"A body has at most {self._max_body_bytes} bytes.")
        return _json(body, "The body")


def _parameters(request: Request) -> dict[str, Any]:
    given: dict[str, Any] = dict(request.query_params)
    for name in ("variables", "extensions"):
        if given.get(name):
            given[name] = _json(given[name], name)
    return given


def _json(text: bytes | bytearray | str, what: str) -> Any:  # noqa: ANN401  # whatever JSON the client sent
    try:
        return orjson.loads(text)
    except ValueError as error:
        raise _Refused(400, BAD_REQUEST, f"{what} is not JSON in UTF-8.") from error


def _checked(given: Any) -> tuple[str, dict[str, Any] | None, str | None]:  # noqa: ANN401  # whatever JSON the client sent
    if not isinstance(given, dict):
        raise _Refused(400, BAD_REQUEST, "A request is one JSON object; there are no batches.")
    for name, kind in (("variables", dict), ("extensions", dict), ("operationName", str)):
        if not isinstance(given.get(name), kind | None):
            raise _Refused(400, BAD_REQUEST, f"{name} is not {'a text' if kind is str else 'an object'}.")
    query = given.get("query")
    if not isinstance(query, str) or not query:
        raise _Refused(400, BAD_REQUEST, "query is missing or not a text.")
    return query, given.get("variables") or None, given.get("operationName") or None


def _media_type(accept: list[str]) -> str:
    """The better of our two types for an Accept header; JSON where the client has no preference."""
    best, chosen = 0.0, ""
    for item in ",".join(accept).split(",") if accept else ["*/*"]:
        kind, *parameters = (part.strip().lower() for part in item.split(";"))
        try:
            quality = float(next((p[2:] for p in parameters if p.startswith("q=")), "1"))
        except ValueError:
            continue
        offered = {GRAPHQL_JSON: GRAPHQL_JSON, JSON: JSON, "application/*": JSON, "*/*": JSON}.get(kind)
        if offered and quality > best:
            best, chosen = quality, offered
    if not chosen:
        raise _Refused(406, "NOT_ACCEPTABLE", f"Answers are {GRAPHQL_JSON} or {JSON}.")
    return chosen


def _response(request: Request, result: ExecutionResult, media_type: str) -> Response:
    errors = result.errors or []
    codes = {(error.extensions or {}).get("code") for error in errors}
    if METHOD_NOT_ALLOWED in codes:
        if request.method == "GET":
            raise _Refused(405, METHOD_NOT_ALLOWED, "GET runs queries only.", Allow="POST")
        raise _Refused(400, BAD_REQUEST, "Subscriptions are served by WebSocket (graphql-transport-ws).")
    # Without data and without a place in it, nothing was executed.
    never_ran = isinstance(result, PreExecutionError) or (
        result.data is None and not any(error.path for error in errors)
    )
    content: dict[str, Any] = {} if never_ran else {"data": result.data}
    if errors:
        content["errors"] = [error.formatted for error in errors]
    if result.extensions:
        content["extensions"] = result.extensions
    refused = never_ran and (media_type == GRAPHQL_JSON or BAD_REQUEST in codes)
    headers = {"content-type": f"{media_type}; charset=utf-8", "vary": "accept"}
    return Response(orjson.dumps(content), 400 if refused else 200, headers)
