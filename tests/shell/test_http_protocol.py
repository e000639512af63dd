"""What a connection may ask of the server: it is read fairly, and whatever is malformed gets an answer."""

import asyncio
import gc
import json
import resource
import signal
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
import websockets
from starlette.types import Receive, Scope, Send
from support.program import Program, Running
from support.servers import serving
from support.wire import exchange

from agreements_api.fair_transport import FairTransport
from agreements_api.http_protocol import BoundedProtocol

HOST = b"host: localhost\r\n"
LIVE = b"GET /livez HTTP/1.1\r\n" + HOST + b"\r\n"
QUERY = b'{"query":"{ viewer { name } }"}'
VIEWER = b'{"data":{"viewer":{"name":"local"}}}'
SUBSCRIPTION = b'{"query":"subscription { agreementChanged { sequence } }"}'
KEYS = (
    b"connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n"
    b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
SPEAKS = b"sec-websocket-protocol: graphql-transport-ws\r\n"
FAIR_SECONDS = 0.25
"""For which nobody else may keep a request waiting; a busy machine gets time."""
TINY_CHUNKS_SECONDS = 1.0
"""Each chunk is an event of its own: 0.42 was seen, and 16 where reading was not fair."""


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with Program(tmp_path_factory.mktemp("protocol")).serve("--no-jobs") as running:
        yield running


def post(body: bytes, *headers: bytes, length: int | None = None) -> bytes:
    lines = [b"content-type: application/json", *headers]
    if b"transfer-encoding: chunked" not in headers:
        lines.append(b"content-length: %d" % (len(body) if length is None else length))
    return b"POST /graphql HTTP/1.1\r\n" + HOST + b"\r\n".join(lines) + b"\r\n\r\n" + body


def chunked(body: bytes, *headers: bytes) -> bytes:
    return post(body, b"transfer-encoding: chunked", *headers)


def opening(*headers: bytes, url: bytes = b"/graphql", method: bytes = b"GET") -> bytes:
    return method + b" " + url + b" HTTP/1.1\r\n" + HOST + b"".join(headers) + KEYS + SPEAKS + b"\r\n"


def frame(kind: int, data: bytes = b"", *, fin: bool = True) -> bytes:
    """As a client sends it, up to 125 bytes: masked, with zeros."""
    return bytes([(0x80 if fin else 0) | kind, 0x80 | len(data)]) + bytes(4) + data


@asynccontextmanager
async def connected(peer: Running) -> AsyncGenerator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    host, port = peer.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def all_of(peer: Running, sent: bytes, *, seconds: float = 8.0) -> bytes:
    """What comes until the server closes."""
    async with connected(peer) as (reader, writer), asyncio.timeout(seconds):
        writer.write(sent)
        return await reader.read()


async def flood(writer: asyncio.StreamWriter, sent: bytes) -> None:
    while True:
        writer.write(sent)
        await writer.drain()


async def delays_while(peer: Running, sent: bytes) -> list[float]:
    """What others wait for their answers while a connection sends as much as is taken of it, for a while."""
    delays: list[float] = []
    async with connected(peer) as (reader, writer):
        flooding = asyncio.create_task(flood(writer, sent))
        swallowing = asyncio.create_task(reader.read())
        end = time.monotonic() + 0.6
        while time.monotonic() < end:
            delays.append((await exchange(peer.url, LIVE)).seconds)
        flooding.cancel()
        swallowing.cancel()
        await asyncio.gather(flooding, swallowing, return_exceptions=True)
    return delays


def memory(peer: Running) -> int:
    with open(f"/proc/{peer.process.pid}/statm") as told:  # noqa: PTH123  # no file
        return int(told.read().split()[1]) * resource.getpagesize()


async def test_requests_sent_ahead_are_all_answered_in_their_order(peer: Running) -> None:
    asked = [
        b"GET /nowhere/%d HTTP/1.1\r\n" % n + HOST + b"x-request-id: n%d\r\n\r\n" % n for n in range(500)
    ]

    told = await all_of(peer, b"".join(asked) + LIVE.replace(HOST, HOST + b"connection: close\r\n"))

    ids = [part.split(b"\r\n")[0] for part in told.split(b"x-request-id: ")[1:]]
    assert ids[:500] == [b"n%d" % n for n in range(500)]
    assert told.count(b"HTTP/1.1 404") == 500
    assert told.count(b"HTTP/1.1 200") == 1


async def test_requests_sent_ahead_wait_outside_while_one_is_answered(peer: Running) -> None:
    """The first never ends, and has a body that is read: nothing after it may be taken meanwhile."""
    before = memory(peer)
    async with connected(peer) as (reader, writer):
        writer.write(post(SUBSCRIPTION, b"accept: text/event-stream"))
        await reader.readuntil(b"\r\n\r\n")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(flood(writer, LIVE * 500), 0.8)

    assert memory(peer) - before < 8_000_000


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(chunked(b"zz\r\n"), id="a chunk size that is none"),
        pytest.param(chunked(b"2\r\n{}XX"), id="a chunk without an end"),
        pytest.param(chunked(b"2\r\n{}\r\n0\r\nno trailer\r\n\r\n"), id="a trailer that is none"),
        pytest.param(chunked(b"fffffffffffffffffff\r\n"), id="a chunk too long to be"),
    ],
)
async def test_a_malformed_body_gets_a_coded_answer(peer: Running, sent: bytes) -> None:
    told = await all_of(peer, sent)

    head, _, body = told.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert json.loads(body)["errors"][0]["extensions"]["code"] == "BAD_REQUEST"


