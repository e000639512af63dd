"""The workflow of bulk creation: one chunk a step, until there is no more."""

from jobs.work import Work
from resolvers import bulk


async def bulk_create(work: Work, job_id: str) -> None:
    while await work.step(bulk.create_chunk, job_id):
        pass
