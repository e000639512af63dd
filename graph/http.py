"""GraphQL over HTTP, strictly: exact media types, bounded bodies, a coded JSON error for all else."""

# pyright: standard
# Not strict: what Strawberry, SQLAlchemy and JSON bring is untyped.
import asyncio
import logging
from collections.abc import AsyncGenerator, Coroutine
from contextlib import ExitStack, asynccontextmanager
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
from graph.wire.media_types import Range, accepted, chosen, closest

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


class _Asked:
    """What the head of a request says.

    Attributes:
        wanted: The media types that are accepted.
        has_files: Whether files may come along; then it is answered in one piece.
        parts: The format of parts in which the response may come.
    """

    def __init__(self, request: Request) -> None:
        self.request, self.scope, self.receive = request, request.scope, request.receive
        self.headers = Headers(scope=request.scope)
        self.wanted = accepted(self.headers.getlist("accept"))
        self.has_files = request.method == "POST" and is_upload_request(request)
        self.parts = None if self.has_files or _only_events(self.wanted) else _incremental(self.wanted)


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
        asked = _Asked(Request(scope, receive))
        _require_acceptable(asked.wanted)
        with ExitStack() as places:
            try:
                # Files that came along are there until the operation has ended, however slowly it is read.
                async with self._given(asked) as given:
                    answer = await self._made(asked, self._checked(given), places)
            except _NotRun as error:
                answer = self._whole(error.response, asked.wanted)
            await answer(scope, receive, send)

    async def _made(self, asked: "_Asked", request: GraphQLRequest, places: ExitStack) -> ASGIApp:
        """Run what is asked, or make it run as its answer is sent."""
        operation = self._prepared(asked.scope, request)
        self._budget.require()  # before anything is done that could not be told
        follows = operation.kind is OperationType.SUBSCRIPTION
        if follows or asked.parts:
            places.enter_context(self._streams.place())
        try:
            carrier = _carrier(asked.wanted) if follows else None
            context = await self._make_context(HTTPConnection(asked.scope), {})
            if carrier is None:
                return await _unless_gone(asked.receive, self._result(asked, operation, context))
            events = self._engine.subscribe(operation, context)
            return carrier(events, draining=self._draining, budget=self._budget)
        except (Refused, ClientGone, _NotRun):
            raise
        except Exception as error:
            _log.exception("A request failed outside of its operation")
            raise Refused(500, Code.INTERNAL, "Internal error.") from error

    @asynccontextmanager
    async def _given(self, asked: "_Asked") -> AsyncGenerator[object]:
        """What the client sent, decoded."""
        bounds, scope, headers = self._bounds, asked.scope, asked.headers
        if scope["method"] == "GET":
            _require_own_page(headers)
            yield _parameters(QueryParams(scope["query_string"]))
        elif scope["method"] != "POST":
            raise Refused(405, Code.METHOD_NOT_ALLOWED, "Use GET or POST.", allow="GET, POST")
        elif asked.has_files:
            async with self._uploads.read(asked.request, partial(self._require_runnable, scope)) as given:
                yield given
        else:
            _require_json(headers)
            body = await read_body(
                asked.receive, headers, most_bytes=bounds.body_bytes, seconds=bounds.read_seconds
            )
            yield read_json(body, "The body")

    def _require_runnable(self, scope: Scope, given: object) -> None:
        """Refuse what would not be run, before its files are read."""
        operation = self._prepared(scope, self._checked(given))
        if operation.kind is OperationType.SUBSCRIPTION:
            raise Refused(400, Code.BAD_REQUEST, f"A subscription takes no files: send {JSON}.")

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

    async def _result(self, asked: "_Asked", operation: Operation, context: Context) -> ASGIApp:
        """Run a query or mutation; its answer."""
        options = {"draining": self._draining, "budget": self._budget}
        owed = operation.kind is OperationType.MUTATION
        if asked.has_files:
            return self._whole(await self._engine.run(operation, context), asked.wanted, owed=owed)
        if _only_events(asked.wanted):
            responses = self._engine.stream(operation, context)
            return EventStream(responses, endless=False, owed=owed, **options)
        if asked.parts is None:
            return self._whole(await self._engine.run(operation, context), asked.wanted, owed=owed)
        found = await self._engine.run_in_parts(operation, context, self._budget)
        if isinstance(found, Parts):
            return MultipartParts(found, legacy=asked.parts is Spec.LEGACY, owed=owed, **options)
        return self._whole(found, asked.wanted, owed=owed)

    def _whole(self, response: Response, wanted: list[Range], *, owed: bool = False) -> ASGIApp:
        """What tells a response in one piece: JSON, or a stream of one event where only that is read."""
        if _only_events(wanted):
            only = _only(response)
            return EventStream(only, draining=self._draining, budget=self._budget, endless=False, owed=owed)
        kind = chosen(wanted, (JSON, GRAPHQL_JSON)) or GRAPHQL_JSON
        status = self._status(response, kind)
        if self._status_codes is StatusCodes.DRAFT and not response.executed:
            kind = GRAPHQL_JSON
        headers = {"content-type": f"{kind}; charset=utf-8", "vary": "accept"}
        return Answer(response.body, status, headers, self._budget, owed=owed)

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
    """What carries a subscription's events: what is wanted most, else what is named, else named first."""
    parts, events = _range_of(wanted, Spec.SUBSCRIPTION), closest(wanted, EVENT_STREAM)
    best = max(
        (each for each in (parts, events) if each is not None),
        key=lambda each: (each.quality, "*" not in each.kind, -each.place),
        default=None,
    )
    if best is None:
        message = (
            f"Subscriptions are served as {EVENT_STREAM}, {MULTIPART};subscriptionSpec=1.0, or by WebSocket."
        )
        raise Refused(406, Code.NOT_ACCEPTABLE, message)
    return MultipartSubscription if best is parts else EventStream


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


def _range_of(wanted: list[Range], *served: Spec) -> Range | None:
    """The element that asks for one of these formats most; what comes of a wildcard is no wish for parts."""
    return next((each for each in wanted if each.quality > 0 and spec_of(each) in served), None)


def _incremental(wanted: list[Range]) -> Spec | None:
    """The format of the parts in which a response may come, unless it is rather wanted in one piece."""
    parts = _range_of(wanted, Spec.LEGACY, Spec.CURRENT)
    whole = [found for kind in (JSON, GRAPHQL_JSON) if (found := closest(wanted, kind))]
    if parts is None or any(each.quality > parts.quality for each in whole):
        return None
    return spec_of(parts)


def _only_events(wanted: list[Range]) -> bool:
    """Whether a response is read as an event, and not otherwise."""
    return chosen(wanted, (JSON, GRAPHQL_JSON)) is None and chosen(wanted, (EVENT_STREAM,)) is not None


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
