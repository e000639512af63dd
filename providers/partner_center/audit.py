"""What changed about customers, by Partner Center's audit log."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from providers.base import CustomerChange
from providers.clock import Clock
from providers.errors import InputRefused, Unsupported
from providers.partner_center.paging import Page, page_of
from providers.partner_center.session import Call, Session
from providers.record import Record, identifier

KEPT = timedelta(days=90)
"""How far back the log reaches."""

PAGE_SIZE = 500
MOST_CHANGES = 500

_DAY = timedelta(days=1)
_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)
_WITHOUT_EFFECT = frozenset({"failed", "decline", "declined"})
_REMOVALS = frozenset({"remove_partner_customer_relationship", "delete_customer", "delete_tip_customer"})
_OTHER_MATTERS = frozenset(
    [
        "application",
        "applicationcredential",
        "applicationpassword",
        "cart",
        "configurationpolicy",
        "customerdirectoryrole",
        "customeruser",
        "devicebatch",
        "device",
        "invoice",
        "license",
        "mpnassociation",
        "order",
        "partneruser",
        "referral",
        "servicerequest",
        "softwarekey",
        "subscription",
        "thirdpartyaddon",
        "userdirectoryrole",
        "transfer",
    ]
)
"""Kinds of resources, without case and underscores, that say nothing of the customer itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A line of the log; `id` tells one page from the next."""

    id: str | None
    customer_id: str | None
    resource_type: str
    operation: str
    status: str
    at: datetime | None

    @property
    def is_change(self) -> bool:
        """Whether it is about the customer itself; new kinds of operations are, for all that we know."""
        return self.status not in _WITHOUT_EFFECT and self.resource_type not in _OTHER_MATTERS


class AuditLog:
    """Reads the log as the application, day by day, as the service recommends."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self._session = session
        self._clock = clock

    async def changes(self, since: datetime) -> AsyncIterator[Sequence[CustomerChange]]:
        """Give the changes of each day, of a customer only the last one of the day."""
        now = self._clock.now()
        if now - since >= KEPT:
            raise Unsupported(f"Partner Center keeps its audit log for {KEPT.days} days.")
        for day in _days(since.astimezone(UTC).date(), now.date()):
            changes = await self._of_day(day, since)
            for start in range(0, len(changes), MOST_CHANGES):
                yield changes[start : start + MOST_CHANGES]

    async def _of_day(self, day: date, since: datetime) -> Sequence[CustomerChange]:
        """Read a day; the log comes in any order, and whoever was removed may have come back."""
        last: dict[str, tuple[datetime, bool]] = {}
        try:
            async for entries in self._session.pages(_pages(day)):
                for entry in entries:
                    if entry.customer_id is not None and entry.is_change and _is_of(entry, day, since):
                        found = entry.at or _BEFORE_ALL, entry.operation in _REMOVALS
                        last[entry.customer_id] = max(last.get(entry.customer_id, found), found, key=_lasting)
        except InputRefused as error:
            raise Unsupported(
                error.message,
                provider_code=error.provider_code,
                request_id=error.request_id,
                correlation_id=error.correlation_id,
            ) from error
        return [CustomerChange(customer_id=each, removed=removed) for each, (_, removed) in last.items()]


def entry(body: object) -> Entry:
    record = Record(body)
    customer_id = record.text("customerId")
    return Entry(
        id=record.text("id"),
        customer_id=identifier(customer_id) if customer_id else None,
        resource_type=(record.text("resourceType") or "").replace("_", "").casefold(),
        operation=(record.text("operationType") or "").casefold(),
        status=(record.text("operationStatus") or "").casefold(),
        at=record.instant("operationDate"),
    )


def _pages(day: date) -> Call[Page[Entry]]:
    """Ask for a day and the next one, since it is told nowhere whether the last day is among the answer."""
    params = {
        "startDate": day.isoformat(),
        "endDate": (day + _DAY).isoformat(),
        "size": str(PAGE_SIZE),
    }
    return Call(path="/auditrecords", params=params, read=page_of(entry))


def _days(first: date, last: date) -> Sequence[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _is_of(entry: Entry, day: date, since: datetime) -> bool:
    return entry.at is None or (entry.at.date() == day and entry.at >= since)


def _lasting(change: tuple[datetime, bool]) -> tuple[datetime, bool]:
    """Order by time; of two at the same time that one counts after which the customer is still there."""
    at, removed = change
    return at, not removed
