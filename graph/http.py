"""GraphQL over HTTP, strictly: exact media types, bounded bodies, a coded JSON error for all else."""

# pyright: standard
# Not strict: what Strawberry, SQLAlchemy and JSON bring is untyped.
import asyncio
import logging
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any, TypeVar

from graphql import OperationType
from starlette.datastructures import Headers, QueryParams
from starlette.requests import HTTPConnection, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from graph.admission import Admission, Budget
from graph.context import Context, MakeContext
from graph.draining import Draining
from graph.engine import Engine, Operation
from graph.errors import Code, CodedError
from graph.guards import refusal, request_id
from graph.incremental import Parts
from graph.multipart import MultipartParts, MultipartSubscription, Spec, spec_of
from graph.refusals import Refused
from graph.requests import GraphQLRequest, read_request
from graph.responses import Response
from graph.sse import EventStream
from graph.uploads import Uploads, is_upload_request
from graph.wire.answers import Answer
from graph.wire.bodies import BODY_BYTES, ClientGone, client_leaves, read_body, read_json
from graph.wire.headers import is_utf_8, parse_header
from graph.wire.media_types import Range, accepted, chosen

JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"
EVENT_STREAM = "text/event-stream"
MULTIPART = "multipart/mixed"

T = TypeVar("T")
_log = logging.getLogger(__name__)


class StatusCodes(Enum):
    """Which status goes with which GraphQL response.

    AUDIT is what the reference audit of the ecosystem expects: 400 for a request error, 200 otherwise, and
    200 for nearly all of `application/json`. DRAFT is the specification's draft of 2026: 422 for what is
    GraphQL but cannot be run, 294 for data together with errors.
    """

    AUDIT = "audit"
    DRAFT = "draft"


@dataclass(frozen=True)
class HTTPBounds:
    """What one request may take.

    Attributes:
        body_bytes: Of a JSON body.
        read_seconds: Until such a body must have come to its end.
    """

    body_bytes: int = BODY_BYTES
    read_seconds: float = 30.0


