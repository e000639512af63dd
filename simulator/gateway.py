"""What stands between the network and the service: the journal, and the faults a test asked for."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import cast

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from simulator.distortions import distort
from simulator.errors import Refusal, lacks_mfa, throttled, wrong_audience
from simulator.faults import FaultAction, take_fault
from simulator.journal import Entry
from simulator.stage import Stage

ERROR_PAGE = b"<!DOCTYPE html><html><head><title>Error</title></head><body><h1>Bad Gateway</h1></body></html>"


@dataclass
class _Answer:
    """What the service would have said."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    async def send(self, send: Send, body: bytes) -> None:
        """Say it with another body."""
        headers = [field for field in self.headers if field[0] != b"content-length"]
        headers.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


class Gateway:
    """ASGI middleware; what is not the service (pages, the admin interface) only gets the date."""

    def __init__(self, app: ASGIApp, world: Stage, is_service: Callable[[str], bool]) -> None:
        self._app = app
        self._world = world
        self._is_service = is_service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def dating_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"date", self._world.http_date())]
            await send(message)

        if not self._is_service(scope["path"]):
            await self._app(scope, receive, dating_send)
            return
        if scope["path"].endswith("/"):
            scope["path"] = scope["path"].rstrip("/")
        entry = self._note(scope)

        async def noting_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                entry.status = message["status"]
            await dating_send(message)

        action = take_fault(self._world.faults, entry.method, entry.path, entry.query)
        if action is None:
            await self._app(scope, receive, noting_send)
        else:
            entry.fault = action.kind
            await self._interfere(action, scope, receive, noting_send)

    def _note(self, scope: Scope) -> Entry:
        headers: dict[bytes, bytes] = dict(scope["headers"])
        entry = Entry(
            method=scope["method"],
            path=scope["path"],
            query=scope["query_string"].decode("latin-1"),
            request_id=_text(headers.get(b"ms-requestid")),
            correlation_id=_text(headers.get(b"ms-correlationid")),
            at=self._world.now(),
        )
        self._world.journal.add(entry)
        return entry

    async def _interfere(self, action: FaultAction, scope: Scope, receive: Receive, send: Send) -> None:
        match action.kind:
            case "status":
                await _send_status(action, scope, receive, send)
            case "html":
                await HTMLResponse(ERROR_PAGE, action.status or 502)(scope, receive, send)
            case "delay":
                await asyncio.sleep(action.seconds)
                await self._app(scope, receive, send)
            case "timeout_before":
                await self._hang(scope, receive)
            case "drop":
                await _drop(scope, receive)
            case "mfa_off" | "wrong_audience":
                await _send_refusal(
                    lacks_mfa() if action.kind == "mfa_off" else wrong_audience(), scope, send
                )
            case _:
                await self._after(action, scope, receive, send)

    async def _after(self, action: FaultAction, scope: Scope, receive: Receive, send: Send) -> None:
        """Execute the call, keep the answer back, and do what was asked for instead."""
        answer = await self._execute(scope, receive)
        match action.kind:
            case "status_after":
                await _send_status(action, scope, receive, send)
            case "timeout_after":
                await self._hang(scope, receive)
            case "truncate":
                await answer.send(send, answer.body[: len(answer.body) // 2])
            case "drop_after":
                await _drop(scope, receive)
            case _:
                await answer.send(send, distort(action.kind, answer.body, action.members))

    async def _execute(self, scope: Scope, receive: Receive) -> "_Answer":
        answer = _Answer(HTTPStatus.INTERNAL_SERVER_ERROR, [], b"")

        async def collect(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer.status, answer.headers = message["status"], message["headers"]
            else:
                answer.body += message.get("body", b"")

        await self._app(scope, receive, collect)
        return answer

    async def _hang(self, scope: Scope, receive: Receive) -> None:
        """Wait until the client leaves, or cut the connection when the server stops."""
        leaving = asyncio.ensure_future(_until_disconnect(receive))
        closing = asyncio.ensure_future(self._world.closing.wait())
        await asyncio.wait({leaving, closing}, return_when=asyncio.FIRST_COMPLETED)
        closing.cancel()
        if not leaving.done():
            leaving.cancel()
            await _drop(scope, receive)


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1")


async def _send_status(action: FaultAction, scope: Scope, receive: Receive, send: Send) -> None:
    status, body, wait = action.status or 500, action.body, action.retry_after_seconds
    headers = {} if wait is None else {"Retry-After": str(wait)}
    if status == HTTPStatus.TOO_MANY_REQUESTS and body is None:
        body, headers = throttled(1 if wait is None else wait)
    content = b"" if body is None else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    await Response(content, status, headers, "application/json")(scope, receive, send)


async def _send_refusal(refusal: Refusal, scope: Scope, send: Send) -> None:
    """Refuse without having looked at the call; the ids of the request are echoed all the same."""
    sent = Headers(scope=scope)
    echoed = {name: sent[name] for name in ("ms-requestid", "ms-correlationid") if name in sent}
    headers = {**echoed, **(refusal.headers or {})}
    answer = Response(json.dumps(refusal.body()), refusal.status, headers, "application/json")
    await send({"type": "http.response.start", "status": answer.status_code, "headers": answer.raw_headers})
    await send({"type": "http.response.body", "body": answer.body})


async def _drop(scope: Scope, receive: Receive) -> None:
    """Close the connection without a byte; only our own server can (see server.py)."""
    close = cast("Callable[[], None] | None", scope.get("state", {}).get("close_connection"))
    if close is None:
        raise ConnectionResetError("the connection was dropped on purpose")
    close()
    await _until_disconnect(receive)


async def _until_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
