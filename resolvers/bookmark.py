"""How far somebody has come in what happens to agreements."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self
from uuid import UUID

from repositories.audit import AuditTrail, RecordedEvent

EVENTS_AT_ONCE = 500


@dataclass
class Bookmark:
    """The newest event seen, and all that were seen since what is settled.

    Attributes:
        newest: The newest event seen.
        settled: No event turns up any more that is not later than this.
        seen: What was seen of the rest.
    """

    newest: UUID
    settled: UUID
    seen: frozenset[UUID] = frozenset()

    @classmethod
    async def present(cls, audit: AuditTrail) -> Self:
        """Stand after everything that is recorded."""
        newest = await audit.get_newest_agreement_event()
        bookmark, more = cls(newest, audit.settled_before(newest)), True
        while more:
            _, more = await bookmark.read(audit, account_id=None)
        return bookmark

    def copy(self) -> Self:
        return replace(self)

    async def read(
        self, audit: AuditTrail, *, account_id: UUID | None
    ) -> tuple[Sequence[RecordedEvent], bool]:
        """Move on by what has not been seen yet, or some of it; tells whether there may be more."""
        self.settled = audit.settled_before(self.newest)
        limit = EVENTS_AT_ONCE + len(self.seen)
        found = await audit.list_agreement_events(after=self.settled, account_id=account_id, limit=limit)
        return self.admit(found), len(found) == limit

    def admit(self, events: Sequence[RecordedEvent]) -> Sequence[RecordedEvent]:
        """Move on by those of the events that have not been seen yet, and give them."""
        news = [each for each in events if each.id > self.settled and each.id not in self.seen]
        if news:
            last = max(news, key=lambda event: event.id)
            if last.id > self.newest:
                self.newest, self.settled = last.id, last.settled
            seen = (*self.seen, *(each.id for each in news))
            self.seen = frozenset(each for each in seen if each > self.settled)
        return news
