"""Starts the simulator beside the server, and tells when it is gone."""

import asyncio
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from agreements_api.demo.folder import BEGIN_ANEW, DemoFolder
from agreements_api.errors import StartupError

USUAL_PORT = 8700
_START_SECONDS = 30
_STOP_SECONDS = 10


@dataclass(frozen=True)
class Child:
    """A simulator that is starting or running. `port` is its own, at 127.0.0.1."""

    port: int
    process: Process

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def ready(self) -> None:
        """Wait until it listens.

        Raises:
            StartupError: It has ended, or does not come up; it has said why on standard error.
        """
        assert self.process.stdout is not None  # noqa: S101 -- it was asked for
        try:
            async with asyncio.timeout(_START_SECONDS):
                line = await self.process.stdout.readline()
        except TimeoutError:
            line = b""
        if not line.startswith(b"listening on "):
            raise StartupError("The Partner Center simulator did not start.", hint=BEGIN_ANEW)

    async def tell_when_gone(self, say: Callable[[str], None]) -> None:
        """Wait for its end, which nobody asked for, and say so."""
        code = await self.process.wait()
        say(
            f"The Partner Center simulator has ended (exit code {code}): until the demo is started again,"
            " everything that needs Partner Center waits or fails."
        )


@asynccontextmanager
async def simulator(folder: DemoFolder, say: Callable[[str], None]) -> AsyncGenerator[Child]:
    """Start it where it listened last time, or say where else if that port is taken; end it with the block.

    It is not waited for: much can be done before it is needed. A session of its own keeps Ctrl-C from it,
    so that calls under way can finish first.
    """
    wanted = folder.simulator_port or USUAL_PORT
    with _listener(wanted) as listener:
        port = listener.getsockname()[1]
        process = await _started(listener, port, folder.simulator_store)
    if port != wanted:
        say(f"The Partner Center simulator's port {wanted} is taken: it has {port} from now on.")
    try:
        yield Child(port, process)
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


async def _started(listener: socket.socket, port: int, store: Path) -> Process:
    """Hand the socket on, so that nobody takes the port before the simulator serves on it."""
    handed_on = [listener.fileno()] if sys.platform != "win32" else []
    if not handed_on:
        listener.close()  # Windows hands on no descriptors
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "agreements_api.demo.simulator", str(port), str(store), *map(str, handed_on),
        stdin=PIPE, stdout=PIPE, start_new_session=True, pass_fds=handed_on,
    )  # fmt: skip


def _listener(wanted: int) -> socket.socket:
    """Listen on the port wanted, or on any; whoever asks for the same one finds it taken."""
    for port in (wanted, 0):
        listener = socket.socket()
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", port))
            listener.listen()
        except OSError:
            listener.close()
        else:
            return listener
    raise StartupError("No port is free for the Partner Center simulator.")
