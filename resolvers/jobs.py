"""What becomes of a job: waited for, cancelled, ended, started again."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import ExitStack, suppress
from uuid import UUID

from models import DomainError, Job, JobStatus, SyncState
from repositories import UnitOfWork
from resolvers.context import Context
from resolvers.operations import repeated, require

LONGEST_WAIT_SECONDS = 20
_LOOK_EVERY_SECONDS = 0.25


def check_wait(seconds: float) -> None:
    """Raises DomainError INVALID for a wait that is longer than a request may take."""
    if not 0 <= seconds <= LONGEST_WAIT_SECONDS:
        raise DomainError(f"The wait is 0 to {LONGEST_WAIT_SECONDS} seconds.", field=("waitSeconds",))


async def start_and_wait(
    context: Context, start: Callable[[UnitOfWork], Awaitable[Job]], *, seconds: float
) -> Job:
    """Commit a job that `start` has started in its unit of work, and wait for it.

    Args:
        context: Who asks.
        start: Gives the job, new, restarted, or the one that was made before under the same key.
        seconds: How long to wait at most; 0 not to wait.

    Returns:
        The job as it is when it has ended, or when the time is up.
    """
    with ExitStack() as waiting:
        async with context.unit_of_work() as uow:
            job = await start(uow)
            ended = waiting.enter_context(context.signals.expect(job.id))
            await uow.commit()
        if job.is_finished or seconds <= 0:
            return job
        return await wait_for_job(context, ended, job.id, seconds)


async def wait_for_job(context: Context, ended: asyncio.Event, job_id: UUID, seconds: float) -> Job:
    """Wait until the job has ended or the time is up.

    Args:
        context: Who waits.
        ended: From `context.signals.expect`, entered before the job was committed: it is set when this
            process does the work. The job's row tells when another one does.
        job_id: A committed job.
        seconds: How long at most; 0 asks how it stands.

    Returns:
        The job as it is then.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while not ended.is_set() and (left := deadline - loop.time()) > 0:
        with suppress(TimeoutError):
            async with asyncio.timeout(min(left, _LOOK_EVERY_SECONDS)):
                await ended.wait()
        if not ended.is_set() and (job := await _peek(context, job_id)).is_finished:
            return job
    return await _peek(context, job_id)


@repeated
async def cancel_job(context: Context, job_id: UUID) -> Job:
    """Ask the job's work to stop; it ends at its next step and keeps what it has done by then.

    Raises:
        NotFound: There is no such job.
        DomainError: JOB_FINISHED.
    """
    async with context.unit_of_work() as uow:
        job = require(await uow.jobs.get(job_id), "job", "jobId")
        job.cancel(uow.now)
        await uow.commit()
    return job


async def restart_if_failed(uow: UnitOfWork, job: Job, **arguments: str) -> bool:
    """Queue a failed job again in this unit of work; it goes on from where it was.

    Returns:
        Whether it had failed.
    """
    if job.status is not JobStatus.FAILED:
        return False
    job.restart()
    await uow.start(job, **arguments)
    return True


def stop_if_asked(job: Job, uow: UnitOfWork) -> bool:
    """End the job if somebody has asked for that; call it at each step, before anything is done.

    Returns:
        Whether it has ended, now or before.
    """
    if job.cancel_requested_at is not None:
        job.finish(JobStatus.CANCELLED, uow.now)
    return job.is_finished


async def finish_job(
    context: Context, job_id: str, status: str, error: str | None = None, code: str | None = None
) -> None:
    """Record how the job ended; one that has ended stays as it is.

    Args:
        context: The job's.
        job_id: The job.
        status: A JobStatus.
        error: One sentence for a person.
        code: An ErrorCode.
    """
    async with context.unit_of_work() as uow:
        job = await uow.jobs.get(UUID(job_id))
        if job is not None:
            job.finish(JobStatus(status), uow.now, error, code)
            await _let_push_be_retried(uow, job)
            await uow.commit()
    context.signals.ended(UUID(job_id))


async def _let_push_be_retried(uow: UnitOfWork, job: Job) -> None:
    """Show on a failed job's agreement that its provider was not told: nothing works on that any more."""
    agreement = await uow.agreements.get(job.agreement_id) if job.agreement_id else None
    if agreement is None or job.status is not JobStatus.FAILED:
        return
    if agreement.sync_state is SyncState.TO_PUSH:
        agreement.sync_state, agreement.sync_error = SyncState.PUSH_FAILED, job.error


async def fail_job(context: Context, job_id: str, error: str, code: str | None = None) -> None:
    """Record that the job failed; as `finish_job`."""
    await finish_job(context, job_id, JobStatus.FAILED.value, error, code)


async def _peek(context: Context, job_id: UUID) -> Job:
    async with context.look() as view:
        return require(await view.jobs.peek(job_id), "job")
