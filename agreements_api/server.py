"""Runs the server in this process: one listening socket, signals that end it in good order."""

import asyncio
import contextlib
import ipaddress
import signal
import socket
from collections.abc import Callable, Generator

import uvicorn
from starlette.applications import Starlette

from agreements_api.errors import StartupError
from agreements_api.settings import Settings


class _Server(uvicorn.Server):
    """Leaves signals to us: uvicorn would raise them again at its end, as a traceback."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


def listen(host: str, port: int) -> socket.socket:
    """Open the socket first, so that a taken port is told before anything is started.

    Raises:
        StartupError: The address is not of this machine alone, or cannot be listened on.
    """
    if not _is_loopback(host):
        raise StartupError(
            f"The server answers this machine only, not {host}: it does not know its callers yet.",
            hint="Use 127.0.0.1, with a proxy that authenticates in front where others must reach it.",
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
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


async def run_server(app: Starlette, settings: Settings, listener: socket.socket) -> None:
    """Serve until SIGINT or SIGTERM; the app's lifespan is the caller's."""
    config = uvicorn.Config(
        app,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        timeout_graceful_shutdown=int(settings.shutdown_timeout.total_seconds()),
        ws_max_size=settings.max_body_bytes,
    )
    server = _Server(config)

    def stop() -> None:
        server.force_exit, server.should_exit = server.should_exit, True

    with on_signals(stop):
        await server.serve(sockets=[listener])


@contextlib.contextmanager
def on_signals(stop: Callable[[], None]) -> Generator[None]:
    """Call `stop` on each SIGINT and SIGTERM, in the running loop."""
    loop = asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, stop)
    try:
        yield
    finally:
        for each in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(each)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
