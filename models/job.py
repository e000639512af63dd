"""Jobs: work that outlives the request that asked for it, with counts and an outcome per row."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.agreement import Agreement
from models.base import JSON_VALUE, KEY_TEXT, Base, Entity, text_enum
from models.enums import JobItemOutcome, JobKind, JobStatus
from models.errors import DomainError, ErrorCode
from models.provider_account import ProviderAccount

_UNFINISHED = "status IN ('QUEUED', 'RUNNING')"
_UNFINISHED_PROVISION = text(f"kind = 'PROVISION' AND {_UNFINISHED}")
_UNFINISHED_OFFBOARD = text(f"kind = 'OFFBOARD' AND {_UNFINISHED}")
_UNFINISHED_SYNC = text(f"kind = 'SYNC' AND {_UNFINISHED}")
FINISHED = frozenset({JobStatus.SUCCEEDED, JobStatus.PARTIAL, JobStatus.FAILED, JobStatus.CANCELLED})


class Job(Entity):
    """A piece of durable work.

    It is no subject of the audit trail, which its effects are; its own progress would drown them.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        Index(None, "kind", "status", "id"),
        Index(None, "status", "id"),
        Index(None, "kind", "id"),
        Index(
            "uq_jobs_unfinished_provision",
            "provider_id",
            "account_id",
            unique=True,
            sqlite_where=_UNFINISHED_PROVISION,
            postgresql_where=_UNFINISHED_PROVISION,
        ),
        Index(
            "uq_jobs_unfinished_sync",
            "provider_id",
            unique=True,
            sqlite_where=_UNFINISHED_SYNC,
            postgresql_where=_UNFINISHED_SYNC,
        ),
        Index(
            "uq_jobs_unfinished_offboard",
            "provider_account_id",
            unique=True,
            sqlite_where=_UNFINISHED_OFFBOARD,
            postgresql_where=_UNFINISHED_OFFBOARD,
        ),
    )

    kind: Mapped[JobKind] = mapped_column(text_enum(JobKind))
    status: Mapped[JobStatus] = mapped_column(text_enum(JobStatus), default=JobStatus.QUEUED)
    considered: Mapped[int] = mapped_column(default=0)
    created: Mapped[int] = mapped_column(default=0)
    updated: Mapped[int] = mapped_column(default=0)
    unchanged: Mapped[int] = mapped_column(default=0)
    skipped: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    dry_run: Mapped[bool] = mapped_column(default=False)
    error: Mapped[str | None]
    error_code: Mapped[str | None]
    requested_at: Mapped[datetime]
    requested_by: Mapped[str]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    cancel_requested_at: Mapped[datetime | None]
    attempt: Mapped[int] = mapped_column(default=1)
    cursor: Mapped[str | None]
    sealed_credentials: Mapped[str | None]
    """A new tenant's first password, readable only by the request that waits for it."""
    arguments: Mapped[dict[str, Any]] = mapped_column(JSON_VALUE, default=dict)
    provider_id: Mapped[UUID | None] = mapped_column(ForeignKey("providers.id"))
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    template_id: Mapped[UUID | None] = mapped_column(ForeignKey("agreement_templates.id"))
    provider_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("provider_accounts.id"))
    agreement_id: Mapped[UUID | None] = mapped_column(ForeignKey("agreements.id"))

    items: Mapped[list["JobItem"]] = relationship(back_populates="job", lazy="raise")

    @property
    def is_finished(self) -> bool:
        return self.status in FINISHED

    @property
    def workflow_id(self) -> str:
        """The id of the run under way; a restarted job is a new run."""
        return f"{self.id}:{self.attempt}"

    def begin(self, now: datetime) -> None:
        """Say that the work is under way; repeating it changes nothing."""
        if self.status is JobStatus.QUEUED:
            self.status, self.started_at = JobStatus.RUNNING, self.started_at or now

    def finish(
        self, status: JobStatus, now: datetime, error: str | None = None, code: str | None = None
    ) -> None:
        """Say how the work ended; a finished job stays as it is."""
        if not self.is_finished:
            self.status, self.finished_at, self.error, self.error_code = status, now, error, code

    def restart(self) -> None:
        """Queue a failed or cancelled job again: it goes on from where it was."""
        self.status, self.attempt = JobStatus.QUEUED, self.attempt + 1
        self.error = self.error_code = self.finished_at = self.cancel_requested_at = None

    def cancel(self, now: datetime) -> None:
        """Ask the work to stop at its next step.

        Raises:
            DomainError: JOB_FINISHED.
        """
        if self.is_finished:
            raise DomainError(
                f"The job has ended already ({self.status.value.lower()}).",
                code=ErrorCode.JOB_FINISHED,
                field=("jobId",),
                entity=self.id,
            )
        self.cancel_requested_at = self.cancel_requested_at or now


class JobItem(Entity):
    """What became of one row of a job."""

    __tablename__ = "job_items"
    __table_args__ = (
        UniqueConstraint("job_id", "key"),
        Index(None, "job_id", "id"),
        Index(None, "job_id", "outcome", "id"),
    )

    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.id"))
    key: Mapped[str] = mapped_column(KEY_TEXT)
    outcome: Mapped[JobItemOutcome] = mapped_column(text_enum(JobItemOutcome))
    reason: Mapped[str | None]
    agreement_id: Mapped[UUID | None] = mapped_column(ForeignKey("agreements.id"))
    provider_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("provider_accounts.id"))

    job: Mapped[Job] = relationship(back_populates="items", lazy="raise")
    agreement: Mapped[Agreement | None] = relationship(lazy="raise")
    provider_account: Mapped[ProviderAccount | None] = relationship(lazy="raise")


class Counter(Base):
    """The last number given out under a name; taken in the transaction that uses it, so none is lost."""

    __tablename__ = "counters"
    AGREEMENTS: ClassVar = "agreements"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[int]
