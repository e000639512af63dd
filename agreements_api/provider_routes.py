"""What is reached by plain HTTP because no GraphQL client is at the other end: a browser, or a provider."""

import asyncio

from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from agreements_api.services import Services
from graph import Code
from graph.guards import refusal, request_id
from models import DomainError, ErrorCode
from resolvers.notifications import Unproved, take_notification
from resolvers.terms import find_terms
from schema.ids import required_id
from schema.types.agreement_template import AgreementTemplate
from schema.types.provider import Provider

NOTIFICATION_BYTES = 64 * 1024
"""More than any provider tells at once: it names what changed, it does not describe it."""
READ_SECONDS = 10.0
AT_ONCE = 8
"""Notifications that are looked into at the same time: whoever they come from is not known before."""
MOST_WAITING = 64
"""Notifications that wait for their turn: who is turned away and has something to say will say it again."""

_STATUSES = {
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.PROVIDER_UNAVAILABLE: 503,
    ErrorCode.PROVIDER_REFUSED: 502,
}


def provider_routes(services: Services) -> list[BaseRoute]:
    notifications = _Notifications(services)
    return [
        Route("/agreement-templates/{id}/document", _Terms(services).redirect),
        Route("/providers/{id}/notifications", notifications.take, methods=["POST"]),
    ]


class _Terms:
    def __init__(self, services: Services) -> None:
        self._services = services

    async def redirect(self, request: Request) -> Response:
        """Send a browser to the text of some terms: to the file, or with `view=1` to the page with it."""
        asked = request.query_params
        try:
            link = await find_terms(
                self._services.context(request_id=request_id(request.scope)),
                required_id(request.path_params["id"], AgreementTemplate),
                country=asked.get("country", ""),
                language=asked.get("language", "en-US"),
            )
        except DomainError as error:
            return _refused(request, error)
        url = link.display_url if asked.get("view") == "1" else link.download_url
        return RedirectResponse(url, 303, {"cache-control": "no-store"})


class _Notifications:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._here = 0

    async def take(self, request: Request) -> Response:
        """Take what a provider tells; 204 says that it need not be told again."""
        try:
            async with asyncio.timeout(READ_SECONDS):
                body = await _read(request)
        except (TimeoutError, ClientDisconnect):
            return refusal(request.scope, 408, Code.REQUEST_TIMEOUT, "The request did not come to its end.")
        if body is None:
            return refusal(request.scope, 413, Code.BODY_TOO_LARGE, "A notification is shorter than this.")
        if self._here >= AT_ONCE + MOST_WAITING:
            return refusal(request.scope, 503, Code.UNAVAILABLE, "Too many notifications have come at once.")
        self._here += 1
        try:
            async with self._turn:
                await take_notification(
                    self._services.context(request_id=request_id(request.scope)),
                    required_id(request.path_params["id"], Provider),
                    dict(request.headers),
                    body,
                )
        except Unproved:
            return refusal(
                request.scope, 403, Code.FORBIDDEN, "This is not proved to be the provider's word."
            )
        except DomainError as error:
            return _refused(request, error)
        finally:
            self._here -= 1
        return Response(status_code=204)


async def _read(request: Request) -> bytes | None:
    """Give the body; None for one that is too long, which is not read to its end."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > NOTIFICATION_BYTES:
            return None
    return bytes(body)


def _refused(request: Request, error: DomainError) -> Response:
    return refusal(request.scope, _STATUSES.get(error.code, 400), error.code.value, error.message)
