"""Keeps the engine's records short and in step with the jobs."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from dbos import DBOS

from jobs.system import base_id
from jobs.workflows import WORKFLOWS
from repositories.unit_of_work import PUSH_PREFIX
from resolvers.context import Context
from resolvers.jobs import fail_job
from resolvers.push import give_up

_BATCH = 500
_BROKEN = ["ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
_UNFINISHED = ["ENQUEUED", "DELAYED", "PENDING"]

INTERNAL_ERROR: Final = "Internal error."


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
    """End the jobs and pushes whose work broke without saying so, as when the database was away for long.

    Returns:
        How many pieces of work were looked at.
    """
    broken = await DBOS.list_workflows_async(
        status=_BROKEN, name=[*WORKFLOWS], limit=_BATCH, load_input=False, load_output=False
    )
    for workflow in broken:
        work_id = base_id(workflow.workflow_id)
        if work_id.startswith(PUSH_PREFIX):
            await _end_push(context, work_id)
        else:
            await _end_job(context, work_id)
        # Dealt with: otherwise it would be looked at again, and speak for work that came after it.
        await DBOS.delete_workflow_async(workflow.workflow_id)
    return len(broken)


async def is_first_under_way(_context: Context, name: str, run: str) -> bool:
    """Whether no earlier run of what is planned under this name is still under way."""
    under_way = await DBOS.list_workflows_async(
        name=name, status="PENDING", load_input=False, load_output=False
    )
    first = min(under_way, key=lambda each: (each.created_at or 0, each.workflow_id), default=None)
    return first is None or first.workflow_id == run


async def _end_job(context: Context, work_id: str) -> None:
    job_id = UUID(work_id.partition(":")[0])
    async with context.unit_of_work() as uow:
        job = await uow.jobs.peek(job_id)
    if job is not None and job.workflow_id == work_id and not job.is_finished:
        await fail_job(context, str(job_id), INTERNAL_ERROR)
        context.signals.ended(job_id)


async def _end_push(context: Context, work_id: str) -> None:
    agreement_id = work_id.split(":")[1]
    of_agreement = f"{PUSH_PREFIX}{agreement_id}:"
    if not await DBOS.list_workflows_async(
        workflow_id_prefix=of_agreement, status=_UNFINISHED, load_input=False, load_output=False
    ):
        await give_up(context, agreement_id, INTERNAL_ERROR)
