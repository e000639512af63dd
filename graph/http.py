"""GraphQL over HTTP, strictly: exact media types, bounded bodies, a coded JSON error for all else."""

# pyright: standard
# Not strict: what Strawberry, SQLAlchemy and JSON bring is untyped.
import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable
from contextlib import ExitStack
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from graph.admission import Admission, Budget
from graph.context import MakeContext
from graph.deadlines import ClientGone
from graph.documents import NotRunnable
from graph.draining import Draining
from graph.engine import Engine, Operation
from graph.errors import MAY_BE_DONE, Code, CodedError
from graph.guards import refusal, request_id
from graph.head import Head, head_of, text_of
from graph.incremental import Parts
from graph.multipart import MultipartParts, Spec
from graph.negotiation import (
    EVENT_STREAM,
    GRAPHQL_JSON,
    JSON,
    MULTIPART,
    Terms,
    Wishes,
    terms_of,
)
from graph.refusals import Refused
from graph.requests import GraphQLRequest, read_request
from graph.responses import Response
from graph.sse import EventStream
from graph.uploads import Uploads
from graph.wire.answers import Answer
from graph.wire.bodies import BODY_BYTES, body_at_once, read_body, read_json
from graph.wire.codings import LEAST_BYTES, Coding
from graph.wire.waiting import leaving_of, unless_gone

