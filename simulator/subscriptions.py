"""What customers have bought, and by which rules it ends."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from simulator.store import Store
from simulator.values import Json, without_nulls

WINDOW = timedelta(days=7)
NEVER = "9999-12-10T00:00:00Z"
AZURE_PLAN = "DZH318Z0BPS6"
TERMS = {"P1M": timedelta(days=30), "P1Y": timedelta(days=365), "P3Y": timedelta(days=3 * 365)}


class Kind(StrEnum):
    """Which rules a subscription follows; the service itself does not say it in so many words."""

    NCE = "nce"
    LEGACY = "legacy"
    AZURE = "azure"
    AZURE_PLAN = "azure_plan"
    MARKETPLACE = "marketplace"

    @classmethod
    def of_offer(cls, offer_id: str) -> "Kind":
        if offer_id.split(":", 1)[0] == AZURE_PLAN:
            return cls.AZURE_PLAN
        if offer_id.count(":") == 2:  # noqa: PLR2004 - product, SKU and availability
            return cls.NCE
        return cls.AZURE if offer_id.upper().startswith("MS-AZR") else cls.LEGACY


@dataclass(frozen=True)
class Subscription:
    """Instants are POSIX times.

    Attributes:
        term_ends_at: None for one without a term.
        cancellable_until: None if it cannot be cancelled.
        due_at: When `due`, the changes that were accepted but not made yet, take effect.
    """

    id: str
    tenant_id: str
    customer_id: str
    kind: str
    offer_id: str
    offer_name: str
    friendly_name: str
    quantity: int
    order_id: str
    created_at: float
    status: str = "active"
    auto_renews: bool = True
    term: str | None = "P1Y"
    billing_cycle: str = "monthly"
    term_ends_at: float | None = None
    cancellable_until: float | None = None
    parent_id: str | None = None
    partner_mpn_id: str | None = None
    version: int = 1
    due_at: float | None = None
    due: Mapping[str, str | int | bool] | None = None

    @property
    def is_billed(self) -> bool:
        """New commerce is billed to the end of its term, suspended or not."""
        return self.status == "active" or (self.status == "suspended" and self.kind == Kind.NCE)

    @property
    def etag(self) -> str:
        return base64.b64encode(json.dumps({"id": self.id, "version": self.version}).encode()).decode()

    def settled(self, now: float) -> "Subscription":
        """Give it as it stands at an instant: pending changes made, its term renewed or run out."""
        settled = self
        if self.due_at is not None and self.due is not None and now >= self.due_at:
            settled = replace(self, due_at=None, due=None).changed(self.due)
        while settled.term_ends_at is not None and now >= settled.term_ends_at:
            if settled.status in {"deleted", "expired"}:
                break
            if not settled.auto_renews or settled.status != "active":
                return replace(settled, status="expired", version=settled.version + 1)
            began, length = settled.term_ends_at, TERMS[settled.term or "P1Y"].total_seconds()
            window = None if settled.cancellable_until is None else began + WINDOW.total_seconds()
            settled = replace(settled, term_ends_at=began + length, cancellable_until=window)
        return settled

    def changed(self, changes: Mapping[str, str | int | bool]) -> "Subscription":
        return replace(self, version=self.version + 1, **dict(changes))


def list_subscriptions(store: Store, tenant_id: str, customer_id: str, now: datetime) -> list[Subscription]:
    """Give what the customer bought through this partner, in the order of purchase, as it stands now."""
    rows = store.rows(
        "select document from subscriptions where tenant_id = ? and customer_id = ? order by position",
        (tenant_id, customer_id),
    )
    return [Subscription(**json.loads(row["document"])).settled(now.timestamp()) for row in rows]


def save_subscription(store: Store, subscription: Subscription) -> None:
    store.write(
        "insert into subscriptions (id, tenant_id, customer_id, document) values (?, ?, ?, ?)"
        " on conflict (id) do update set document = excluded.document",
        (
            subscription.id,
            subscription.tenant_id,
            subscription.customer_id,
            json.dumps(asdict(subscription)),
        ),
    )


def find_in(subscriptions: Sequence[Subscription], subscription_id: str) -> Subscription | None:
    wanted = subscription_id.lower()
    return next((each for each in subscriptions if each.id.lower() == wanted), None)


def show_subscription(subscription: Subscription) -> dict[str, Json]:
    """Show it as the service does; new commerce has more to say than what came before."""
    ends_at = subscription.term_ends_at
    usage = subscription.kind in {Kind.AZURE, Kind.AZURE_PLAN}
    shown: dict[str, Json] = {
        "id": subscription.id,
        "offerId": subscription.offer_id,
        "offerName": subscription.offer_name,
        "friendlyName": subscription.friendly_name,
        "quantity": subscription.quantity,
        "unitType": "Usage-based" if usage else "Licenses",
        "parentSubscriptionId": subscription.parent_id,
        "creationDate": instant(subscription.created_at),
        "effectiveStartDate": instant(subscription.created_at),
        "commitmentEndDate": NEVER if ends_at is None else instant(ends_at),
        "status": subscription.status,
        "autoRenewEnabled": subscription.auto_renews,
        "billingType": "usage" if usage else "license",
        "billingCycle": subscription.billing_cycle,
        "partnerId": subscription.partner_mpn_id,
        "contractType": "subscription",
        "links": _links(subscription),
        "orderId": subscription.order_id,
        "attributes": {"etag": subscription.etag, "objectType": "Subscription"},
    }
    return without_nulls(shown | _new_commerce(subscription))


def instant(timestamp: float) -> str:
    return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _new_commerce(subscription: Subscription) -> dict[str, Json]:
    until = None if subscription.cancellable_until is None else instant(subscription.cancellable_until)
    if subscription.kind == Kind.MARKETPLACE:
        options: Json = None if until is None else [{"type": "Full", "expiresAt": until}]
        return {
            "isMicrosoftProduct": False,
            "publisherName": "Publisher",
            "termDuration": subscription.term,
            "refundOptions": options,
        }
    if subscription.kind not in {Kind.NCE, Kind.AZURE_PLAN}:
        return {}
    ends_at = subscription.term_ends_at
    kind = ("Azure", "AzurePlan") if subscription.kind == Kind.AZURE_PLAN else ("OnlineServicesNCE", None)
    return {
        "isMicrosoftProduct": True,
        "productType": without_nulls({"id": kind[0], "displayName": kind[0], "subType": kind[1]}),
        "termDuration": subscription.term,
        "commitmentEndDateTime": NEVER if ends_at is None else instant(ends_at),
        "cancellationAllowedUntilDate": until,
        "actions": ["edit", "cancel"] if until else ["edit"],
    }


def _links(subscription: Subscription) -> Json:
    base = f"/customers/{subscription.customer_id}/subscriptions"
    links: dict[str, Json] = {"self": _link(f"{base}/{subscription.id}")}
    if subscription.parent_id is not None:
        links["parentSubscription"] = _link(f"{base}/{subscription.parent_id}")
    return links


def _link(uri: str) -> Json:
    return {"uri": uri, "method": "GET", "headers": []}
