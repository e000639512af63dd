"""What a customer has, read from Partner Center."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

from providers.base import Subscription, SubscriptionStatus
from providers.partner_center.paging import page_of
from providers.record import Record, identifier

NEVER = 9999
"""The year of an end that does not come."""

_STATUSES = {
    "active": SubscriptionStatus.ACTIVE,
    "suspended": SubscriptionStatus.SUSPENDED,
    "disabled": SubscriptionStatus.SUSPENDED,
    "deleted": SubscriptionStatus.ENDED,
    "expired": SubscriptionStatus.ENDED,
}
_PRODUCT_SKU_AVAILABILITY = re.compile(r"[^:\s]+:[^:\s]+:[^:\s]+")


class Trade(Enum):
    """By whose rules a subscription ends.

    LEGACY: suspended at any time. TERM: bought for a term, cancelled only within days of the purchase. USAGE:
    bought like TERM but paid by use, so that there is no renewal to refuse.
    """

    LEGACY = auto()
    TERM = auto()
    USAGE = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A subscription with what ending it takes.

    Attributes:
        resource: As it was read: an update sends all of it back, or what it lacks is lost.
        cancellable_until: None if it cannot be cancelled.
        etag: None if it has none.
    """

    subscription: Subscription
    resource: Mapping[str, object]
    trade: Trade
    status: str
    cancellable_until: datetime | None
    etag: str | None

    @property
    def has_ended(self) -> bool:
        return self.subscription.status is SubscriptionStatus.ENDED or self.status == "disabled"


def held(body: object) -> Held:
    record = Record(body)
    trade = _trade(record)
    status = (record.text("status") or "none").casefold()
    parent_id = record.text("parentSubscriptionId")
    subscription_id = identifier(record.required("id"))
    ends_at = record.instant("commitmentEndDateTime") or record.instant("commitmentEndDate")
    return Held(
        subscription=Subscription(
            id=subscription_id,
            name=record.text("friendlyName") or record.text("offerName") or subscription_id,
            status=_STATUSES.get(status, SubscriptionStatus.OTHER),
            quantity=record.integer("quantity"),
            auto_renews=record.flag("autoRenewEnabled"),
            parent_id=identifier(parent_id) if parent_id else None,
            term_ends_on=ends_at.date() if ends_at and ends_at.year != NEVER else None,
        ),
        resource=record.members,
        trade=trade,
        status=status,
        cancellable_until=None if trade is Trade.LEGACY else _cancellable_until(record),
        etag=(record.record("attributes").text("etag") or "").strip('"') or None,
    )


def additions_first(subscriptions: Sequence[Subscription]) -> Sequence[Subscription]:
    """Put each before what it is added to, and leave the order otherwise."""
    parents = {each.id: each.parent_id for each in subscriptions}

    def depth(subscription: Subscription) -> int:
        seen: set[str] = set()
        parent_id = subscription.parent_id
        while parent_id in parents and parent_id not in seen:
            seen.add(parent_id)
            parent_id = parents[parent_id]
        return len(seen)

    return sorted(subscriptions, key=depth, reverse=True)


subscriptions = page_of(held)


def _trade(record: Record) -> Trade:
    """Tell by the offer: only new ones are named by product, SKU and availability."""
    offer_id = record.text("offerId") or ""
    if not _PRODUCT_SKU_AVAILABILITY.fullmatch(offer_id) and "cancellationAllowedUntilDate" not in record:
        return Trade.LEGACY
    return Trade.USAGE if (record.text("billingType") or "").casefold() == "usage" else Trade.TERM


def _cancellable_until(record: Record) -> datetime | None:
    """Take the one date, or the latest on which money is given back, which is how older answers say it."""
    until = record.instant("cancellationAllowedUntilDate")
    if until is not None:
        return until
    refunds = [Record(option) for option in record.items("refundOptions")]
    dates = [option.instant("expiresAt") or option.instant("expiresAfter") for option in refunds]
    return max((each for each in dates if each is not None), default=None)
