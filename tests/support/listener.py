"""A partner's own server, which notes what is posted to it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from support.patience import until
from support.servers import serving


@dataclass(frozen=True)
class Posted:
    """`headers` are named in lower case."""

    headers: dict[str, str]
    body: bytes


@dataclass
class Listener:
    """`statuses` are answered first, one after the other; then 200."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    posted: list[Posted] = field(default_factory=list)

    async def until(self, count: int) -> list[Posted]:
        """Wait until this many messages have come."""
        await until(lambda: len(self.posted) >= count)
        return self.posted


@asynccontextmanager
async def listening() -> AsyncGenerator[Listener]:
    listener = Listener()

    async def take(request: Request) -> Response:
        listener.posted.append(Posted(dict(request.headers), await request.body()))
        return Response(status_code=listener.statuses.pop(0) if listener.statuses else 200)

    async with serving(Starlette(routes=[Route("/hook", take, methods=["POST"])])) as url:
        listener.url = f"{url}/hook"
        yield listener
