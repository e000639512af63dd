"""Put the simulated REST provider together."""

from collections.abc import Callable
from datetime import datetime

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from simulator.gateway import Gateway
from simulator.rest import admin, calls
from simulator.rest.records import RestWorld
from simulator.rest.settings import RestSimulatorSettings
from simulator.stage import utc_now


def create_app(settings: RestSimulatorSettings, clock: Callable[[], datetime] = utc_now) -> Starlette:
    """Build the server; `app.state.world` is what it serves."""
    world = RestWorld(settings.behaviour(), wall_clock=clock)
    app = Starlette(
        routes=[*admin.routes(), *calls.routes()],
        middleware=[Middleware(Gateway, world=world, is_service=_is_service)],
        exception_handlers={Exception: _problem},
    )
    app.router.redirect_slashes = False
    app.state.world = world
    return app


def _is_service(path: str) -> bool:
    return not path.startswith("/admin/")


async def _problem(_: Request, error: Exception) -> Response:
    """Answer a fault of our own the way the contract says: RFC 7807."""
    problem = {"type": "about:blank", "title": "An error occurred.", "status": 500, "detail": str(error)}
    return JSONResponse(problem, 500, media_type="application/problem+json")
