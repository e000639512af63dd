"""Waiting for a job ends on time, whoever writes meanwhile."""

import asyncio

from support.patience import PATIENCE_SECONDS
from uuid_utils.compat import uuid7

from models import Job, JobKind, JobStatus
from resolvers.context import Context
from resolvers.jobs import wait_for_job


async def test_a_wait_ends_on_time_though_a_writer_holds_the_turn(context: Context) -> None:
    job = Job(
        id=uuid7(),
        kind=JobKind.BULK_CREATE,
        status=JobStatus.RUNNING,
        requested_at=context.now(),
        requested_by="local",
    )
    async with context.unit_of_work() as uow:
        uow.add(job)
        await uow.commit()
    loop = asyncio.get_running_loop()

    async with context.unit_of_work() as uow:
        assert await uow.jobs.get(job.id) is not None
        with context.signals.expect(job.id) as ended:
            began = loop.time()
            async with asyncio.timeout(PATIENCE_SECONDS):
                found = await wait_for_job(context, ended, job.id, 0.5)

    assert (found.id, found.status) == (job.id, JobStatus.RUNNING)
    assert loop.time() - began > 0.4
