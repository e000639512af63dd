"""The library's endpoint in an app of its own, asked without a network."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route
from starlette.types import ASGIApp, Scope
from support.library.engines import ENGINE, Library
from support.library.schema import Context

from graph.guards import Doorman, RequestIds, request_id
from graph.head import head_of, text_of
from graph.http import GraphQLEndpoint, HTTPBounds


def an_app(library: Library, **options: Any) -> Starlette:
    """The endpoint behind the guards; options are the endpoint's."""

    async def make_context(scope: Scope, _params: Mapping[str, object]) -> Context:
        if text_of(head_of(scope), b"authorization") == "broken":
            raise RuntimeError("no context")
        context = library.context()
        context.request_id = request_id(scope)
        return context

    engine = options.pop("engine", None) or ENGINE()
    endpoint = GraphQLEndpoint(
        engine, make_context, **{"bounds": HTTPBounds(body_bytes=10_000, read_seconds=0.5), **options}
    )
    return Starlette(
        routes=[Route("/graphql", endpoint)],
        middleware=[
            Middleware(RequestIds),
            Middleware(Doorman, hosts=["api.test", "127.0.0.1"], origins=["https://portal.example.com"]),
        ],
    )


@asynccontextmanager
async def asking(app: ASGIApp) -> AsyncGenerator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://api.test") as opened:
        yield opened
