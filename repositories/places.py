"""Provider accounts by the thousand, read without loading them: most have not changed since the last sync."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, and_, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models import Job, JobItem, ProviderAccount, ProviderAccountStatus
from repositories.base import FOR_CHANGE


@dataclass(frozen=True, slots=True)
class Place:
    """A provider account, as far as a sync looks at it.

    Attributes:
        key: The provider's own id of the customer.
        is_active: Whether it is in use.
        takes_part: Whether it is active and synced.
    """

    id: UUID
    key: str
    name: str
    domain: str | None
    account_id: UUID | None
    missing_since: datetime | None
    is_active: bool
    takes_part: bool


class PlaceRepository:
    """Named questions of a sync about provider accounts; answers are bounded by what is asked for."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def list_by_keys(self, provider_id: UUID, keys: Collection[str]) -> Sequence[Place]:
        """Those of the provider's accounts with these ids, in no order."""
        return await self._places(
            _PLACES.where(
                ProviderAccount.provider_id == provider_id, ProviderAccount.provider_specific_id.in_(keys)
            )
        )

    async def list_listed(self, provider_id: UUID, *, after: UUID | None, limit: int) -> Sequence[Place]:
        """The provider's accounts that take part and are not missing, by id."""
        conditions = [
            ProviderAccount.provider_id == provider_id,
            ProviderAccount.missing_since.is_(None),
            _TAKES_PART,
        ]
        if after is not None:
            conditions.append(ProviderAccount.id > after)
        return await self._places(_PLACES.where(*conditions).order_by(ProviderAccount.id).limit(limit))

    async def list_for_change(self, provider_id: UUID, keys: Collection[str]) -> Sequence[ProviderAccount]:
        """The provider's accounts with these ids, locked, by id."""
        return (
            await self._session.scalars(
                select(ProviderAccount)
                .where(
                    ProviderAccount.provider_id == provider_id,
                    ProviderAccount.provider_specific_id.in_(keys),
                )
                .order_by(ProviderAccount.id)
                .with_for_update(**FOR_CHANGE)
            )
        ).all()

    async def touch(self, ids: Collection[UUID], seen_at: datetime) -> None:
        """Note when the provider last listed them; by itself that is no change of theirs."""
        await self._session.execute(
            update(ProviderAccount)
            .where(ProviderAccount.id.in_(ids))
            .values(last_synced_at=seen_at)
            .execution_options(synchronize_session=False)
        )

    async def list_unlisted(
        self, job: Job, *, seen_at: datetime, created_before: datetime, limit: int
    ) -> Sequence[ProviderAccount]:
        """Active accounts of the job's provider that a walk came by nowhere, not missing yet, locked.

        Args:
            job: The sync.
            seen_at: What the walk has touched those with that it came by; a dry run has made items instead.
            created_before: Those that no sync has ever seen count only if they are older than this.
            limit: The most to give; the least ids first.
        """
        unseen = or_(ProviderAccount.last_synced_at.is_(None), ProviderAccount.last_synced_at != seen_at)
        if job.dry_run:
            unseen = ~exists().where(
                JobItem.job_id == job.id, JobItem.key == ProviderAccount.provider_specific_id
            )
        return (
            await self._session.scalars(
                select(ProviderAccount)
                .where(
                    ProviderAccount.provider_id == job.provider_id,
                    ProviderAccount.status == ProviderAccountStatus.ACTIVE,
                    ProviderAccount.missing_since.is_(None),
                    or_(
                        ProviderAccount.last_synced_at.is_not(None),
                        ProviderAccount.created_at < created_before,
                    ),
                    unseen,
                )
                .order_by(ProviderAccount.id)
                .limit(limit)
                .with_for_update(**FOR_CHANGE)
            )
        ).all()

    async def _places(
        self, statement: Select[UUID, str, str, str | None, UUID | None, datetime | None, bool, bool]
    ) -> Sequence[Place]:
        return [Place(*row) for row in (await self._session.execute(statement)).all()]


_IS_ACTIVE = ProviderAccount.status == ProviderAccountStatus.ACTIVE
_TAKES_PART = and_(_IS_ACTIVE, ProviderAccount.sync_enabled.is_(True))
_PLACES = select(
    ProviderAccount.id,
    ProviderAccount.provider_specific_id,
    ProviderAccount.provider_name,
    ProviderAccount.domain,
    ProviderAccount.account_id,
    ProviderAccount.missing_since,
    _IS_ACTIVE,
    _TAKES_PART,
)