async def test_a_malformed_body_behind_other_requests_is_answered_after_them(peer: Running) -> None:
    told = await all_of(peer, post(QUERY) + LIVE + chunked(b"zz\r\n"))

    assert [part[:3] for part in told.split(b"HTTP/1.1 ")[1:]] == [b"200", b"200", b"400"]
    assert told.endswith(b"}]}")


@pytest.mark.parametrize("rest", [b"GARBAGE\r\n\r\n", b"}}}}", b"\x00\x01", b"GET / HTTP/9\r\n\r\n"])
async def test_garbage_behind_a_request_does_not_cost_its_answer(peer: Running, rest: bytes) -> None:
    told = await all_of(peer, post(QUERY) + rest)

    assert told.startswith(b"HTTP/1.1 200 ")
    assert told.endswith(VIEWER)


async def test_trailers_are_no_headers(peer: Running) -> None:
    size = b"%x\r\n" % len(QUERY)
    sent = chunked(size + QUERY + b"\r\n0\r\nx-request-id: of-the-trailer\r\nhost: evil.example\r\n\r\n")

    answer = await exchange(peer.url, sent)

    assert (answer.status, answer.body) == (200, VIEWER)
    assert answer.headers["x-request-id"] != "of-the-trailer"


async def test_trailers_without_end_are_refused(peer: Running) -> None:
    answer = await exchange(peer.url, chunked(b"2\r\n{}\r\n0\r\nx: " + b"a" * 200_000))

    assert answer.status in {400, 431}


async def test_an_upgrade_to_another_protocol_is_passed_over(peer: Running) -> None:
    upgrade = (b"connection: Upgrade, HTTP2-Settings", b"upgrade: h2c", b"http2-settings: AAMAAABk")
    size = b"%x\r\n" % len(QUERY)
    last = LIVE.replace(HOST, HOST + b"connection: close\r\n")

    for sent in (post(QUERY, *upgrade), chunked(size + QUERY + b"\r\n0\r\n\r\n", *upgrade)):
        told = await all_of(peer, sent + last)

        assert told.count(b"HTTP/1.1 200 ") == told.count(b"HTTP/1.1 ") == 2
        assert VIEWER + b"HTTP/1.1 " in told
        assert told.endswith(b'{"status":"ok"}')


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (opening(b"content-length: 5\r\n") + b"hello", 400, "BAD_REQUEST"),
        (opening(b"transfer-encoding: chunked\r\n") + b"0\r\n\r\n", 400, "BAD_REQUEST"),
        (opening(*(b"x-%d: 1\r\n" % n for n in range(200))), 431, "HEADERS_TOO_LARGE"),
        (opening(b"x: " + b"a" * 9_000 + b"\r\n"), 431, "HEADERS_TOO_LARGE"),
        (opening(url=b"/graphql?" + b"a" * 9_000), 414, "URL_TOO_LONG"),
        (opening(url=b"/graphql\xff"), 400, "BAD_REQUEST"),
        (opening(method=b"POST"), 405, "METHOD_NOT_ALLOWED"),
        (opening().replace(b"version: 13", b"version: 8"), 400, "BAD_REQUEST"),
    ],
    ids=["a body", "chunks", "many headers", "a long header", "a long URL", "no ASCII", "POST", "a version"],
)
async def test_a_handshake_that_opens_nothing_gets_a_coded_answer(
    peer: Running, sent: bytes, status: int, code: str
) -> None:
    answer = await exchange(peer.url, sent)

    assert answer.status == status
    assert json.loads(answer.body)["errors"][0]["extensions"]["code"] == code


async def test_what_comes_with_the_handshake_waits_until_it_is_answered(peer: Running) -> None:
    async with connected(peer) as (reader, writer), asyncio.timeout(5):
        writer.write(opening() + frame(1, b'{"type":"connection_init"}') + frame(9, b"early"))

        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
        said = await reader.readuntil(b'{"type":"connection_ack"}')

    assert b"early" in said


async def test_tiny_chunks_keep_nobody_waiting(peer: Running) -> None:
    tiny = b"1\r\nx\r\n" * 40_000

    delays = await delays_while(
        peer, b"GET /livez HTTP/1.1\r\n" + HOST + b"transfer-encoding: chunked\r\n\r\n" + tiny
    )

    assert max(delays) < TINY_CHUNKS_SECONDS


async def test_many_requests_at_once_keep_nobody_waiting(peer: Running) -> None:
    assert max(await delays_while(peer, LIVE * 5_000)) < FAIR_SECONDS


