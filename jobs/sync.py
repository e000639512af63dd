"""The workflow of a sync: one walk over the provider's customers, done again from the start after a crash."""

from jobs.work import Work
from resolvers import sync_walk


async def sync(work: Work, job_id: str) -> None:
    await work.step(sync_walk.walk, job_id)
