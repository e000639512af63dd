"""The interface behind the scenes, where tests and demos set the stage; Microsoft has nothing like it."""

from collections.abc import Sequence

from pydantic import TypeAdapter
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.admin_models import CustomerModel, show_customer
from simulator.agreements import (
    Confirmation,
    delete_confirmations,
    list_confirmations,
    save_confirmation,
)
from simulator.audit import BEHIND_THE_SCENES, Change, added, record, removed
from simulator.backstage import AdminCall, admin_route, missing, ok, stage_routes
from simulator.customers import (
    Customer,
    customer_from,
    detail,
    find_customer,
    is_related,
    save_customer,
    sign_directly,
    unrelate,
)
from simulator.partners import find_partner
from simulator.settings import Behaviour, from_wire
from simulator.values import guid, is_guid
from simulator.world import World

Call = AdminCall[World]
CUSTOMERS = TypeAdapter(list[CustomerModel])


def routes() -> list[Route]:
    return [
        *stage_routes(),
        admin_route("GET", "/settings", _show_settings),
        admin_route("PUT", "/settings", _change_settings),
        admin_route("GET", "/partners/{tenant_id}/customers", _show_customers),
        admin_route("POST", "/partners/{tenant_id}/customers", _save_customers),
        admin_route("DELETE", "/partners/{tenant_id}/customers/{customer_id}", _end_relationship),
        admin_route("POST", "/customers/{customer_id}/accept", _accept),
    ]


def _show_settings(call: Call) -> Response:
    return JSONResponse(call.world.behaviour.as_wire())


def _change_settings(call: Call) -> Response:
    """Change the settings that are named; the others stay."""
    changes = from_wire(call.content)
    call.world.behaviour = Behaviour.model_validate(call.world.behaviour.model_dump() | changes)
    return JSONResponse(call.world.behaviour.as_wire())


def _show_customers(call: Call) -> Response:
    partner = find_partner(call.world.store, call.path["tenant_id"])
    if partner is None:
        return missing("partner")
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


def _save_customers(call: Call) -> Response:
    """Create or change customers; agreements that are given replace those on record."""
    partner = find_partner(call.world.store, call.path["tenant_id"])
    if partner is None:
        return missing("partner")
    models = CUSTOMERS.validate_json(call.content)
    with call.world.store.transaction():
        for model in models:
            known = find_customer(call.world.store, model.id)
            customer = model.customer(known)
            was_related = is_related(call.world.store, partner.tenant_id, customer.id)
            save_customer(call.world.store, partner.tenant_id, customer)
            if change := _change(customer, known if was_related else None):
                record(call.world, partner.tenant_id, customer, change, BEHIND_THE_SCENES)
            if model.agreements is not None:
                agreements = [agreement.confirmation() for agreement in model.agreements]
                _replace_agreements(call.world, partner.tenant_id, customer, agreements)
    return ok(saved=len(models))


def _change(customer: Customer, known: Customer | None) -> Change | None:
    if known is None:
        return added(customer)
    new, old = detail(customer), detail(known)
    if new == old:
        return None
    return Change("update_customer_billing_profile", "customer_billing_profile", new, old)


def _replace_agreements(
    world: World, partner_id: str, customer: Customer, agreements: Sequence[Confirmation]
) -> None:
    known = list_confirmations(world.store, partner_id, customer.id)
    delete_confirmations(world.store, partner_id, customer.id)
    for agreement in agreements:
        save_confirmation(world.store, partner_id, customer.id, agreement)
        if agreement not in known:
            change = Change("create_agreement", "agreement", agreement.as_wire())
            record(world, partner_id, customer, change, BEHIND_THE_SCENES)


def _end_relationship(call: Call) -> Response:
    tenant_id, customer_id = call.path["tenant_id"].lower(), call.path["customer_id"].lower()
    customer = find_customer(call.world.store, customer_id)
    if customer is None or not unrelate(call.world.store, tenant_id, customer_id):
        return missing("relationship")
    record(call.world, tenant_id, customer, removed(customer), BEHIND_THE_SCENES)
    return ok(ended=True)


def _accept(call: Call) -> Response:
    customer_id = call.path["customer_id"]
    if not is_guid(customer_id) or not sign_directly(call.world.store, guid(customer_id)):
        return missing("customer")
    return ok(isSigned=True)