@pytest.mark.parametrize("kind", [0, 9, 10], ids=["parts", "pings", "pongs"])
async def test_frames_that_are_no_messages_close_the_socket_when_there_are_too_many(
    peer: Running, kind: int
) -> None:
    async with connected(peer) as (reader, writer), asyncio.timeout(5):
        writer.write(opening())
        await reader.readuntil(b"\r\n\r\n")
        writer.write(frame(1, b"{", fin=False) + frame(kind, fin=kind != 0) * 1_500)
        await asyncio.sleep(0.1)
        assert (await exchange(peer.url, LIVE)).status == 200
        writer.write(frame(kind, fin=kind != 0) * 1_500)
        said = await reader.read()

    assert (4420).to_bytes(2) + b"Too many frames" in said


async def test_messages_in_many_parts_and_of_many_bytes_are_taken(peer: Running) -> None:
    address = f"{peer.url.replace('http', 'ws', 1)}/graphql"
    protocol = websockets.Subprotocol("graphql-transport-ws")
    text = json.dumps({"type": "ping", "payload": {"a": "x" * 200_000}})
    async with websockets.connect(address, subprotocols=[protocol], proxy=None, max_size=None) as socket:
        await socket.send('{"type": "connection_init"}')
        assert json.loads(await socket.recv())["type"] == "connection_ack"
        for message in (text, [text[n : n + 500] for n in range(0, len(text), 500)]):
            await socket.send(message)
            assert json.loads(await socket.recv()) == {"type": "pong", "payload": {"a": "x" * 200_000}}


async def test_who_still_sends_gets_to_read_the_answer_and_is_then_left(peer: Running) -> None:
    """The answer says that the connection ends, long before the body does."""
    began = time.monotonic()
    async with connected(peer) as (reader, writer), asyncio.timeout(15):
        writer.write(post(b"x" * 1_000, length=10_000_000))
        for _ in range(20):
            writer.write(b"x" * 50_000)
            await asyncio.sleep(0.01)
        answer = await reader.readuntil(b"\r\n\r\n")
        dripping = asyncio.create_task(drip(writer))
        await reader.read()
        await dripping

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert time.monotonic() - began < 10


async def drip(writer: asyncio.StreamWriter) -> None:
    try:
        while not writer.is_closing():
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.05)
    except ConnectionError:
        pass


async def test_a_connection_that_is_lost_is_let_go_at_once() -> None:
    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        pytest.fail("No request was whole.")

    async with serving(app, http=BoundedProtocol, lifespan="off") as url:
        for _ in range(3):
            answer = await exchange(url, b"GET / HTTP/9\r\n" + HOST + b"\r\n")
            assert answer.status == 400
        await asyncio.sleep(0.2)
        gc.collect()
        held = [each for each in gc.get_objects() if isinstance(each, FairTransport)]

    assert held == []


async def test_an_application_learns_that_the_client_is_gone_though_more_was_sent_ahead() -> None:
    gone = asyncio.Event()

    async def tell(send: Send) -> None:
        while True:
            await send({"type": "http.response.body", "body": b"x", "more_body": True})
            await asyncio.sleep(0.01)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        telling = asyncio.create_task(tell(send))
        while (await receive())["type"] != "http.disconnect":
            pass
        telling.cancel()
        gone.set()

    async with serving(app, http=BoundedProtocol, lifespan="off") as url:
        host, port = url.removeprefix("http://").split(":")
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(LIVE + LIVE)
        await asyncio.sleep(0.05)
        writer.transport.abort()
        async with asyncio.timeout(2):
            await gone.wait()


async def test_an_application_that_does_not_answer_a_handshake_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gone = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive())["type"] != "websocket.disconnect":
            pass
        gone.set()

    monkeypatch.setattr("agreements_api.socket_protocol.HANDSHAKE_SECONDS", 0.1)
    async with serving(app, http=BoundedProtocol, lifespan="off") as url:
        answer = await exchange(url, opening())
        async with asyncio.timeout(2):
            await gone.wait()

    assert answer.status == 408


def test_as_many_connections_are_taken_as_the_machine_lets(peer: Running) -> None:
    _, most = resource.prlimit(peer.process.pid, resource.RLIMIT_NOFILE)

    assert resource.prlimit(peer.process.pid, resource.RLIMIT_NOFILE) == (most, most)


async def test_the_server_ends_in_good_order_whatever_its_clients_do(peer: Running) -> None:
    """The last of the file, since nothing can be asked after it."""
    beginnings = [
        opening(b"x: " + b"a" * 9_000 + b"\r\n"),
        opening() + frame(8),
        opening() + frame(9) * 3_000,
        LIVE[:20],
        LIVE.replace(HOST, HOST + b"content-length: 100000\r\n") + b"x",
        chunked(b"zz\r\n"),
    ]
    async with AsyncExitStack() as opened:
        for sent in beginnings:
            _, writer = await opened.enter_async_context(connected(peer))
            writer.write(sent)
        await asyncio.sleep(0.2)
        code = await asyncio.to_thread(peer.stop, signal.SIGTERM)

    assert code == 0
    assert "Traceback" not in peer.output
