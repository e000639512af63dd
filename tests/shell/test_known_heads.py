"""A head that came before is not parsed again: nobody may tell the difference but by the time it takes."""

import asyncio
import re
from typing import Any

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send
from support.patience import PATIENCE_SECONDS
from support.served import connected
from support.servers import serving

from agreements_api.http_protocol import BoundedProtocol
from agreements_api.known_heads import KnownHead, KnownHeads
from graph.head import head_of
from graph.negotiation import terms_of

HOST = b"host: localhost\r\n"
GET = b"GET /a%20b HTTP/1.1\r\n" + HOST + b"DNT: 1\r\ndnt: 2\r\n\r\n"
LAST = b"GET /last HTTP/1.1\r\n" + HOST + b"connection: close\r\n\r\n"
OF_THE_CONNECTION = {"client", "server", "state", "extensions"}

Heard = list[tuple[dict[str, object], bytes]]


def post(body: bytes, *headers: bytes, length: int | None = None) -> bytes:
    lines = b"".join(header + b"\r\n" for header in headers)
    length = len(body) if length is None else length
    return b"POST /p HTTP/1.1\r\n" + HOST + lines + b"content-length: %d\r\n\r\n" % length + body


CHUNKED = b"POST /p HTTP/1.1\r\n" + HOST + b"transfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
OLD = b"GET /old HTTP/1.0\r\n" + HOST + b"connection: keep-alive\r\n\r\n"
EXPECTED = post(b"ok", b"expect: 100-continue")
UPGRADE = b"GET /u HTTP/1.1\r\n" + HOST + b"connection: upgrade\r\nupgrade: h2c\r\n\r\n"


class _Unknowing(KnownHeads):
    def find(self, data: bytes) -> None:
        return None


class _Counting(KnownHeads):
    found = 0

    def find(self, data: bytes) -> KnownHead | None:
        known = super().find(data)
        self.found += known is not None
        return known


async def heard_of(
    pieces: list[bytes], known: KnownHeads, monkeypatch: pytest.MonkeyPatch
) -> tuple[Heard, list[bytes]]:
    """What an application hears of requests that come in these pieces, and the statuses of the answers."""
    heard: Heard = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        head_of(scope)  # what follows from a head may come with it: it must be the same
        terms_of(scope)
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        heard.append(({key: scope[key] for key in sorted(scope) if key not in OF_THE_CONNECTION}, body))
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    monkeypatch.setattr(BoundedProtocol, "known_heads", known)
    async with serving(app, http=BoundedProtocol, lifespan="off") as url, asyncio.timeout(PATIENCE_SECONDS):
        host, port = url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        for piece in [*pieces, LAST]:
            writer.write(piece)
            await asyncio.sleep(0.01)  # a piece is what comes at once
        answers = await reader.read()
        writer.close()
    return heard, re.findall(rb"^HTTP/1\.1 (\d+)", answers, re.MULTILINE)


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param([GET, GET, GET], id="without a body"),
        pytest.param([post(b"one"), post(b"two"), post(b"")], id="with a body"),
        pytest.param([GET + GET, GET + GET], id="two at once"),
        pytest.param([GET, GET + post(b"one"), post(b"one") + GET, post(b"one"), GET], id="others at once"),
        pytest.param(
            [post(b"one") + post(b"two").replace(b"/p", b"/q"), post(b"one")], id="another behind it"
        ),
        pytest.param([post(b"one"), post(b"one")[:-1], b"e"], id="the body in two pieces"),
        pytest.param(
            [post(b"one"), post(b"")[:-1].replace(b": 0", b": 3"), b"\none", GET], id="the head in two"
        ),
        pytest.param([post(GET), post(GET), GET], id="a request as a body"),
        pytest.param([GET, b"\r\n\r\n", GET, b"\r\n\r\n", b"\r\n" + GET, b"\r\n" + GET], id="blank lines"),
        pytest.param([post(b"one"), post(b"one", length=4), b"!", post(b"one")], id="another length"),
        pytest.param([CHUNKED, CHUNKED], id="in chunks"),
        pytest.param([EXPECTED, EXPECTED], id="one that waits to be told"),
        pytest.param([UPGRADE, UPGRADE], id="to another protocol"),
        pytest.param([GET, post(b"", length=len(GET)), GET, GET], id="a known request that is a body"),
        pytest.param([GET, OLD], id="of an old version"),
        pytest.param([GET, GET, b"GARBAGE\r\n\r\n"], id="garbage"),
    ],
)
async def test_requests_are_the_same_whether_their_heads_are_known_or_not(
    pieces: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed = await heard_of(pieces, _Unknowing(), monkeypatch)

    known = KnownHeads()
    for _ in range(2):  # the second time they are known from the start
        assert await heard_of(pieces, known, monkeypatch) == parsed


async def ask_three_times(app: ASGIApp) -> None:
    """The same, over one connection."""
    async with connected(app) as (reader, writer):
        for _ in range(3):
            writer.write(GET)
            await reader.readuntil(b"\r\n\r\n")


async def test_no_request_can_change_what_is_known_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append({**scope, "asgi": {**scope["asgi"]}, "state": {**scope["state"]}})
        scope["path"] = "/elsewhere"
        scope["state"]["secret"] = scope["asgi"]["secret"] = scope["mine"] = True
        known: Any = head_of(scope)
        with pytest.raises(TypeError):
            known[b"x-user"] = (b"ada",)
        scope["headers"] = [(b"x-user", b"ada")]
        scope.pop("graph.head", None)
        head_of(scope)
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    known = _Counting()
    monkeypatch.setattr(BoundedProtocol, "known_heads", known)
    await ask_three_times(app)

    assert known.found == 2
    assert [each["path"] for each in seen] == ["/a b"] * 3
    assert all("mine" not in each and "secret" not in {*each["asgi"], *each["state"]} for each in seen)
    assert {head_of({"headers": each["headers"]})[b"dnt"] for each in seen} == {(b"1", b"2")}
    assert {head_of(each)[b"dnt"] for each in seen} == {(b"1", b"2")}


async def test_what_follows_from_a_head_is_found_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[tuple[object, object]] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        found.append((head_of(scope), terms_of(scope)))
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    monkeypatch.setattr(BoundedProtocol, "known_heads", KnownHeads())
    await ask_three_times(app)

    (parsed, *_), (known, terms), again = found
    assert known == parsed
    assert again[0] is known
    assert again[1] is terms


def said(head: bytes) -> dict[str, object]:
    lines = head.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]
    pairs = [line.partition(b": ") for line in lines]
    return {"query_string": b"", "headers": tuple((name.lower(), value) for name, _, value in pairs)}


@pytest.mark.parametrize(
    "header",
    [
        b"Authorization: Bearer secret",
        b"Cookie: session=secret",
        b"X-API-Key: secret",
        b"x-request-id: 1",
        b"traceparent: 00-1-1-00",
        b"expect: 100-continue",
        b"user-agent: " + b"x" * 1_000,
    ],
)
def test_neither_secrets_nor_what_never_comes_again_is_kept(header: bytes) -> None:
    heads = KnownHeads()
    request = post(b"one", header)
    heads.keep(request, said(request))
    heads.keep(post(b"one"), {**said(post(b"one")), "query_string": b"token=secret"})

    assert len(heads) == 0


def test_what_is_kept_is_bounded() -> None:
    heads = KnownHeads()
    for number in range(1_000):
        request = post(b"", b"user-agent: %d" % number)
        heads.keep(request, said(request))
        assert heads.find(request) is not None
        assert len(heads) <= 256