class _NotRun(Exception):
    """The operation cannot be run; `response` says why."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


class GraphQLEndpoint:
    """An ASGI app: queries by GET and POST, mutations and subscriptions by POST, files in multipart requests.

    Args:
        engine: Runs what is asked.
        make_context: Makes each operation's context.
        draining: Ends streams when the server is about to end.
        streams: How many subscriptions are carried at once.
        budget: Of bytes that wait for clients.
        bounds: What one request may take.
        uploads: Reads those with files.
        status_codes: Which status goes with which response.
        get_runs_only_manifest: Whether GET is kept to the documents of the manifest.
    """

    def __init__(  # noqa: PLR0913  # options, all by name
        self,
        engine: Engine,
        make_context: MakeContext,
        *,
        draining: Draining | None = None,
        streams: Admission | None = None,
        budget: Budget | None = None,
        bounds: HTTPBounds | None = None,
        uploads: Uploads | None = None,
        status_codes: StatusCodes = StatusCodes.AUDIT,
        get_runs_only_manifest: bool = False,
    ) -> None:
        self._engine = engine
        self._make_context = make_context
        self._draining = draining or Draining()
        self._streams = streams or Admission(1_000, "streams are open")
        self._budget = budget or Budget()
        self._bounds = bounds or HTTPBounds()
        self._uploads = uploads or Uploads()
        self._status_codes = status_codes
        self._get_runs_only_manifest = get_runs_only_manifest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._serve(scope, receive, send)
        except ClientGone:
            return
        except Refused as error:
            answer = refusal(scope, error.status, error.code, error.message, **error.headers)
            await answer(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        wanted = accepted(headers.getlist("accept"))
        _require_acceptable(wanted)
        try:
            # Files that came along are there until the answer has been sent.
            async with self._given(scope, receive, headers) as given:
                await self._answer(self._checked(given), wanted, scope, receive, send)
        except _NotRun as error:
            await self._refused(error.response, wanted)(scope, receive, send)

    async def _answer(
        self, request: GraphQLRequest, wanted: list[Range], scope: Scope, receive: Receive, send: Send
    ) -> None:
        try:
            operation = self._prepared(scope, request)
            carrier = _carrier(wanted) if operation.kind is OperationType.SUBSCRIPTION else None
            context = await self._make_context(HTTPConnection(scope), {})
            if carrier is None:
                answer = await _unless_gone(receive, self._result(operation, context, wanted))
            else:
                events = self._engine.subscribe(operation, context)
                answer = carrier(events, draining=self._draining, budget=self._budget)
        except (Refused, ClientGone, _NotRun):
            raise
        except Exception as error:
            _log.exception("A request failed outside of its operation")
            raise Refused(500, Code.INTERNAL, "Internal error.") from error
        with self._streams.place() if carrier else nullcontext():
            await answer(scope, receive, send)

    @asynccontextmanager
    async def _given(self, scope: Scope, receive: Receive, headers: Headers) -> AsyncGenerator[object]:
        """What the client sent, decoded."""
        bounds = self._bounds
        if scope["method"] == "GET":
            _require_own_page(headers)
            yield _parameters(QueryParams(scope["query_string"]))
        elif scope["method"] != "POST":
            raise Refused(405, Code.METHOD_NOT_ALLOWED, "Use GET or POST.", allow="GET, POST")
        elif is_upload_request(upload := Request(scope, receive)):
            async with self._uploads.read(upload, partial(self._require_runnable, scope)) as given:
                yield given
        else:
            _require_json(headers)
            body = await read_body(
                receive, headers, most_bytes=bounds.body_bytes, seconds=bounds.read_seconds
            )
            yield read_json(body, "The body")

    def _require_runnable(self, scope: Scope, given: object) -> None:
        """Refuse what would not be run, before its files are read."""
        self._prepared(scope, self._checked(given))

    def _checked(self, given: object) -> GraphQLRequest:
        try:
            return read_request(given)
        except CodedError as error:
            status = 400 if self._status_codes is StatusCodes.AUDIT else 422
            raise Refused(status, error.code, error.message) from error

    def _prepared(self, scope: Scope, request: GraphQLRequest) -> Operation:
        """What the request asks for, if that may be run by this method; raises Refused or _NotRun."""
        found = self._engine.prepare(request, request_id(scope))
        if isinstance(found, Response):
            raise _NotRun(found)
        if scope["method"] == "GET":
            if found.kind is not OperationType.QUERY:
                message = "GET runs queries only: use POST."
                raise Refused(405, Code.METHOD_NOT_ALLOWED, message, allow="POST")
            if self._get_runs_only_manifest and not self._engine.trusted.holds(found.document.text):
                message = "GET runs only documents of the server's manifest: use POST for others."
                raise Refused(403, Code.DOCUMENT_NOT_TRUSTED, message)
        return found

    async def _result(self, operation: Operation, context: Context, wanted: list[Range]) -> ASGIApp:
        """Run a query or mutation; its answer."""
        if chosen(wanted, (JSON, GRAPHQL_JSON)) is None and chosen(wanted, (EVENT_STREAM,)):
            responses = self._engine.stream(operation, context)
            return EventStream(responses, draining=self._draining, budget=self._budget, endless=False)
        spec = _spec(wanted, Spec.LEGACY, Spec.CURRENT)
        if spec is None:
            return self._json(await self._engine.run(operation, context), wanted)
        found = await self._engine.run_in_parts(operation, context)
        if isinstance(found, Parts):
            legacy = spec is Spec.LEGACY
            return MultipartParts(found, legacy=legacy, draining=self._draining, budget=self._budget)
        return self._json(found, wanted)

    def _refused(self, response: Response, wanted: list[Range]) -> ASGIApp:
        """What an operation that cannot be run is answered with: as a stream, where only that is read."""
        if chosen(wanted, (JSON, GRAPHQL_JSON)) is None and chosen(wanted, (EVENT_STREAM,)):
            only = _only(response)
            return EventStream(only, draining=self._draining, budget=self._budget, endless=False)
        return self._json(response, wanted)

    def _json(self, response: Response, wanted: list[Range]) -> ASGIApp:
        kind = chosen(wanted, (JSON, GRAPHQL_JSON)) or GRAPHQL_JSON
        status = self._status(response, kind)
        if self._status_codes is StatusCodes.DRAFT and not response.executed:
            kind = GRAPHQL_JSON
        headers = {"content-type": f"{kind}; charset=utf-8", "vary": "accept"}
        return Answer(response.body, status, headers, self._budget)

    def _status(self, response: Response, kind: str) -> int:
        if self._status_codes is StatusCodes.DRAFT:
            if response.executed:
                return 294 if response.errors else 200
            return 400 if Code.GRAPHQL_PARSE_FAILED in response.codes else 422
        malformed = Code.BAD_REQUEST in response.codes
        return 400 if not response.executed and (kind == GRAPHQL_JSON or malformed) else 200


async def _only(response: Response) -> AsyncGenerator[Response, None]:
    yield response


def _carrier(wanted: list[Range]) -> type[EventStream] | type[MultipartSubscription]:
    """What carries the events of a subscription."""
    if _spec(wanted, Spec.SUBSCRIPTION):
        return MultipartSubscription
    if chosen(wanted, (EVENT_STREAM,)):
        return EventStream
    message = (
        f"Subscriptions are served as {EVENT_STREAM}, {MULTIPART};subscriptionSpec=1.0, or by WebSocket."
    )
    raise Refused(406, Code.NOT_ACCEPTABLE, message)


def _require_acceptable(wanted: list[Range]) -> None:
    if chosen(wanted, (JSON, GRAPHQL_JSON, EVENT_STREAM, MULTIPART)) is None:
        message = f"Answers are {GRAPHQL_JSON} or {JSON}, streams {EVENT_STREAM} or {MULTIPART}."
        raise Refused(406, Code.NOT_ACCEPTABLE, message)


def _require_own_page(headers: Headers) -> None:
    """Keep out what pages of other sites send without asking: it cannot be read there, but costs us."""
    if headers.get("sec-fetch-site") == "cross-site" and "origin" not in headers:
        raise Refused(403, Code.ORIGIN_NOT_ALLOWED, "Pages of other sites may not call the server.")


def _require_json(headers: Headers) -> None:
    kinds = headers.getlist("content-type")
    found = parse_header(kinds[0]) if len(kinds) == 1 else None
    encoded = headers.get("content-encoding", "identity").lower() != "identity"
    if found is None or found[0] != JSON or not is_utf_8(found[1]) or encoded:
        message = "Send application/json in UTF-8, without an encoding of the content."
        raise Refused(415, Code.UNSUPPORTED_MEDIA_TYPE, message, accept=JSON)


def _parameters(query: QueryParams) -> dict[str, Any]:
    """The members of a request in a URL; an empty one counts as absent."""
    given: dict[str, Any] = {name: value for name, value in query.items() if value}
    for name in ("variables", "extensions"):
        if name in given:
            given[name] = read_json(given[name], name)
    return given


def _spec(wanted: list[Range], *served: Spec) -> Spec | None:
    """The format of parts that is wanted most; what comes of a wildcard is no wish for parts."""
    named = (spec_of(each) for each in wanted if each.kind == MULTIPART and each.quality > 0)
    return next((spec for spec in named if spec in served), None)


async def _unless_gone(receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """Do the work, unless the client leaves: then it is cancelled at once.

    Raises:
        ClientGone: The client left.
    """
    working, leaving = asyncio.ensure_future(work), asyncio.ensure_future(client_leaves(receive))
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise ClientGone
    finally:
        for task in (working, leaving):
            task.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)
