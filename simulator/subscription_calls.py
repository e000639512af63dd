"""The subscription operations: look, change, suspend, cancel, add-ons."""

from dataclasses import replace
from uuid import uuid4

from starlette.routing import Route

from simulator.access import ANYONE, SELLER
from simulator.api import Call, Reply, operation
from simulator.audit import actor_of, record, updated
from simulator.errors import Refusal, invalid, not_found
from simulator.subscriptions import (
    WINDOW,
    Kind,
    Subscription,
    find_in,
    list_subscriptions,
    save_subscription,
    show_subscription,
)
from simulator.values import Json

PATH = "/customers/{customer_id}/subscriptions"
REQUIRED = ("id", "quantity", "status", "autoRenewEnabled", "orderId")
SUSPENDED, ACTIVE, DELETED = "suspended", "active", "deleted"


def routes() -> list[Route]:
    return [
        operation("GET", PATH, _list, ANYONE),
        operation("GET", f"{PATH}/{{subscription_id}}", _get, ANYONE),
        operation("PATCH", f"{PATH}/{{subscription_id}}", _change, SELLER),
        operation("GET", f"{PATH}/{{subscription_id}}/addons", _list_addons, ANYONE),
        operation("GET", f"{PATH}/{{subscription_id}}/operations/{{operation_id}}", _follow, ANYONE),
    ]


def _list(call: Call) -> Reply:
    """Give all in one page, of one order or of one reseller if asked."""
    query = call.request.query_params
    order_id, mpn_id = query.get("order_id", "").lower(), query.get("mpn_id", "")
    return _collection(
        [
            each
            for each in _all(call)
            if order_id in {"", each.order_id.lower()} and mpn_id in {"", each.partner_mpn_id}
        ]
    )


def _get(call: Call) -> Reply:
    return Reply(200, show_subscription(_named(call)))


def _list_addons(call: Call) -> Reply:
    parent = _named(call)
    return _collection([each for each in _all(call) if each.parent_id == parent.id])


def _change(call: Call) -> Reply:
    """Take the whole resource and make of it what its changed members ask for."""
    subscription = _named(call)
    _check_form(call, subscription)
    changes = _changes(call, subscription)
    _check_changes(call, subscription, changes)
    seconds = call.world.behaviour.subscription_changes_take_seconds
    changed = subscription.changed(changes) if changes else subscription
    if changes:
        change = updated(show_subscription(subscription), show_subscription(changed), subscription.id)
        record(call.world, call.partner_id, call.customer, change, actor_of(call))
    if not seconds:
        save_subscription(call.world.store, changed)
        return Reply(200, show_subscription(changed))
    due_at = call.world.now().timestamp() + seconds
    save_subscription(call.world.store, replace(subscription, due=changes, due_at=due_at))
    return _under_way(call, f"{subscription.id}/operations/{uuid4()}")


def _follow(call: Call) -> Reply:
    """Tell of the latest change that takes time: under way, or the subscription as it has become."""
    subscription = _named(call)
    if subscription.due is None:
        return Reply(200, show_subscription(subscription))
    return _under_way(call, f"{subscription.id}/operations/{call.request.path_params['operation_id']}")


def _under_way(call: Call, below: str) -> Reply:
    version = "/v1" if call.world.behaviour.links_with_version else ""
    location = f"{version}/customers/{call.customer.id}/subscriptions/{below}"
    return Reply(202, None, headers={"Location": location})


def _all(call: Call) -> list[Subscription]:
    return list_subscriptions(call.world.store, call.partner_id, call.customer.id, call.world.now())


def _named(call: Call) -> Subscription:
    subscription = find_in(_all(call), call.request.path_params["subscription_id"])
    if subscription is None:
        raise not_found("The subscription was not found.")
    return subscription


def _collection(subscriptions: list[Subscription]) -> Reply:
    items = [show_subscription(each) for each in subscriptions]
    body: Json = {"totalCount": len(items), "items": items, "attributes": {"objectType": "Collection"}}
    return Reply(200, body, collection=True)


