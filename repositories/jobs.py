"""Jobs and their items, for the write side."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import delete, select

from models import Job, JobItem, JobItemOutcome, JobKind, JobStatus
from repositories.base import Repository

_UNFINISHED = (JobStatus.QUEUED, JobStatus.RUNNING)
_UNDONE = (JobItemOutcome.FAILED, JobItemOutcome.SKIPPED)


class JobRepository(Repository[Job]):
    model = Job

    async def get_unfinished_sync(self, provider_id: UUID) -> Job | None:
        """Read the sync of the provider that is queued or running."""
        return await self._session.scalar(
            select(Job).where(
                Job.kind == JobKind.SYNC, Job.provider_id == provider_id, Job.status.in_(_UNFINISHED)
            )
        )

    async def get_unfinished_offboarding(self, provider_account_id: UUID) -> Job | None:
        """Read the off-boarding of the provider account that is queued or running."""
        return await self._session.scalar(
            select(Job).where(
                Job.kind == JobKind.OFFBOARD,
                Job.provider_account_id == provider_account_id,
                Job.status.in_(_UNFINISHED),
            )
        )

    async def get_newest_sync(self, provider_id: UUID) -> Job | None:
        """Read the provider's sync that was asked for last."""
        return await self._session.scalar(
            select(Job)
            .where(Job.kind == JobKind.SYNC, Job.provider_id == provider_id)
            .order_by(Job.id.desc())
            .limit(1)
        )

    async def list_by_ids(self, job_ids: Collection[UUID]) -> Sequence[Job]:
        """Those of the jobs that there are, in no order."""
        return (await self._session.scalars(select(Job).where(Job.id.in_(job_ids)))).all()

    async def get_item(self, job_id: UUID, key: str) -> JobItem | None:
        return await self._session.scalar(select(JobItem).where(JobItem.job_id == job_id, JobItem.key == key))

    async def list_items(self, job_id: UUID) -> Sequence[JobItem]:
        """Everything that became of the job's rows, in order: only for a job of few rows."""
        return (
            await self._session.scalars(select(JobItem).where(JobItem.job_id == job_id).order_by(JobItem.id))
        ).all()

    async def forget_undone_items(self, job_id: UUID) -> None:
        """Let what went wrong, or was skipped for what went wrong, be tried again."""
        await self._session.execute(
            delete(JobItem).where(JobItem.job_id == job_id, JobItem.outcome.in_(_UNDONE))
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
