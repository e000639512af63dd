"""The workflow of bulk creation: one chunk a step, until there is no more."""

import asyncio

from jobs.work import Work
from resolvers import bulk

# SQLite's way of waiting for the one writer is unfair: chunk upon chunk without a gap kept requests of other
# processes waiting for many seconds, and the engine's own records with them.
_GAP_SECONDS = 0.01


async def bulk_create(work: Work, job_id: str) -> None:
    while await work.step(bulk.create_chunk, job_id):  # noqa: ASYNC110  # a gap, not a wait for something
        await asyncio.sleep(_GAP_SECONDS)
