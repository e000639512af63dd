"""HTTP/1.1 as uvicorn speaks it, within bounds; what is no HTTP, or exceeds them, gets a coded error."""

import asyncio
from collections import deque
from functools import lru_cache
from typing import Any, ClassVar
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from agreements_api.answering import Cycle
from agreements_api.fair_transport import FairlyRead
from agreements_api.known_heads import KnownHead, KnownHeads
from agreements_api.patience import Patience, PatientFlow
from agreements_api.socket_protocol import BoundedSocket
from agreements_api.turning_away import BAD_BODY, NO_HTTP, TOO_LATE, Refusal, refuse_handshake
from graph import Code
from graph.guards import PROMISE
from graph.wire.answers import WHOLE
from graph.wire.bodies import AT_ONCE
from graph.wire.waiting import LEAVING

URL_BYTES = 64 * 1024
HEAD_BYTES = 64 * 1024
"""Of all headers together."""
HEAD_SECONDS = 20.0
"""Until the head of a request must have come, from its first byte; the first, from the connection."""
_SHORT_URL_BYTES = 100
_LONG_URL = Refusal(414, Code.URL_TOO_LONG, f"A URL has at most {URL_BYTES} bytes: use POST.")
_LONG_HEAD = Refusal(431, Code.HEADERS_TOO_LARGE, f"Headers have at most {HEAD_BYTES} bytes.")


class _Refused(Exception):
    """Stops the parser, in one of its callbacks."""


