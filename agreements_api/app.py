"""The web application: routes over what is open, and the guards in front of them."""

import asyncio
from collections.abc import Awaitable
from http import HTTPStatus
from typing import Any, cast

from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from agreements_api.document_routes import document_routes
from agreements_api.graphiql import graphiql_page, graphiql_routes
from agreements_api.graphql import GraphQL, make_engine
from agreements_api.headers import SAFE_HEADERS
from agreements_api.logs import RequestLog, log_request
from agreements_api.provider_routes import provider_routes
from agreements_api.services import Services
from agreements_api.settings import Settings
from graph import Code, Engine
from graph.guards import REQUEST_ID_HEADER, Doorman, RequestIds, refusal

API_PATH = "/graphql"
READY_SECONDS = 2.0
"""How long the database may take to answer before this process calls itself unready."""


def make_app(services: Services, engine: Engine | None = None) -> ASGIApp:
    """Make the application over what is open already; closing that is left to the caller.

    Args:
        services: What is open.
        engine: Runs the operations; made from the settings if none is given.

    Raises:
        InvalidSettings: None is given, and the manifest of trusted documents cannot be used.
    """
    graphql = GraphQL(services, engine or make_engine(services.settings))
    shown: ASGIApp = _PageForBrowsers(graphql.http) if services.settings.graphiql else graphql.http
    # A class instance, unlike a function, is given every method: the endpoint answers for itself.
    of_api = [WebSocketRoute(API_PATH, graphql.sockets), Route(API_PATH, shown)]
    others = Starlette(routes=[*_routes(services), *of_api], exception_handlers=_ERRORS)
    # A proxy in front says under which scheme it was asked: redirects name that.
    behind_proxies = cast("ASGIApp", ProxyHeadersMiddleware(cast("Any", others)))
    return _guarded(_Straight(graphql.http, behind_proxies), services.settings)


def _routes(services: Services) -> list[BaseRoute]:
    health = _Health(services)
    found: list[BaseRoute] = [
        Route("/livez", health.live),
        Route("/readyz", health.ready),
        *provider_routes(services),
        *document_routes(services),
    ]
    if services.settings.graphiql:
        found += [Route("/", _to_graphiql), *graphiql_routes()]
    return found


def _guarded(app: ASGIApp, settings: Settings) -> ASGIApp:
    """Put the guards in front; around everything, so that they see the answer to a fault, too."""
    if settings.allowed_origins:
        app = _Cors(
            app,
            allow_origins=settings.allowed_origins,
            allow_methods=("GET", "POST"),
            allow_headers=("*",),
            expose_headers=(REQUEST_ID_HEADER,),
        )
    app = Doorman(app, hosts=settings.allowed_hosts, origins=settings.allowed_origins)
    if settings.log_level == "debug":
        app = RequestLog(app)
    return RequestIds(app, bind=log_request, headers=SAFE_HEADERS)


class _Straight:
    """Takes what is posted to the API to it, past the router, and everything else to the routes.

    What a router brings is of no use there, and would cost as much as a short query.
    """

    def __init__(self, api: ASGIApp, others: ASGIApp) -> None:
        self._api, self._others = api, others

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        to_api = scope["type"] == "http" and scope["method"] == "POST" and scope["path"] == API_PATH
        return (self._api if to_api else self._others)(scope, receive, send)


class _Cors(CORSMiddleware):
    """Starlette's, but for preflights that are turned away: they are told so as everybody is."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        asks = scope["type"] == "http" and scope["method"] == "OPTIONS"
        if asks and "access-control-request-method" in headers and "origin" in headers:
            answer = self.preflight_response(headers)
            if answer.status_code != HTTPStatus.OK:
                message = "Pages of other origins may not call in this way."
                answer = refusal(scope, answer.status_code, Code.ORIGIN_NOT_ALLOWED, message)
            return await answer(scope, receive, send)
        return await super().__call__(scope, receive, send)


class _PageForBrowsers:
    """Shows GraphiQL to a person who opens the endpoint in a browser; programs get the endpoint itself."""

    def __init__(self, endpoint: ASGIApp) -> None:
        self._endpoint = endpoint

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["method"] in {"GET", "HEAD"} and "text/html" in Headers(scope=scope).get("accept", ""):
            return self._show(scope, receive, send)
        return self._endpoint(scope, receive, send)

    async def _show(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await graphiql_page(Request(scope, receive))
        response.headers["vary"] = "accept"
        await response(scope, receive, send)


class _Health:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._asking: asyncio.Task[bool] | None = None

    async def live(self, _request: Request) -> Response:
        """Answer as long as the process does; nothing else is asked."""
        return JSONResponse({"status": "ok"})

    async def ready(self, _request: Request) -> Response:
        """Answer 200 when requests can be served: the database answers, the end has not come; else 503."""
        if self._services.ending.unready.begun:
            return JSONResponse({"status": "the server is ending"}, 503)
        # One connection, however many ask at once: they would take those that the server itself needs.
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask())
        if await asyncio.shield(self._asking):
            return JSONResponse({"status": "ok"})
        return JSONResponse({"status": "the database does not answer"}, 503)

    async def _ask(self) -> bool:
        try:
            async with asyncio.timeout(READY_SECONDS):
                await self._services.database.ask()
        except (TimeoutError, SQLAlchemyError, OSError):
            return False
        return True


async def _to_graphiql(_request: Request) -> Response:
    return RedirectResponse("/graphql")


async def _refused(request: Request, error: Exception) -> Response:
    """Answer as GraphQL does, with a code, what no route answers."""
    status, headers = 500, {}
    if isinstance(error, HTTPException):
        status, headers = error.status_code, dict(error.headers or {})
    return refusal(
        request.scope, status, *_REFUSALS.get(status, (Code.INTERNAL, "Internal error.")), **headers
    )


_REFUSALS = {
    404: (Code.NOT_FOUND, "There is nothing at this address: the API is at /graphql."),
    405: (Code.METHOD_NOT_ALLOWED, "This address does not take that method."),
}
_ERRORS = {HTTPException: _refused, Exception: _refused}