_log = logging.getLogger(__name__)
_HEADERS = {
    kind: ((b"content-type", f"{kind}; charset=utf-8".encode()), (b"vary", b"accept, accept-encoding"))
    for kind in (JSON, GRAPHQL_JSON)
}


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
        terms: What comes, and how it may be answered.
        wishes: What is accepted.
        body: What comes.
        parts: The format of parts in which the response may come; with files it comes in one piece.
        held: Places that it takes until it is answered.
        owed: Whether it is a mutation: what it did is told, whatever else must wait.
    """

    __slots__ = ("body", "head", "held", "method", "owed", "parts", "receive", "scope", "terms", "wishes")

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.scope, self.receive = scope, receive
        self.method: str = scope["method"]
        self.head = head_of(scope)
        self.terms = terms = terms_of(scope)
        self.wishes = terms.wishes
        self.body = terms.body if self.method == "POST" else "other"
        self.parts = None if self.body == "form" else self.wishes.parts
        self.held: ExitStack | None = None
        self.owed = False


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
        self._drafts = status_codes is StatusCodes.DRAFT
        self._get_runs_only_manifest = get_runs_only_manifest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = _Asked(scope, receive)
        try:
            try:
                answer = await self._answer(asked)
            except asyncio.CancelledError:  # the process ends, and waits no longer
                await _unfinished(asked)(scope, receive, send)
                raise
            await answer(scope, receive, send)
        except ClientGone:
            return
        except Refused as error:
            refused = refusal(scope, error.status, error.code, error.message, **error.headers)
            await refused(scope, receive, send)
        finally:
            if asked.held is not None:
                asked.held.close()

    async def _answer(self, asked: _Asked) -> ASGIApp:
        """Run what is asked, or make it run as its answer is sent."""
        try:
            _require_acceptable(asked.wishes)
            if asked.body == "form":
                return await self._with_files(asked)
            if asked.method == "GET":
                _require_own_page(asked.head)
                given: object = _parameters(QueryParams(asked.scope["query_string"]))
            else:
                _require_json(asked)
                body = body_at_once(asked.scope, self._bounds.body_bytes)
                given = read_json(await self._body(asked) if body is None else body, "The body")
            return await self._made(asked, self._checked(given))
        except NotRunnable as error:
            return self._whole(self._engine.refused(error, request_id(asked.scope)), asked)
        except (Refused, ClientGone):
            raise
        except Exception as error:
            _log.exception("A request failed outside of its operation")
            raise Refused(500, Code.INTERNAL, "Internal error.") from error

    async def _made(self, asked: _Asked, request: GraphQLRequest) -> ASGIApp:
        operation = self._prepared(asked, request)
        self._budget.require()  # before anything is done that could not be told
        follows = operation.definition.subscribes
        if follows or asked.parts:
            asked.held = ExitStack()
            asked.held.enter_context(self._streams)
        carrier = asked.wishes.carrier() if follows else None
        context = await self._make_context(asked.scope, {})
        if carrier is not None:
            events = self._engine.subscribe(operation, context)
            return carrier(events, draining=self._draining, budget=self._budget)
        owed = asked.owed = operation.definition.mutates
        if asked.wishes.only_events and asked.body != "form":
            return self._events(self._engine.stream(operation, context), owed=owed)
        leaving = leaving_of(asked.scope)
        if asked.parts is None and leaving is not None:  # then nothing has to stand in between
            return self._whole(await self._engine.run(operation, context, leaving), asked, owed=owed)
        if asked.parts is not None:
            work = self._engine.run_in_parts(operation, context, self._budget)
        else:
            work = self._engine.run(operation, context)
        found = await unless_gone(asked.scope, asked.receive, work)
        if isinstance(found, Parts):
            return self._in_parts(found, asked, owed=owed)
        return self._whole(found, asked, owed=owed)

    async def _with_files(self, asked: _Asked) -> ASGIApp:
        """Run an operation whose files are there until it has ended, however slowly its answer is read."""
        accept = partial(self._require_runnable, asked)
        async with self._uploads.read(Request(asked.scope, asked.receive), accept) as given:
            return await self._made(asked, self._checked(given))

    def _body(self, asked: _Asked) -> Awaitable[bytes]:
        """What the client has yet to send."""
        most, seconds = self._bounds.body_bytes, self._bounds.read_seconds
        return read_body(asked.scope, asked.receive, most_bytes=most, seconds=seconds)

    def _require_runnable(self, asked: _Asked, given: object) -> None:
        """Refuse what would not be run, before its files are read."""
        operation = self._prepared(asked, self._checked(given))
        if operation.definition.subscribes:
            raise Refused(400, Code.BAD_REQUEST, f"A subscription takes no files: send {JSON}.")

    def _checked(self, given: object) -> GraphQLRequest:
        try:
            return read_request(given)
        except CodedError as error:
            status = 422 if self._drafts else 400
            raise Refused(status, error.code, error.message) from error

    def _prepared(self, asked: _Asked, request: GraphQLRequest) -> Operation:
        """What the request asks for, if that may be run by this method; raises Refused or NotRunnable."""
        found = self._engine.find(request)
        if asked.method == "GET":
            if found.definition.mutates or found.definition.subscribes:
                message = "GET runs queries only: use POST."
                raise Refused(405, Code.METHOD_NOT_ALLOWED, message, allow="POST")
            if self._get_runs_only_manifest and not self._engine.trusted.holds(found.document.text):
                message = "GET runs only documents of the server's manifest: use POST for others."
                raise Refused(403, Code.DOCUMENT_NOT_TRUSTED, message)
        return found

    def _in_parts(self, found: Parts, asked: _Asked, *, owed: bool) -> ASGIApp:
        legacy = asked.parts is Spec.LEGACY
        return MultipartParts(found, legacy=legacy, owed=owed, draining=self._draining, budget=self._budget)

    def _whole(self, response: Response, asked: _Asked, *, owed: bool = False) -> ASGIApp:
        """What tells a response in one piece: JSON, or a stream of one event where only that is read.

        What a mutation tells is never coded. It may hold a secret beside what the client has sent, and the
        length would tell who listens how much of the one is in the other.
        """
        wishes = asked.wishes
        if wishes.only_events:
            return self._events(_only(response), owed=owed)
        kind = wishes.json
        status = self._status(response, kind)
        if self._drafts and not response.executed:
            kind = GRAPHQL_JSON
        coding = None if owed else _coding(asked.terms, response.body)
        return Answer(response.body, status, _HEADERS[kind], self._budget, owed=owed, coding=coding)

    def _events(self, responses: AsyncGenerator[Response, None], *, owed: bool) -> ASGIApp:
        return EventStream(responses, draining=self._draining, budget=self._budget, endless=False, owed=owed)

    def _status(self, response: Response, kind: str) -> int:
        if self._drafts:
            if response.executed:
                return 294 if response.errors else 200
            return 400 if Code.GRAPHQL_PARSE_FAILED in response.codes else 422
        if response.executed:
            return 200
        return 400 if kind == GRAPHQL_JSON or Code.BAD_REQUEST in response.codes else 200


def _unfinished(asked: _Asked) -> ASGIApp:
    message = "The server ended before this was done."
    if asked.owed:
        message += f" {MAY_BE_DONE}"
    return refusal(asked.scope, 503, Code.SERVER_ENDING, message)


async def _only(response: Response) -> AsyncGenerator[Response, None]:
    yield response


def _coding(terms: Terms, body: bytes) -> Coding | None:
    return None if terms.may_be_plain and len(body) < LEAST_BYTES else terms.coding


def _require_acceptable(wishes: Wishes) -> None:
    if not wishes.any:
        message = f"Answers are {GRAPHQL_JSON} or {JSON}, streams {EVENT_STREAM} or {MULTIPART}."
        raise Refused(406, Code.NOT_ACCEPTABLE, message)


def _require_json(asked: _Asked) -> None:
    if asked.method != "POST":
        raise Refused(405, Code.METHOD_NOT_ALLOWED, "Use GET or POST.", allow="GET, POST")
    if asked.body != "json":
        message = "Send application/json in UTF-8, without an encoding of the content."
        raise Refused(415, Code.UNSUPPORTED_MEDIA_TYPE, message, accept=JSON)


def _require_own_page(head: Head) -> None:
    """Keep out what pages of other sites send without asking: it cannot be read there, but costs us."""
    if text_of(head, b"sec-fetch-site") == "cross-site" and b"origin" not in head:
        raise Refused(403, Code.ORIGIN_NOT_ALLOWED, "Pages of other sites may not call the server.")


def _parameters(query: QueryParams) -> dict[str, Any]:
    """The members of a request in a URL; an empty one counts as absent."""
    given: dict[str, Any] = {name: value for name, value in query.items() if value}
    for name in ("variables", "extensions"):
        if name in given:
            given[name] = read_json(given[name], name)
    return given
