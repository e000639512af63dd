"""Put the simulator together: one world, and all that answers for it."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from simulator import (
    admin,
    admin_attestations,
    admin_partners,
    admin_subscriptions,
    admin_webhooks,
    agreements,
    attestation_page,
    attestations,
    audit_calls,
    authorization,
    carts,
    console,
    console_actions,
    customer_calls,
    device_login,
    documents,
    login,
    pages,
    partner_calls,
    subscription_calls,
    validations,
    webhook_calls,
)
from simulator.errors import Refusal
from simulator.gateway import Gateway
from simulator.settings import SimulatorSettings
from simulator.stage import utc_now
from simulator.store import Store
from simulator.world import World


def create_app(settings: SimulatorSettings, clock: Callable[[], datetime] = utc_now) -> Starlette:
    """Build the server; `app.state.world` is what it serves.

    Raises:
        StoreMismatch: the file in the settings is no store of ours.
    """
    world = World(Store(settings.store), settings.behaviour(), wall_clock=clock)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        yield
        await world.courier.aclose()
        world.store.close()

    app = Starlette(
        routes=[
            # The routes are tried one after the other: first what is called most.
            *agreements.routes(),
            *customer_calls.routes(),
            *pages.routes(),
            *console.routes(),
            *console_actions.routes(),
            *admin.routes(),
            *admin_partners.routes(),
            *admin_attestations.routes(),
            *admin_subscriptions.routes(),
            *admin_webhooks.routes(),
            *attestations.routes(),
            *attestation_page.routes(),
            *partner_calls.routes(),
            *subscription_calls.routes(),
            *carts.routes(),
            *audit_calls.routes(),
            *webhook_calls.routes(),
            *documents.routes(),
            *validations.routes(),
            *authorization.routes(),
            *device_login.routes(),
            *login.routes(),
        ],
        middleware=[Middleware(Gateway, world=world, is_service=_is_service)],
        exception_handlers={HTTPException: _no_such_operation},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    app.state.world = world
    return app


def _is_service(path: str) -> bool:
    return path.startswith(("/v1/", "/webhooks/v1/")) or "/oauth2/" in path or "/.well-known/" in path


async def _no_such_operation(_: Request, error: Exception) -> Response:
    """Answer an unknown path or method in the API's own shape."""
    status = error.status_code if isinstance(error, HTTPException) else HTTPStatus.INTERNAL_SERVER_ERROR
    code = 1000 if status == HTTPStatus.NOT_FOUND else status
    return JSONResponse(Refusal(status, code, HTTPStatus(status).phrase).body(), status)
