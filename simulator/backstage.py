"""The part of the admin interface that is the same for every simulator."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.faults import Fault, FaultRule
from simulator.stage import Stage

S = TypeVar("S", bound=Stage)


@dataclass(frozen=True)
class AdminCall(Generic[S]):
    world: S
    path: Mapping[str, str]
    content: bytes


class Advance(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    advance_seconds: float = Field(ge=0)


def stage_routes() -> list[Route]:
    return [
        admin_route("GET", "/healthz", _health),
        admin_route("GET", "/faults", _show_faults),
        admin_route("POST", "/faults", _add_fault),
        admin_route("DELETE", "/faults", _clear_faults),
        admin_route("GET", "/requests", _show_requests),
        admin_route("DELETE", "/requests", _clear_requests),
        admin_route("POST", "/clock", _advance_clock),
        admin_route("POST", "/reset", _reset),
    ]


def admin_route(method: str, path: str, endpoint: Callable[[AdminCall[S]], Response]) -> Route:
    """Serve an endpoint below /admin; a body that does not fit is answered with 422."""
    return Route(f"/admin{path}", _json(endpoint), methods=[method])


def _json(endpoint: Callable[[AdminCall[S]], Response]) -> Callable[[Request], Awaitable[Response]]:
    async def serve(request: Request) -> Response:
        if not comes_from_here(request):
            return JSONResponse({"errors": ["pages of other sites may not use this"]}, 403)
        content = await request.body()
        try:
            return endpoint(AdminCall(request.app.state.world, request.path_params, content))
        except ValidationError as error:
            return JSONResponse({"errors": error.errors(include_url=False, include_context=False)}, 422)

    return serve


def comes_from_here(request: Request) -> bool:
    """Whether no page of another site has a browser send this; programs do not say where they come from."""
    return request.headers.get("sec-fetch-site", "same-origin") in {"same-origin", "none"}


def ok(**members: object) -> Response:
    return JSONResponse(members)


def missing(what: str) -> Response:
    return JSONResponse({"errors": [f"no such {what}"]}, 404)


def _health(call: AdminCall[Stage]) -> Response:
    return ok(status="ok", now=call.world.now().isoformat())


def _show_faults(call: AdminCall[Stage]) -> Response:
    return JSONResponse(
        [
            {**rule.fault.model_dump(mode="json", by_alias=True), "seen": rule.seen, "struck": rule.struck}
            for rule in call.world.faults
        ]
    )


def _add_fault(call: AdminCall[Stage]) -> Response:
    call.world.faults.append(FaultRule(Fault.model_validate_json(call.content)))
    return JSONResponse({"faults": len(call.world.faults)}, 201)


def _clear_faults(call: AdminCall[Stage]) -> Response:
    call.world.faults.clear()
    return ok(faults=0)


def _show_requests(call: AdminCall[Stage]) -> Response:
    return JSONResponse([entry.as_wire() for entry in call.world.journal.entries()])


def _clear_requests(call: AdminCall[Stage]) -> Response:
    call.world.journal.clear()
    return ok(requests=0)


def _advance_clock(call: AdminCall[Stage]) -> Response:
    call.world.clock_offset += timedelta(seconds=Advance.model_validate_json(call.content).advance_seconds)
    return ok(now=call.world.now().isoformat())


def _reset(call: AdminCall[Stage]) -> Response:
    call.world.reset()
    return ok(status="reset")
