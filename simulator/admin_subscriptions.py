"""Behind the scenes: what customers have bought."""

from datetime import datetime
from uuid import uuid4

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter
from pydantic.alias_generators import to_camel
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.audit import BEHIND_THE_SCENES, record, updated
from simulator.backstage import AdminCall, admin_route, missing
from simulator.customers import find_customer, is_related
from simulator.subscriptions import (
    TERMS,
    WINDOW,
    Kind,
    Subscription,
    list_subscriptions,
    save_subscription,
    show_subscription,
)
from simulator.values import guid, is_guid
from simulator.world import World

Call = AdminCall[World]
PATH = "/partners/{tenant_id}/customers/{customer_id}/subscriptions"
OFFERS = {
    Kind.NCE: "CFQ7TTC0LH18:0001:CFQ7TTC0K971",
    Kind.LEGACY: "2828be95-46ba-4f91-b2fd-0bef192ecf60",
    Kind.AZURE: "MS-AZR-0145P",
    Kind.AZURE_PLAN: "DZH318Z0BPS6:0001:DZH318Z0BMJX",
    Kind.MARKETPLACE: "DZH318Z0BXWC:0002:DZH318Z0BMRV",
}
CANCELLABLE = {Kind.NCE, Kind.MARKETPLACE}


class SubscriptionModel(BaseModel):
    """A purchase; without dates it was made just now, with the term and the window of its kind."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    id: str = Field(default_factory=lambda: str(uuid4()))
    kind: Kind = Kind.NCE
    offer_id: str | None = None
    name: str = "Microsoft 365 Business Basic"
    quantity: int = Field(1, ge=1)
    status: str = "active"
    auto_renew_enabled: bool = True
    term_duration: str = Field("P1Y", pattern="^P(1M|1Y|3Y)$")
    parent_subscription_id: str | None = None
    order_id: str = Field(default_factory=lambda: str(uuid4()))
    partner_id: str | None = None
    creation_date: AwareDatetime | None = None
    commitment_end_date: AwareDatetime | None = None
    cancellation_allowed_until_date: AwareDatetime | None = None

    def subscription(self, tenant_id: str, customer_id: str, now: datetime) -> Subscription:
        made = self.creation_date or now
        in_term = self.kind not in {Kind.AZURE, Kind.AZURE_PLAN}
        ends = self.commitment_end_date or (made + TERMS[self.term_duration] if in_term else None)
        window = made + WINDOW if self.kind in CANCELLABLE else None
        if "cancellation_allowed_until_date" in self.model_fields_set:
            window = self.cancellation_allowed_until_date
        return Subscription(
            id=self.id,
            tenant_id=tenant_id,
            customer_id=customer_id,
            kind=self.kind,
            offer_id=self.offer_id or OFFERS[self.kind],
            offer_name=self.name,
            friendly_name=self.name,
            quantity=self.quantity,
            order_id=self.order_id,
            created_at=made.timestamp(),
            status=self.status,
            auto_renews=self.auto_renew_enabled and in_term,
            term=self.term_duration if in_term else None,
            term_ends_at=None if ends is None else ends.timestamp(),
            cancellable_until=None if window is None else window.timestamp(),
            parent_id=self.parent_subscription_id,
            partner_mpn_id=self.partner_id,
        )


SUBSCRIPTIONS = TypeAdapter(list[SubscriptionModel])


def routes() -> list[Route]:
    return [admin_route("GET", PATH, _show), admin_route("POST", PATH, _save)]


def _show(call: Call) -> Response:
    return _shown(call) if _is_known(call) else missing("customer")


def _save(call: Call) -> Response:
    """Add subscriptions, or replace those of the same id."""
    models = SUBSCRIPTIONS.validate_json(call.content)
    if not _is_known(call):
        return missing("customer")
    tenant_id, customer_id = _ids(call)
    with call.world.store.transaction():
        for model in models:
            subscription = model.subscription(tenant_id, customer_id, call.world.now())
            save_subscription(call.world.store, subscription)
            _note(call.world, subscription)
    return _shown(call)


def _note(world: World, subscription: Subscription) -> None:
    customer = find_customer(world.store, subscription.customer_id)
    if customer is not None:
        change = updated(None, show_subscription(subscription), subscription.id)
        record(world, subscription.tenant_id, customer, change, BEHIND_THE_SCENES)


def _shown(call: Call) -> Response:
    """Show what the service shows, its kind, and whether it is billed."""
    subscriptions = list_subscriptions(call.world.store, *_ids(call), call.world.now())
    return JSONResponse(
        [{**show_subscription(each), "kind": each.kind, "billed": each.is_billed} for each in subscriptions]
    )


def _is_known(call: Call) -> bool:
    named = is_guid(call.path["tenant_id"]) and is_guid(call.path["customer_id"])
    return named and is_related(call.world.store, *_ids(call))


def _ids(call: Call) -> tuple[str, str]:
    return guid(call.path["tenant_id"]), guid(call.path["customer_id"])
