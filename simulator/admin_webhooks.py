"""Behind the scenes: invitations that customers follow, and messages that partners are sent."""

import json

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from simulator.authority import signer
from simulator.backstage import AdminCall, admin_route, missing, ok
from simulator.courier import Delivery
from simulator.customers import find_customer
from simulator.invitations import follow_invitation
from simulator.partners import find_partner
from simulator.values import guid, is_guid
from simulator.webhooks import Event, find_registration, notify
from simulator.world import World

Call = AdminCall[World]


class EventModel(BaseModel):
    """An event to send; a path is as it stands in the address of the resource."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    event: str = Field(min_length=1)
    resource_name: str = "test"
    path: str = Field("/v1/webhooks/registration/test", pattern="^/")


def routes() -> list[Route]:
    return [
        admin_route("POST", "/partners/{tenant_id}/invitations/{customer_id}", _follow_invitation),
        admin_route("GET", "/partners/{tenant_id}/webhooks", _show),
        admin_route("POST", "/partners/{tenant_id}/webhooks", _send),
        admin_route("GET", "/webhook-authority", _authority),
    ]


def _follow_invitation(call: Call) -> Response:
    partner = find_partner(call.world.store, call.path["tenant_id"])
    customer_id = call.path["customer_id"]
    customer = find_customer(call.world.store, guid(customer_id)) if is_guid(customer_id) else None
    if partner is None or customer is None:
        return missing("partner" if partner is None else "customer")
    return ok(accepted=follow_invitation(call.world, partner.tenant_id, customer))


def _show(call: Call) -> Response:
    tenant_id = call.path["tenant_id"].lower()
    registration = find_registration(call.world.store, tenant_id)
    shown = None
    if registration is not None:
        shown = {"url": registration.url, "events": list(registration.events)}
    deliveries = call.world.courier.deliveries(tenant_id)
    return ok(registration=shown, deliveries=[_show_delivery(delivery) for delivery in deliveries])


def _send(call: Call) -> Response:
    model = EventModel.model_validate_json(call.content)
    event = Event(model.event, model.resource_name, model.path)
    delivery = notify(call.world, call.path["tenant_id"].lower(), event)
    if delivery is None:
        return missing("registration for this event")
    return JSONResponse(_show_delivery(delivery), 202)


def _authority(call: Call) -> Response:
    """Give the certificate that a client has to trust, in PEM."""
    return PlainTextResponse(signer(call.world.store).authority)


def _show_delivery(delivery: Delivery) -> dict[str, object]:
    return {
        "id": delivery.id,
        "event": delivery.event,
        "url": delivery.url,
        "headers": dict(delivery.headers),
        "body": json.loads(delivery.body),
        "results": delivery.results,
        "done": delivery.done,
    }