class BoundedProtocol(FairlyRead, HttpToolsProtocol):  # pyright: ignore[reportIncompatibleVariableOverride]  # it is told of no other transport
    """Refuses a head that is too long, or takes too long, before the application hears of it."""

    app: Any
    cycle: Any  # our own, and none after the connection is lost
    known_heads: ClassVar = KnownHeads()  # whoever sends them
    pipeline: deque[tuple[Cycle, Any]]  # pyright: ignore[reportIncompatibleVariableOverride]  # as above

    def __init__(self, *given: Any, **options: Any) -> None:  # noqa: ANN401  # uvicorn's signature
        super().__init__(*given, **options)
        self._head_bytes = 0
        self._unfinished = 0
        self._head_is_open = self._is_between = True
        self._answering: Cycle | None = None
        self._idle_since: float | None = None
        self._refusal = NO_HTTP
        self._said: dict[str, Any] = {}
        self._place: dict[str, Any] = {}
        self._patience = Patience(self.loop, HEAD_SECONDS, self._give_up)

    # The connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.flow = PatientFlow(self.transport, self.pipeline)
        self._place = {
            "server": self.server,
            "client": self.client,
            "scheme": self.scheme,
            "root_path": self.root_path,
        }
        self._patience.begin()

    def connection_lost(self, exc: Exception | None) -> None:
        self._patience.end()
        self._unset_keepalive_if_required()
        self.pipeline.clear()
        self.cycle = None  # whoever waits is told by us
        super().connection_lost(exc)
        if self._answering is not None:
            self._answering.hang_up()

    def shutdown(self) -> None:
        if self.transport.is_closing():
            self.transport.close_at_once()
        else:
            super().shutdown()

    def take(self, data: bytes) -> None:
        if self._is_between and (known := self.known_heads.find(data)) is not None:
            self._take_at_once(known, data)
        else:
            self._parse(data)

    def _take_at_once(self, known: KnownHead, data: bytes) -> None:
        """Take up a request that is all of the data, and leave everything as the parser would."""
        self._patience.end()
        self._idle_since = None
        self._unfinished = len(data)
        self._head_is_open = False
        self._take_up(known.said).have_all(data[len(data) - known.body_bytes :])

    def _parse(self, data: bytes) -> None:
        begins, before = self._is_between, self.cycle
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            self._turn_away(self._refusal)
        else:
            # A header counts where it ends: one that does not end is held by the parser, however long it is.
            self._unfinished += len(data)
            if self._head_is_open and not self._patience.lasts:
                self._patience.begin()  # a head that came at once needs none
            if self._unfinished > URL_BYTES + HEAD_BYTES:
                self._turn_away(_LONG_HEAD)
            elif begins and self._is_between and self.cycle is not before:  # a request, to its end
                self.known_heads.keep(data, self._said)

    # The parser's callbacks

    def on_message_begin(self) -> None:
        self.url, self.headers, self.expect_100_continue = b"", [], False
        self._idle_since = None
        self._head_bytes = self._unfinished = 0
        self._head_is_open = self.transport.lingers = True
        self._is_between = False
        self._patience.end()

    def on_url(self, url: bytes) -> None:
        self.url += url
        if len(self.url) > URL_BYTES:
            self._refuse(_LONG_URL)

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._head_is_open:
            return  # what comes after the body is no part of the head
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))
        self._head_bytes += len(name) + len(value)
        if self._head_bytes > HEAD_BYTES:
            self._refuse(_LONG_HEAD)

    def on_headers_complete(self) -> None:
        self._patience.end()
        method, version = self.parser.get_method(), self.parser.get_http_version()
        connects = method == b"CONNECT"
        if self.parser.should_upgrade() and not connects:
            return  # `take` goes on
        path, raw_path, query = _target(self.url)
        self._said = {
            "type": "http",
            "http_version": version,
            "method": method.decode("ascii"),
            "path": path,
            "raw_path": raw_path,
            "query_string": query,
            "headers": tuple(self.headers),
        }
        is_lasting = version != "1.0" and not connects
        cycle = self._take_up(self._said)
        cycle.keep_alive = is_lasting and self.parser.should_keep_alive()
        cycle.expects_continue = self.expect_100_continue and version != "1.0"
        self._head_is_open = False

    def on_body(self, body: bytes) -> None:
        self._unfinished = 0
        cycle = self.cycle
        if self._head_is_open or cycle.response_complete:
            return  # nobody reads it
        cycle.body += body
        if len(cycle.body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        cycle.wake()

    def on_message_complete(self) -> None:
        if self._head_is_open:
            return  # to be upgraded
        self._unfinished = 0
        self.transport.lingers = False
        self._is_between = self.cycle.keep_alive
        if not self.cycle.response_complete:
            self.cycle.more_body = False
            self.cycle.wake()

    # Requests in their turn

    def _take_up(self, said: dict[str, Any]) -> Cycle:
        """Have the request that has begun answered in its turn, which is not before the caller is done."""
        scope: Any = said.copy()
        scope |= self._place
        scope["asgi"] = {"version": self.asgi_version, "spec_version": "2.3"}
        scope["state"] = self.app_state.copy()
        self.cycle = cycle = Cycle(
            scope,
            self.transport,
            self.flow,
            self.server_state.default_headers,
            self.logger,
            self.on_response_complete,
        )
        scope["extensions"] = {
            AT_ONCE: cycle.body_at_once,
            LEAVING: cycle.tell_of_leaving,
            PROMISE: cycle.promise,
            WHOLE: True,
        }
        if self._is_busy():
            self.flow.pause_reading()
            self.pipeline.appendleft((cycle, self.app))
        else:
            self._answer(cycle, self.app)
        return cycle

    def _answer(self, cycle: Cycle, app: Any) -> None:  # noqa: ANN401  # as ASGI has it
        self._answering = cycle
        task = self.loop.create_task(cycle.run(app))
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)

    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        if self.flow.read_paused:
            self.flow.resume_reading()
        if self.pipeline:
            self._answer(*self.pipeline.pop())
        else:
            self._idle_since = self.loop.time()
            if self.timeout_keep_alive_task is None:
                self._look_again_in(self.timeout_keep_alive)

    def timeout_keep_alive_handler(self) -> None:
        """Close what has been idle for long; looked at now and then, since a timer a request costs more."""
        self.timeout_keep_alive_task = None
        if self._idle_since is None:
            return
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._look_again_in(left)
        else:
            self.transport.lingers = False  # whoever was to read an answer has had the time
            super().timeout_keep_alive_handler()

    def _look_again_in(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def _is_busy(self) -> bool:
        return self._answering is not None and not self._answering.response_complete

    # What is no request, or none of HTTP

    def _upgrade(self, rest: bytes) -> None:
        if self.parser.get_method() == b"CONNECT":
            self.transport.deafen()
        elif self._get_upgrade() != b"websocket":
            self._serve_as_it_is(rest)
        elif self._is_busy():
            self._turn_away(NO_HTTP)
        elif refusal := refuse_handshake(head := self._head()):
            self._turn_away(refusal)
        else:
            self.connections.discard(self)
            self._unset_keepalive_if_required()
            socket = BoundedSocket(self.config, self.server_state, self.app_state)
            socket.open(self.transport, head, rest)

    def _serve_as_it_is(self, rest: bytes) -> None:
        """Pass over a protocol that we do not speak: the parser has no way to, so it reads the head again."""
        self.headers = [header for header in self.headers if header[0] != b"upgrade"]
        head = self._head()
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self.take(head + rest)

    def _head(self) -> bytes:
        version = self.parser.get_http_version().encode()
        lines = b"".join(name + b": " + value + b"\r\n" for name, value in self.headers)
        return self.parser.get_method() + b" " + self.url + b" HTTP/" + version + b"\r\n" + lines + b"\r\n"

    def _turn_away(self, refusal: Refusal) -> None:
        """Answer what is not taken, after all that was; nothing is read after it."""
        self._patience.end()
        self.transport.deafen()
        self.transport.lingers = True
        if self._head_is_open or not self.cycle.more_body:
            self._end_with(refusal)
        else:
            self._end_in_body(refusal if refusal is not NO_HTTP else BAD_BODY)

    def _end_with(self, refusal: Refusal) -> None:
        if self._is_busy():
            self.cycle.keep_alive = False  # the answers to what came before tell of nothing else
        else:
            self.transport.write(refusal.answer())
            self.transport.close()

    def _end_in_body(self, refusal: Refusal) -> None:
        cycle = self.cycle
        if cycle is not self._answering:
            self.pipeline[0] = (cycle, refusal)  # uvicorn takes from the other end
            cycle.keep_alive = False
            return
        begun = cycle.begun
        cycle.hang_up()
        if not begun:
            self.transport.write(refusal.answer())
        self.transport.close()

    def _refuse(self, refusal: Refusal) -> None:
        self._refusal = refusal
        raise _Refused(refusal.message)

    def _give_up(self) -> None:
        if not self.transport.is_closing():
            self._turn_away(TOO_LATE)


@lru_cache(64)
def _parsed(url: bytes) -> tuple[str, bytes, bytes]:
    found = httptools.parse_url(url)
    path = found.path.decode("ascii")
    return unquote(path) if "%" in path else path, found.path, found.query or b""


def _target(url: bytes) -> tuple[str, bytes, bytes]:
    """The path, the same as it was sent, and the query of a URL; what is not short is not kept."""
    return _parsed(url) if len(url) <= _SHORT_URL_BYTES else _parsed.__wrapped__(url)
