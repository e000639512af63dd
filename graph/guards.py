"""ASGI middleware for all that is served: a request id on each answer, and no calls from foreign pages."""

import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from urllib.parse import urlsplit
from uuid import uuid4

import orjson
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from strawberry.http.websocket_origin import is_same_origin, normalize_allowed_origins, normalize_origin

from graph.errors import Code

REQUEST_ID_HEADER = "x-request-id"
_STARTS = {"http.response.start", "websocket.accept", "websocket.http.response.start"}
_SANE_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")
_TRACE = re.compile(r"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?")


def request_id(scope: Scope) -> str:
    """The id of the request: the client's if it gave a sane one, else its trace's, else one made here."""
    state = scope.setdefault("state", {})
    if "request_id" not in state:
        headers = Headers(scope=scope)
        given = headers.get(REQUEST_ID_HEADER, "")
        state["request_id"] = given if _SANE_ID.fullmatch(given) else _trace_id(headers) or uuid4().hex
    return state["request_id"]


def _trace_id(headers: Headers) -> str | None:
    """The id of the trace that the request is part of (W3C Trace Context), None without a valid one."""
    found = _TRACE.fullmatch(headers.get("traceparent", ""))
    return found[1] if found and found[1].strip("0") and found[2].strip("0") else None


def refusal(scope: Scope, status: int, code: str, message: str, **headers: str) -> Response:
    """An answer with one coded error and no data."""
    extensions = {"code": code, "requestId": request_id(scope)}
    body = orjson.dumps({"errors": [{"message": message, "extensions": extensions}]})
    return Response(body, status, headers, "application/json")


class RequestIds:
    """Puts the request id into `scope["state"]["request_id"]` and on the answer.

    Args:
        app: What is wrapped.
        bind: Makes the context to serve the request in, for example one that adds the id to each log line.
    """

    def __init__(
        self, app: ASGIApp, bind: Callable[[str], AbstractContextManager[object]] = nullcontext
    ) -> None:
        self._app = app
        self._bind = bind

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await self._app(scope, receive, send)
        tag = request_id(scope)

        async def tagged(message: Message) -> None:
            if message["type"] in _STARTS:
                MutableHeaders(scope=message)[REQUEST_ID_HEADER] = tag
            await send(message)

        with self._bind(tag):
            return await self._app(scope, receive, tagged)


class Doorman:
    """Answers only for known host names, and only pages of our own or of a listed origin.

    The first stops pages that point a name of theirs at this server, the second those that call it across
    origins. A request without Origin comes from no page, or cannot change anything.

    Args:
        app: What is wrapped.
        hosts: Host names, with a port or for every port; "*" for any.
        origins: Origins besides our own, such as `https://portal.example.com`.
    """

    def __init__(self, app: ASGIApp, *, hosts: Sequence[str], origins: Iterable[str] = ()) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)
        self._origins = normalize_allowed_origins(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = None if scope["type"] == "lifespan" else self._refuse(scope)
        if response is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket" and "websocket.http.response" not in scope.get("extensions", {}):
            await send({"type": "websocket.close", "code": 1008})
        else:
            await response(scope, receive, send)

    def _refuse(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        hosts, origins = headers.getlist("host"), headers.getlist("origin")
        if len(hosts) != 1 or not self._knows(hosts[0].lower()):
            return refusal(
                scope, 400, Code.HOST_NOT_ALLOWED, "The server does not answer for this host name."
            )
        if all(is_same_origin(each, hosts[0]) or normalize_origin(each) in self._origins for each in origins):
            return None
        return refusal(scope, 403, Code.ORIGIN_NOT_ALLOWED, "Pages of this origin may not call the server.")

    def _knows(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        bare = f"[{name}]" if ":" in name else name
        return bool(name) and not self._hosts.isdisjoint({"*", host, bare})
