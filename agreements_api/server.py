"""Runs the server in this process: one listening socket, signals that end it in good order."""

import asyncio
import contextlib
import ipaddress
import signal
import socket
import sys
from collections.abc import Callable, Generator

import uvicorn
from starlette.types import ASGIApp

from agreements_api.collector import leave_out_what_is_there
from agreements_api.ending import Ending
from agreements_api.errors import InvalidSettings, StartupError
from agreements_api.http_protocol import BoundedProtocol
from agreements_api.settings import Settings
from agreements_api.signals import on_signals
from agreements_api.socket_protocol import BoundedSocket

BACKLOG = 2048
_STREAMS_SECONDS = 12.0
"""How long streams may take to end once they are told to."""
_SWITCH_SECONDS = 0.001
"""For which a thread that computes keeps Python's lock while the event loop, or another, waits for it."""


class _Server(uvicorn.Server):
    """Tells when it serves, and leaves signals to us: uvicorn would raise them again at its end."""

    def __init__(self, config: uvicorn.Config, started: Callable[[], None]) -> None:
        super().__init__(config)
        self._tell_started = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._tell_started()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


def listen(host: str, port: int) -> socket.socket:
    """Open the socket first, so that a taken port is told before anything is started.

    Whoever connects from now on waits until requests are served.

    Raises:
        InvalidSettings: The address is not of this machine alone.
        StartupError: It cannot be listened on.
    """
    if not _is_loopback(host):
        raise InvalidSettings(
            f"AGREEMENTS_HOST: the server answers this machine only, not {host}, since its callers have no"
            " identity yet.",
            hint="Use 127.0.0.1, with a proxy that authenticates in front where others must reach it.",
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise StartupError(
            f"Cannot listen on {host}:{port}: {error.strerror}.",
            hint="Choose another with --port or AGREEMENTS_PORT.",
        ) from error
    return listener


def url_of(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def run_server(
    app: ASGIApp,
    settings: Settings,
    listener: socket.socket,
    ending: Ending,
    *,
    started: Callable[[], None] = lambda: None,
) -> None:
    """Serve until SIGINT or SIGTERM; the app's lifespan is the caller's.

    After SIGTERM the process is unready at once, and goes on serving for `drain_delay`; then streams end,
    then what is under way. Whoever sits at the terminal need not wait for that: SIGINT leaves the delay
    out. A second signal ends it at once.

    Args:
        app: What is served.
        settings: How.
        listener: From `listen`.
        ending: Tells the app how far the end has come.
        started: Called once, when requests are answered and signals are heeded.
    """
    leave_out_what_is_there()
    sys.setswitchinterval(_SWITCH_SECONDS)
    _open_many_files()
    server = _Server(_config(app, settings), started)

    stopping = asyncio.Event()
    delays = [settings.drain_delay.total_seconds()]

    def stop(by: signal.Signals) -> None:
        if stopping.is_set():
            server.force_exit = server.should_exit = True
        if by is signal.SIGINT:
            delays.clear()
        stopping.set()

    async def end() -> None:
        await stopping.wait()
        ending.unready.begin()
        await asyncio.sleep(sum(delays))
        await ending.streams.finish(_STREAMS_SECONDS)
        server.should_exit = True

    with on_signals(stop):
        ender = asyncio.create_task(end(), name="end in good order")
        await server.serve(sockets=[listener])
        ender.cancel()


def _config(app: ASGIApp, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=BoundedProtocol,
        ws=BoundedSocket,
        interface="asgi3",  # uvicorn knows it by coroutine functions, and ours returns what another made
        lifespan="off",
        log_config=None,
        log_level="warning",  # that it starts and stops is told by us
        backlog=BACKLOG,
        access_log=False,
        proxy_headers=False,  # the app reads them where they matter
        server_header=False,
        date_header=True,
        timeout_graceful_shutdown=int(settings.shutdown_timeout.total_seconds()),
        ws_max_size=settings.max_body_bytes,
        ws_ping_interval=None,  # the sockets ping by themselves, and close with a code that clients know
    )


def _open_many_files() -> None:
    """Take as many connections as the machine lets this process, not as many as it is given at first."""
    try:
        import resource  # noqa: PLC0415  # does not exist on Windows
    except ImportError:
        return
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # some systems name a limit that they do not grant
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
