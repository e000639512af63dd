"""The page where a customer's signatory accepts or refuses what a partner started; nobody signs in."""

from dataclasses import replace
from html import escape
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.attestations import (
    ACCEPTED,
    EXPIRED,
    FINALIZED,
    REFUSED,
    STARTED,
    Attestation,
    find_attestation,
    save_attestation,
)
from simulator.pages import page
from simulator.partners import find_partner
from simulator.world import World

TITLE = "Microsoft Customer Agreement"
OUTCOMES = {
    ACCEPTED: ("Agreement accepted", "You accepted the Microsoft Customer Agreement for {company}."),
    FINALIZED: ("Agreement accepted", "You accepted the Microsoft Customer Agreement for {company}."),
    REFUSED: ("Agreement refused", "You refused the Microsoft Customer Agreement for {company}."),
    EXPIRED: (
        "Invitation expired",
        "The invitation to accept for {company} has expired. Ask your partner for a new one.",
    ),
}


def routes() -> list[Route]:
    path = "/attestations/{attestation_id}"
    return [Route(path, _ask, methods=["GET"]), Route(path, _decide, methods=["POST"])]


def decide(world: World, attestation: Attestation, *, accepts: bool) -> Attestation:
    """Record the customer's decision; one that was made, or comes too late, changes nothing."""
    now = world.now()
    if attestation.status_at(now) != STARTED:
        return attestation
    accepted_at = now.timestamp() if accepts else None
    decided = replace(attestation, status=ACCEPTED if accepts else REFUSED, accepted_at=accepted_at)
    save_attestation(world.store, decided)
    return decided


async def _ask(request: Request) -> Response:
    world: World = request.app.state.world
    attestation = find_attestation(world.store, request.path_params["attestation_id"])
    return _unknown() if attestation is None else _show(world, attestation)


async def _decide(request: Request) -> Response:
    world: World = request.app.state.world
    attestation = find_attestation(world.store, request.path_params["attestation_id"])
    if attestation is None:
        return _unknown()
    decision = dict(parse_qsl((await request.body()).decode(errors="replace"))).get("decision")
    if decision not in {"accept", "refuse"}:
        return _show(world, attestation, error="Choose Accept or Refuse.")
    return _show(world, decide(world, attestation, accepts=decision == "accept"))


def _unknown() -> Response:
    return page(TITLE, "<p>There is no such invitation. Ask your partner for the link again.</p>", status=404)


def _show(world: World, attestation: Attestation, *, error: str = "") -> Response:
    status = attestation.status_at(world.now())
    if status in OUTCOMES:
        title, text = OUTCOMES[status]
        said = escape(text.format(company=attestation.company_name))
        return page(title, f"<p>{said}</p>", status=410 if status == EXPIRED else 200)
    partner = find_partner(world.store, attestation.tenant_id)
    asking = partner.name if partner is not None else "Your partner"
    signatory = f"{attestation.first_name} {attestation.last_name}"
    alert = f'<p class="error" role="alert">{escape(error)}</p>' if error else ""
    return page(
        TITLE,
        f"<p>{escape(asking)} asks {escape(signatory)} to accept the terms at aka.ms/customeragreement for"
        f" {escape(attestation.company_name)}. By accepting you bind your organization.</p>{alert}"
        '<form method="post"><button type="submit" name="decision" value="accept">Accept</button> '
        '<button type="submit" name="decision" value="refuse">Refuse</button></form>',
        status=400 if error else 200,
    )
