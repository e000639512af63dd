"""Buying: a cart, and its checkout, which wants to see an agreement first."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

from starlette.routing import Route

from simulator.access import SELLER
from simulator.agreements import list_confirmations
from simulator.api import Call, Reply, operation
from simulator.errors import forbidden, invalid, not_found
from simulator.subscriptions import (
    TERMS,
    WINDOW,
    Kind,
    Subscription,
    instant,
    list_subscriptions,
    save_subscription,
)
from simulator.templates import CUSTOMER
from simulator.values import Body, Json

LIFETIME_SECONDS = 900
ENFORCED_SINCE = datetime(2023, 4, 1, tzinfo=UTC)
SANDBOX_SUBSCRIPTIONS = 5
SANDBOX_LICENSES = 25
SANDBOX_AZURE_PLANS = 10
NO_AGREEMENT = (
    "Either a partner confirmation of the customer acceptance of the Microsoft Customer Agreement must be"
    " provided or the customer must accept the Microsoft Customer Agreement in the Microsoft Admin Center"
    " before you can complete this purchase"
)


@dataclass(frozen=True)
class Line:
    offer_id: str
    quantity: int
    billing_cycle: str
    term: str | None


def routes() -> list[Route]:
    return [
        operation("POST", "/customers/{customer_id}/carts", _create, SELLER),
        operation(
            "POST", "/customers/{customer_id}/carts/{cart_id}/checkout", _check_out, SELLER, needs_body=False
        ),
    ]


def _create(call: Call) -> Reply:
    lines = [_read(Body.of(item)) for item in call.body.items("lineItems")]
    if not lines:
        raise invalid("Invalid property: lineItems")
    cart_id, now = str(uuid4()), call.world.now().timestamp()
    call.world.store.write(
        "insert into carts values (?, ?, ?, ?, ?)",
        (
            cart_id,
            call.partner_id,
            call.customer.id,
            now + LIFETIME_SECONDS,
            json.dumps([vars(line) for line in lines]),
        ),
    )
    uri = f"/customers/{call.customer.id}/carts/{cart_id}"
    return Reply(
        201,
        {
            "id": cart_id,
            "creationTimestamp": instant(now),
            "lastModifiedTimestamp": instant(now),
            "expirationTimestamp": instant(now + LIFETIME_SECONDS),
            "status": "Active",
            "lineItems": [_line(number, line) for number, line in enumerate(lines)],
            "links": {"self": {"uri": uri, "method": "GET", "headers": []}},
            "attributes": {"objectType": "Cart"},
        },
    )


def _read(item: Body) -> Line:
    offer_id, quantity = item.text("catalogItemId"), item.value("quantity")
    if not offer_id or not isinstance(quantity, int) or quantity < 1:
        raise invalid("Invalid property: lineItems")
    term = item.text("termDuration") or None
    if term is not None and term not in TERMS:
        raise invalid("Invalid property: termDuration")
    return Line(offer_id, quantity, item.text("billingCycle") or "monthly", term)


def _line(number: int, line: Line) -> Mapping[str, Json]:
    return {
        "id": number,
        "catalogItemId": line.offer_id,
        "quantity": line.quantity,
        "currencyCode": "USD",
        "billingCycle": line.billing_cycle,
        "termDuration": line.term,
        "orderGroup": str(number),
    }


def _check_out(call: Call) -> Reply:
    """Make an order and a subscription of each line, unless no agreement covers the purchase."""
    lines = _lines(call)
    if not _may_buy(call):
        if not call.world.behaviour.order_errors_in_checkout:
            raise forbidden(13605, NO_AGREEMENT)
        errors: list[Json] = [{"orderGroupId": "0", "code": 13605, "description": NO_AGREEMENT}]
        return Reply(201, {"orders": [], "orderErrors": errors}, collection=True)
    if call.principal.partner.sandbox:
        _check_sandbox(call, lines)
    orders = [_order(call, line) for line in lines]
    call.world.store.write("delete from carts where id = ?", (call.request.path_params["cart_id"].lower(),))
    return Reply(201, {"orders": orders}, collection=True)


def _lines(call: Call) -> list[Line]:
    row = call.world.store.row(
        "select * from carts where id = ? and tenant_id = ? and customer_id = ? and expires_at > ?",
        (
            call.request.path_params["cart_id"].lower(),
            call.partner_id,
            call.customer.id,
            call.world.now().timestamp(),
        ),
    )
    if row is None:
        raise not_found("The cart was not found.")
    return [Line(**line) for line in json.loads(row["lines"])]


def _may_buy(call: Call) -> bool:
    """Tell whether an agreement is in force: the customer's own, or a late enough confirmation of ours.

    Since partners cannot attest any more, only confirmations that rest on the customer's acceptance count.
    """
    legacy_counts = call.world.behaviour.legacy_attestation == "on"
    return call.customer.direct_signed or any(
        confirmation.template_id == CUSTOMER.id
        and confirmation.agreed_at >= ENFORCED_SINCE
        and (legacy_counts or confirmation.attestation_id is not None)
        for confirmation in list_confirmations(call.world.store, call.partner_id, call.customer.id)
    )


def _check_sandbox(call: Call, lines: list[Line]) -> None:
    store, now = call.world.store, call.world.now()
    plans = store.count(
        "select count(*) from subscriptions where tenant_id = ? and document ->> 'kind' = ?",
        (call.partner_id, Kind.AZURE_PLAN),
    ) + sum(Kind.of_offer(line.offer_id) == Kind.AZURE_PLAN for line in lines)
    if plans > SANDBOX_AZURE_PLANS:
        text = (
            "Unable to create order. There is a limit to how many Azure plans can be created under sandbox"
            " accounts"
        )
        raise invalid(text, code=900116)
    known = len(list_subscriptions(store, call.partner_id, call.customer.id, now))
    too_large = any(line.quantity > SANDBOX_LICENSES for line in lines)
    if known + len(lines) > SANDBOX_SUBSCRIPTIONS or too_large:
        raise invalid("The sandbox limit has been met", code=800018)


def _order(call: Call, line: Line) -> Json:
    now, order_id, kind = call.world.now().timestamp(), str(uuid4()), Kind.of_offer(line.offer_id)
    in_term = kind in {Kind.NCE, Kind.LEGACY}
    term = (line.term or "P1Y") if in_term else line.term
    subscription = Subscription(
        id=str(uuid4()),
        tenant_id=call.partner_id,
        customer_id=call.customer.id,
        kind=kind,
        offer_id=line.offer_id,
        offer_name=line.offer_id,
        friendly_name=line.offer_id,
        quantity=line.quantity,
        order_id=order_id,
        created_at=now,
        auto_renews=in_term,
        term=term,
        billing_cycle=line.billing_cycle,
        term_ends_at=now + TERMS[term].total_seconds() if in_term and term else None,
        cancellable_until=now + WINDOW.total_seconds() if kind is Kind.NCE else None,
    )
    save_subscription(call.world.store, subscription)
    item: dict[str, Json] = {
        "lineItemNumber": 0,
        "offerId": line.offer_id,
        "subscriptionId": subscription.id,
        "termDuration": line.term,
        "transactionType": "New",
        "friendlyName": subscription.friendly_name,
        "quantity": line.quantity,
        "links": {},
    }
    return {
        "id": order_id,
        "alternateId": order_id,
        "referenceCustomerId": call.customer.id,
        "billingCycle": line.billing_cycle,
        "currencyCode": "USD",
        "lineItems": [item],
        "creationDate": instant(now),
        "status": "completed",
        "transactionType": "UserPurchase",
        "links": {},
    }
