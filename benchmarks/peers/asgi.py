"""Serves an application as quickly as uvicorn can, in a process of its own."""

import gc
import socket
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import uvicorn

BACKLOG = 2048


def serve(application: Callable[[], AbstractAsyncContextManager[Any]]) -> None:
    """Serve what `application` opens on a free port, and say on which, until the process is ended."""
    import uvloop  # noqa: PLC0415 -- does not exist on Windows, where nothing but our server is measured

    uvloop.run(_serve(application))


async def _serve(application: Callable[[], AbstractAsyncContextManager[Any]]) -> None:
    async with application() as app:
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen(BACKLOG)
        config = uvicorn.Config(
            app, http="httptools", ws="none", lifespan="off", log_level="warning", access_log=False
        )
        print(f"Serving http://127.0.0.1:{listener.getsockname()[1]}/graphql", flush=True)  # noqa: T201 -- for who started it
        _calm_the_collector()
        await uvicorn.Server(config).serve(sockets=[listener])


def _calm_the_collector() -> None:
    """Spare the garbage collector what lives as long as the process, as our own server does."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
