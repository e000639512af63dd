"""Keeps the engine's records short and in step with the jobs."""

from datetime import timedelta
from uuid import UUID

from dbos import DBOS

from resolvers.context import Context
from resolvers.jobs import fail_job

_BATCH = 500
_BROKEN = ["ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
_LOOK_BACK = timedelta(days=2)


async def delete_finished_work(context: Context, retention_seconds: float) -> int:
    """Delete the engine's records of work that ended longer ago than this; jobs and their items stay.

    Returns:
        How many there were.
    """
    before = (context.now() - timedelta(seconds=retention_seconds)).isoformat()
    deleted = 0
    while True:
        finished = await DBOS.list_workflows_async(
            status=["SUCCESS", *_BROKEN],
            completed_before=before,
            limit=_BATCH,
            load_input=False,
            load_output=False,
        )
        if not finished:
            return deleted
        await DBOS.delete_workflows_async([workflow.workflow_id for workflow in finished])
        deleted += len(finished)


async def end_broken_jobs(context: Context) -> int:
    """Fail the jobs whose work has ended without saying so, as when the database was away for long.

    Returns:
        How many pieces of work were looked at.
    """
    broken = await DBOS.list_workflows_async(
        status=_BROKEN,
        completed_after=(context.now() - _LOOK_BACK).isoformat(),
        load_input=False,
        load_output=False,
    )
    for workflow in broken:
        job_id, _, attempt = workflow.workflow_id.partition(":")
        if attempt.isdigit():
            await _end(context, UUID(job_id), workflow.workflow_id)
    return len(broken)


async def _end(context: Context, job_id: UUID, work_id: str) -> None:
    async with context.unit_of_work() as uow:
        job = await uow.jobs.peek(job_id)
    if job is not None and job.workflow_id == work_id and not job.is_finished:
        await fail_job(context, str(job_id), "Internal error.")
        context.signals.ended(job_id)
