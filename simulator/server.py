"""Run the simulator as a process of its own."""

import signal
import socket
import sys
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from simulator.app import create_app
from simulator.default_partner import DefaultPartner
from simulator.settings import SimulatorSettings
from simulator.stage import Stage
from simulator.store import StoreMismatch


class _Protocol(HttpToolsProtocol):
    """Lets the application close its connection, which ASGI has no word for."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        state = self.scope.setdefault("state", {})
        state["close_connection"] = self.transport.close


class _Server(uvicorn.Server):
    """Tells where it listens, and lets go of calls that are never to be answered."""

    def __init__(self, config: uvicorn.Config, app: Starlette, announce: Callable[[str], None]) -> None:
        super().__init__(config)
        self._announce = announce
        self._stage: Stage = app.state.world

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if sockets and not self.should_exit:
            host, port = sockets[0].getsockname()[:2]
            self._announce(f"http://{host}:{port}")

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._stage.closing.set()
        await super().shutdown(sockets)


def serve(settings: SimulatorSettings, more: Callable[[DefaultPartner, str], None] | None = None) -> int:
    """Serve Partner Center, as `run` does, and tell what its first partner's software has to know.

    Args:
        settings: How the service is to be.
        more: Told of the partner and of the address where it is served.
    """
    if settings.partner is None:
        return run(settings.host, settings.port, lambda: create_app(settings))
    partner = DefaultPartner(settings.partner)

    def make_app() -> Starlette:
        app = create_app(settings)
        partner.make(app.state.world)
        return app

    def introduce(url: str) -> None:
        announce(url)
        say(f"{partner.name} is a partner here. What there is shows at {url}/")
        for name, value in partner.credentials().items():
            say(f"  {name + ':':<14} {value}")
        if more is not None:
            more(partner, url)

    return run(settings.host, settings.port, make_app, introduce)


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - for whoever started us


def announce(url: str) -> None:
    say(f"listening on {url}")


def run(
    host: str, port: int, make_app: Callable[[], Starlette], announce: Callable[[str], None] = announce
) -> int:
    """Serve until SIGINT or SIGTERM, and give the exit code of the process.

    Where the server listens goes to standard output in one line; why it cannot start, to standard error.
    """
    try:
        listener = _listen(host, port)
    except OSError as error:
        return _fail(f"cannot listen on {host}:{port}: {error.strerror}; choose another port with --port")
    return run_on(listener, make_app, announce)


def run_on(
    listener: socket.socket, make_app: Callable[[], Starlette], announce: Callable[[str], None] = announce
) -> int:
    """Serve as `run` does, on a socket that is bound already; it is closed at the end."""
    with listener:
        try:
            app = make_app()
        except StoreMismatch as error:
            return _fail(str(error))
        config = uvicorn.Config(
            app,
            http=_Protocol,
            log_level="warning",
            access_log=False,
            server_header=False,
            date_header=False,  # the gateway's, of the simulator's own clock
            timeout_graceful_shutdown=2,
        )
        previous = signal.signal(signal.SIGTERM, _exit)
        try:
            _Server(config, app, announce).run([listener])
        except (KeyboardInterrupt, SystemExit) as stop:
            return stop.code if isinstance(stop, SystemExit) and isinstance(stop.code, int) else 0
        finally:
            signal.signal(signal.SIGTERM, previous)
    return 0


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener


def _exit(_signum: int, _frame: FrameType | None) -> NoReturn:
    """Leave quietly: uvicorn raises the signal again once it has shut down."""
    raise SystemExit(0)


def _fail(message: str) -> int:
    print(f"simulator: {message}", file=sys.stderr)  # noqa: T201 - the process has nobody else to tell
    return 1
