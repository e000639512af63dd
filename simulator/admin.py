"""The interface behind the scenes, where tests and demos set the stage; Microsoft has nothing like it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.admin_models import Advance, CustomerModel, PartnerModel, show_customer, show_partner
from simulator.agreements import delete_confirmations, list_confirmations, save_confirmation
from simulator.customers import customer_from, find_customer, save_customer, sign_directly, unrelate
from simulator.faults import Fault, FaultRule
from simulator.partners import (
    find_partner,
    list_partners,
    list_users,
    save_application,
    save_partner,
    save_user,
)
from simulator.settings import Behaviour, from_wire
from simulator.tokens import save_refresh_token, withdraw_refresh_tokens
from simulator.values import guid, is_guid
from simulator.world import World


@dataclass(frozen=True)
class AdminCall:
    world: World
    path: Mapping[str, str]
    content: bytes


Endpoint = Callable[[AdminCall], Response]
CUSTOMERS = TypeAdapter(list[CustomerModel])


def routes() -> list[Route]:
    return [
        _route("GET", "/healthz", _health),
        _route("GET", "/settings", _show_settings),
        _route("PUT", "/settings", _change_settings),
        _route("GET", "/partners", _show_partners),
        _route("POST", "/partners", _save_partner),
        _route("DELETE", "/partners/{tenant_id}/refresh-tokens", _withdraw_consent),
        _route("GET", "/partners/{tenant_id}/customers", _show_customers),
        _route("POST", "/partners/{tenant_id}/customers", _save_customers),
        _route("DELETE", "/partners/{tenant_id}/customers/{customer_id}", _end_relationship),
        _route("POST", "/customers/{customer_id}/accept", _accept),
        _route("GET", "/faults", _show_faults),
        _route("POST", "/faults", _add_fault),
        _route("DELETE", "/faults", _clear_faults),
        _route("GET", "/requests", _show_requests),
        _route("DELETE", "/requests", _clear_requests),
        _route("POST", "/clock", _advance_clock),
        _route("POST", "/reset", _reset),
    ]


def _route(method: str, path: str, endpoint: Endpoint) -> Route:
    return Route(f"/admin{path}", _json(endpoint), methods=[method])


def _json(endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    async def serve(request: Request) -> Response:
        content = await request.body()
        try:
            return endpoint(AdminCall(request.app.state.world, request.path_params, content))
        except ValidationError as error:
            return JSONResponse({"errors": error.errors(include_url=False, include_context=False)}, 422)

    return serve


def _ok(**members: object) -> Response:
    return JSONResponse(members)


def _missing(what: str) -> Response:
    return JSONResponse({"errors": [f"no such {what}"]}, 404)


def _health(call: AdminCall) -> Response:
    return _ok(status="ok", now=call.world.now().isoformat())


def _show_settings(call: AdminCall) -> Response:
    return JSONResponse(call.world.behaviour.as_wire())


def _change_settings(call: AdminCall) -> Response:
    """Change the settings that are named; the others stay."""
    changes = from_wire(call.content)
    call.world.behaviour = Behaviour.model_validate(call.world.behaviour.model_dump() | changes)
    return JSONResponse(call.world.behaviour.as_wire())


def _show_partners(call: AdminCall) -> Response:
    partners = list_partners(call.world.store)
    return JSONResponse(
        [show_partner(partner, list_users(call.world.store, partner.tenant_id)) for partner in partners]
    )


def _save_partner(call: AdminCall) -> Response:
    model = PartnerModel.model_validate_json(call.content)
    partner = model.partner()
    with call.world.store.transaction():
        save_partner(call.world.store, partner)
        for application in model.applications:
            save_application(
                call.world.store, partner.tenant_id, application.client_id, application.client_secret
            )
        for user in model.users:
            saved = save_user(call.world.store, partner.tenant_id, user.upn, user.roles, mfa=user.mfa)
            if user.refresh_token:
                save_refresh_token(call.world.store, user.refresh_token, saved)
    return JSONResponse(show_partner(partner, list_users(call.world.store, partner.tenant_id)), 201)


def _withdraw_consent(call: AdminCall) -> Response:
    return _ok(withdrawn=withdraw_refresh_tokens(call.world.store, call.path["tenant_id"].lower()))


def _show_customers(call: AdminCall) -> Response:
    partner = find_partner(call.world.store, call.path["tenant_id"])
    if partner is None:
        return _missing("partner")
    rows = call.world.store.rows(
        "select customers.* from relationships join customers on customers.id = customer_id"
        " where tenant_id = ? order by position",
        (partner.tenant_id,),
    )
    return JSONResponse(
        [
            show_customer(customer, list_confirmations(call.world.store, partner.tenant_id, customer.id))
            for customer in map(customer_from, rows)
        ]
    )


def _save_customers(call: AdminCall) -> Response:
    """Create or change customers; agreements that are given replace those on record."""
    partner = find_partner(call.world.store, call.path["tenant_id"])
    if partner is None:
        return _missing("partner")
    models = CUSTOMERS.validate_json(call.content)
    with call.world.store.transaction():
        for model in models:
            customer = model.customer(find_customer(call.world.store, model.id))
            save_customer(call.world.store, partner.tenant_id, customer)
            if model.agreements is not None:
                delete_confirmations(call.world.store, partner.tenant_id, customer.id)
                for agreement in model.agreements:
                    save_confirmation(
                        call.world.store, partner.tenant_id, customer.id, agreement.confirmation()
                    )
    return _ok(saved=len(models))


def _end_relationship(call: AdminCall) -> Response:
    tenant_id, customer_id = call.path["tenant_id"], call.path["customer_id"]
    ended = unrelate(call.world.store, tenant_id.lower(), customer_id.lower())
    return _ok(ended=True) if ended else _missing("relationship")


def _accept(call: AdminCall) -> Response:
    customer_id = call.path["customer_id"]
    if not is_guid(customer_id) or not sign_directly(call.world.store, guid(customer_id)):
        return _missing("customer")
    return _ok(isSigned=True)


def _show_faults(call: AdminCall) -> Response:
    return JSONResponse(
        [
            {**rule.fault.model_dump(mode="json", by_alias=True), "seen": rule.seen}
            for rule in call.world.faults
        ]
    )


def _add_fault(call: AdminCall) -> Response:
    call.world.faults.append(FaultRule(Fault.model_validate_json(call.content)))
    return JSONResponse({"faults": len(call.world.faults)}, 201)


def _clear_faults(call: AdminCall) -> Response:
    call.world.faults.clear()
    return _ok(faults=0)


def _show_requests(call: AdminCall) -> Response:
    return JSONResponse([entry.as_wire() for entry in call.world.journal.entries()])


def _clear_requests(call: AdminCall) -> Response:
    call.world.journal.clear()
    return _ok(requests=0)


def _advance_clock(call: AdminCall) -> Response:
    call.world.clock_offset += timedelta(seconds=Advance.model_validate_json(call.content).advance_seconds)
    return _ok(now=call.world.now().isoformat())


def _reset(call: AdminCall) -> Response:
    call.world.reset()
    return _ok(status="reset")
