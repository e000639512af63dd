"""Jobs and their items, for the write side."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from models import Job, JobKind, JobStatus
from repositories.base import Repository

_UNFINISHED = (JobStatus.QUEUED, JobStatus.RUNNING)


class JobRepository(Repository[Job]):
    model = Job

    async def get_unfinished_sync(self, provider_id: UUID) -> Job | None:
        """Read the sync of the provider that is queued or running."""
        return await self._session.scalar(
            select(Job).where(
                Job.kind == JobKind.SYNC, Job.provider_id == provider_id, Job.status.in_(_UNFINISHED)
            )
        )

    async def list_unfinished_provisionings(self, provider_id: UUID) -> Sequence[Job]:
        """Read the provisionings at the provider that are queued or running, oldest first."""
        return (
            await self._session.scalars(
                select(Job)
                .where(
                    Job.kind == JobKind.PROVISION,
                    Job.provider_id == provider_id,
                    Job.status.in_(_UNFINISHED),
                )
                .order_by(Job.id)
            )
        ).all()