def _check_form(call: Call, subscription: Subscription) -> None:
    if subscription.status == DELETED:
        text = f"Subscription with ID {subscription.id} and deleted status cannot be updated."
        raise invalid(text, code=2011)
    if subscription.due is not None:
        text = "There's a pending operation on this subscription. Try again after 24 hours."
        raise Refusal(409, 900278, text)
    missing = [name for name in REQUIRED if call.body.value(name) is None]
    if missing or call.body.text("id").lower() != subscription.id.lower():
        raise invalid(f"Invalid property: {missing[0] if missing else 'id'}")
    tag = call.request.headers.get("if-match", "").strip('"') or call.body.text("attributes", "etag")
    if tag and tag != subscription.etag:
        raise invalid("Etag is no longer valid", code=2055)


def _changes(call: Call, subscription: Subscription) -> dict[str, str | int | bool]:
    """Read what may be changed, and keep what differs."""
    quantity, renews = call.body.value("quantity"), call.body.value("autoRenewEnabled")
    if not isinstance(quantity, int) or quantity < 1 or not isinstance(renews, bool):
        raise invalid("Invalid property: quantity or autoRenewEnabled")
    wanted: dict[str, str | int | bool] = {
        "status": call.body.text("status").lower(),
        "quantity": quantity,
        "auto_renews": renews,
        "friendly_name": call.body.text("friendlyName") or subscription.friendly_name,
    }
    return {name: value for name, value in wanted.items() if value != getattr(subscription, name)}


def _check_changes(call: Call, subscription: Subscription, changes: dict[str, str | int | bool]) -> None:
    status = changes.get("status")
    if subscription.status == SUSPENDED and status is None and changes:
        if "quantity" in changes:
            text = (
                "Subscription quantity cannot be increased or decreased while subscription is being suspended"
            )
            raise invalid(text, code=2001)
        raise invalid("Cannot update a subscription with suspended status", code=800091)
    if subscription.status == "expired" and changes:
        raise _wrong_change(subscription, str(status or subscription.status))
    if status is None:
        return
    if (subscription.status, status) == (SUSPENDED, ACTIVE):
        _check_parent(call, subscription)
    elif status == SUSPENDED:
        _check_suspension(call, subscription)
    elif status == DELETED:
        _check_cancellation(call, subscription)
    else:
        raise _wrong_change(subscription, str(status))


def _wrong_change(subscription: Subscription, status: str) -> Refusal:
    text = f"Asset status cannot be changed to {status} from {subscription.status}"
    return invalid(text, code=800040)


def _check_parent(call: Call, subscription: Subscription) -> None:
    parent = None if subscription.parent_id is None else find_in(_all(call), subscription.parent_id)
    if parent is not None and parent.status != ACTIVE:
        text = "Cannot enable a child subscription, when the parent subscription is not Active"
        raise Refusal(409, 27009, text)


def _check_suspension(call: Call, subscription: Subscription) -> None:
    if subscription.kind == Kind.MARKETPLACE:
        raise _fixed_status()
    if _has_active_addons(call, subscription):
        if subscription.kind != Kind.AZURE_PLAN:
            raise _fixed_status()
        text = (
            "Azure plan cannot be moved to suspended state since you have one or more Azure Subscriptions in"
            " the active state"
        )
        raise Refusal(403, 900115, text)


def _check_cancellation(call: Call, subscription: Subscription) -> None:
    """Only new commerce and the marketplace cancel, and in their window; the others are suspended."""
    if subscription.kind not in {Kind.NCE, Kind.MARKETPLACE}:
        raise _wrong_change(subscription, DELETED)
    if subscription.cancellable_until is None or _has_active_addons(call, subscription):
        raise _fixed_status()
    if call.world.now().timestamp() > subscription.cancellable_until:
        text = (
            f"You have passed your {WINDOW.days}-day cancellation window. We are unable to cancel your"
            " purchase"
        )
        raise invalid(text, code=900117)


def _has_active_addons(call: Call, subscription: Subscription) -> bool:
    return any(each.parent_id == subscription.id and each.status == ACTIVE for each in _all(call))


def _fixed_status() -> Refusal:
    return invalid("Cannot update the status for this subscription", code=800096)
