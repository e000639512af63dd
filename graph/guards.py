"""ASGI middleware for all that is served: a request id on each answer, and no calls from foreign pages."""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from random import getrandbits
from typing import Any, TypeAlias

import orjson
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from strawberry.http.websocket_origin import is_same_origin, normalize_allowed_origins, normalize_origin

from graph.errors import Code
from graph.head import Head, head_of, text_of

REQUEST_ID_HEADER = "x-request-id"
_ID = REQUEST_ID_HEADER.encode()
Header: TypeAlias = tuple[bytes, bytes]
Promise: TypeAlias = Callable[[tuple[Header, ...], Header], object]
PROMISE = "graph.promise"
"""A server's extension of ASGI, a function: it takes headers that the answer will have, whoever makes it.

The first are those that it has unless it says them itself; the last is its own, whatever else it says.
To put them into its messages would take as long as to write it.
"""
_STARTS = {"http.response.start", "websocket.accept", "websocket.http.response.start"}
_WRONG_HOST = 400, Code.HOST_NOT_ALLOWED, "The server does not answer for this host name."
_HOST = r"(\[[0-9a-f:.]+\]|[\w.~%!$&'()*+,;=-]+)(?::[0-9]*)?"
"""A name or an address, then a port where there is one; nothing before and nothing after (RFC 9110, 7.2)."""
_IS_HOST = re.compile(_HOST, re.ASCII)
_IS_ORIGIN = re.compile(rf"[a-z][a-z0-9+.-]*://{_HOST}/?", re.ASCII | re.IGNORECASE)
_MOST_KEPT = 256
_LONGEST_KEPT = 1_000
"""Bytes of hosts and origins of which it is kept that they are let in."""
_SANE_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")
_TRACE = re.compile(r"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?")


def request_id(scope: Scope) -> str:
    """The id of the request: the client's if it gave a sane one, else its trace's, else one made here."""
    state: dict[str, Any] = scope.setdefault("state", {})
    found = state.get("request_id")
    if found is None:
        found = state["request_id"] = _given_id(head_of(scope)) or _made_id()
    return found


def _made_id() -> str:
    """An id that is no other's; it is no secret, so it need not come from the system."""
    return getrandbits(128).to_bytes(16, "big").hex()


def _given_id(head: Head) -> str | None:
    if _ID in head and _SANE_ID.fullmatch(given := text_of(head, _ID)):
        return given
    return _trace_id(head) if b"traceparent" in head else None


def _trace_id(head: Head) -> str | None:
    """The id of the trace that the request is part of (W3C Trace Context), None without a valid one."""
    found = _TRACE.fullmatch(text_of(head, b"traceparent"))
    return found[1] if found and found[1].strip("0") and found[2].strip("0") else None


def refusal(scope: Scope, status: int, code: str, message: str, **headers: str) -> Response:
    """An answer with one coded error and no data."""
    extensions = {"code": code, "requestId": request_id(scope)}
    body = orjson.dumps({"errors": [{"message": message, "extensions": extensions}]})
    return Response(body, status, headers, "application/json")


class RequestIds:
    """Puts the request id into `scope["state"]["request_id"]` and on the answer.

    It is an ASGI 3 application, but no coroutine function: a server that goes by that, as uvicorn does, has
    to be told (`interface="asgi3"`).

    Args:
        app: What is wrapped.
        bind: Called with the id in the context in which this is called, which servers make anew for each
            request: so that each log line can carry the id, for example.
        headers: Of each answer that does not say them itself; names in lower case.
    """

    def __init__(
        self,
        app: ASGIApp,
        bind: Callable[[str], object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._app = app
        self._bind = bind
        self._headers = tuple([(name.encode(), value.encode()) for name, value in (headers or {}).items()])
        self._names = frozenset(name for name, _ in self._headers)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] != "lifespan":
            tag = request_id(scope)
            if self._bind is not None:
                self._bind(tag)
            promise: Promise | None = scope.get("extensions", {}).get(PROMISE)
            if promise is None:
                send = self._tagging(send, tag)
            else:
                promise(self._headers, (_ID, tag.encode()))
        return self._app(scope, receive, send)

    def _tagging(self, send: Send, tag: str) -> Send:
        def tagged(message: Message) -> Awaitable[None]:
            if message["type"] in _STARTS:
                message = {**message, "headers": self._completed(message, tag)}
            return send(message)

        return tagged

    def _completed(self, message: Message, tag: str) -> list[tuple[bytes, bytes]]:
        given = message.get("headers", ())
        names = frozenset([name for name, _ in given])
        kept = given if _ID not in names else [header for header in given if header[0] != _ID]
        if message["type"] == "websocket.accept":
            return [*kept, (_ID, tag.encode())]
        ours = self._headers if names.isdisjoint(self._names) else self._missing(names)
        return [*ours, *kept, (_ID, tag.encode())]  # what is of this answer alone comes last

    def _missing(self, names: frozenset[bytes]) -> list[tuple[bytes, bytes]]:
        return [header for header in self._headers if header[0] not in names]


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
        self._let_in: set[tuple[bytes, ...]] = set()
        """The same few come with nearly every request: host, origins."""

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        response = None if scope["type"] == "lifespan" else self._refuse(scope)
        if response is None:
            return self._app(scope, receive, send)
        if scope["type"] == "websocket" and "websocket.http.response" not in scope.get("extensions", {}):
            return send({"type": "websocket.close", "code": 1008})
        return response(scope, receive, send)

    def _refuse(self, scope: Scope) -> Response | None:
        head = head_of(scope)
        hosts, origins = head.get(b"host", ()), head.get(b"origin", ())
        if len(hosts) != 1:
            return refusal(scope, *_WRONG_HOST)
        shown = hosts + origins
        if shown in self._let_in:
            return None
        found = self._judge(*shown)
        if found is None:
            self._keep(shown)
        return None if found is None else refusal(scope, *found)

    def _keep(self, shown: tuple[bytes, ...]) -> None:
        if sum(map(len, shown)) <= _LONGEST_KEPT:
            if len(self._let_in) >= _MOST_KEPT:
                self._let_in.clear()
            self._let_in.add(shown)

    def _judge(self, host: bytes, *origins: bytes) -> tuple[int, Code, str] | None:
        """Why these are refused: a status, a code and a sentence; None if they are let in."""
        name, *pages = (each.decode("latin-1").strip(" \t") for each in (host, *origins))
        if not self._knows(name.lower()):
            return _WRONG_HOST
        if all(self._serves(each, name) for each in pages):
            return None
        return 403, Code.ORIGIN_NOT_ALLOWED, "Pages of this origin may not call the server."

    def _knows(self, host: str) -> bool:
        found = _IS_HOST.fullmatch(host)
        return found is not None and not self._hosts.isdisjoint({"*", host, found[1]})

    def _serves(self, page: str, host: str) -> bool:
        if not _IS_ORIGIN.fullmatch(page):
            return False
        return is_same_origin(page, host) or normalize_origin(page) in self._origins
