"""Runs an ASGI application on a free port of this machine, as a browser or a client meets it."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from starlette.types import ASGIApp


@asynccontextmanager
async def serving(app: ASGIApp, **options: Any) -> AsyncGenerator[str]:
    """Yield the base URL; lifespan included, shut down properly at the end; options are uvicorn's."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        usual: dict[str, Any] = {
            "log_config": None,
            "interface": "asgi3",
            "lifespan": "on",
            "timeout_graceful_shutdown": 5,
        }
        server = uvicorn.Server(uvicorn.Config(app, **(usual | options)))
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            while not server.started:
                assert not task.done(), task.result()
                await asyncio.sleep(0.01)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await task
