"""What happened, in the order of its recording: for whoever watches without taking part in a transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from models import Agreement, AgreementEvent, AuditEvent

# Ids are given before the commit. On PostgreSQL one transaction may commit before another that took its ids
# earlier, so what is older than this counts as settled; SQLite has one writer at a time.
_SETTLING = timedelta(seconds=5)
_RANDOM_BITS = 80


@dataclass(frozen=True)
class RecordedEvent:
    """That an agreement changed.

    Attributes:
        id: Orders events by the instant of their recording.
        agreement_id: Which.
        account_id: Whose the agreement is now.
        type: How.
        settled: What `AuditTrail.settled_before` tells of this event.
    """

    id: UUID
    agreement_id: UUID
    account_id: UUID | None
    type: AgreementEvent
    settled: UUID


class AuditTrail:
    """Questions about the audit trail."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    def settled_before(self, event_id: UUID) -> UUID:
        """An id before which no event will turn up any more once this one has been seen; itself at best."""
        return event_id if self._is_sqlite else _a_moment_before(event_id)

    @property
    def _is_sqlite(self) -> bool:
        return self._session.get_bind().dialect.name == "sqlite"

    async def get_newest_agreement_event(self) -> UUID:
        """The id of the last event so far; the least id of all if there is none."""
        newest = select(AuditEvent.id).where(AuditEvent.entity == Agreement.__name__)
        return await self._session.scalar(newest.order_by(AuditEvent.id.desc()).limit(1)) or UUID(int=0)

    async def list_agreement_events(
        self, *, after: UUID, account_id: UUID | None, limit: int
    ) -> Sequence[RecordedEvent]:
        """The first events after the id, in the order of ids; of one account's agreements if one is given."""
        statement: Select[UUID, UUID, UUID | None, str] = select(
            AuditEvent.id, AuditEvent.entity_id, Agreement.account_id, AuditEvent.type
        )
        of_agreement = Agreement.id == AuditEvent.entity_id
        statement = statement.join(Agreement, of_agreement, isouter=account_id is None)
        statement = statement.where(AuditEvent.entity == Agreement.__name__, AuditEvent.id > after)
        if account_id is not None:
            statement = statement.where(Agreement.account_id == account_id)
        found = await self._session.execute(statement.order_by(AuditEvent.id).limit(limit))
        is_sqlite = self._is_sqlite
        return [
            RecordedEvent(
                id_, agreement_id, account, AgreementEvent(type_), id_ if is_sqlite else _a_moment_before(id_)
            )
            for id_, agreement_id, account, type_ in found
        ]


def _a_moment_before(event_id: UUID) -> UUID:
    since = (event_id.int >> _RANDOM_BITS) - int(_SETTLING / timedelta(milliseconds=1))
    return UUID(int=max(since, 0) << _RANDOM_BITS)
