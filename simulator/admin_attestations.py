"""Behind the scenes: enhanced attestations, and the customer's decision without its page."""

from dataclasses import replace

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.attestation_page import decide
from simulator.attestations import (
    STARTED,
    Attestation,
    find_attestation,
    list_attestations,
    save_attestation,
    show_attestation,
)
from simulator.backstage import AdminCall, admin_route, missing
from simulator.values import Json
from simulator.world import World

Call = AdminCall[World]


def routes() -> list[Route]:
    return [
        admin_route("GET", "/attestations", _show_all),
        admin_route("POST", "/attestations/{attestation_id}/accept", _accept),
        admin_route("POST", "/attestations/{attestation_id}/refuse", _refuse),
        admin_route("POST", "/attestations/{attestation_id}/expire", _expire),
    ]


def _show_all(call: Call) -> Response:
    return JSONResponse([_as_wire(call, each) for each in list_attestations(call.world.store)])


def _accept(call: Call) -> Response:
    return _decided(call, accepts=True)


def _refuse(call: Call) -> Response:
    return _decided(call, accepts=False)


def _decided(call: Call, *, accepts: bool) -> Response:
    attestation = find_attestation(call.world.store, call.path["attestation_id"])
    if attestation is None:
        return missing("attestation")
    return JSONResponse(_as_wire(call, decide(call.world, attestation, accepts=accepts)))


def _expire(call: Call) -> Response:
    """End the time to accept now; a decision that was made stays."""
    attestation = find_attestation(call.world.store, call.path["attestation_id"])
    if attestation is None:
        return missing("attestation")
    if attestation.status == STARTED:
        attestation = replace(attestation, expires_at=call.world.now().timestamp())
        save_attestation(call.world.store, attestation)
    return JSONResponse(_as_wire(call, attestation))


def _as_wire(call: Call, attestation: Attestation) -> Json:
    return {"tenantId": attestation.tenant_id, **show_attestation(call.world, attestation, "")}
