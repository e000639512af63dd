"""Following what happens: jobs as they go on, agreements as they change."""

from collections.abc import AsyncGenerator
from uuid import UUID

from models import Job
from repositories.audit import RecordedEvent
from resolvers.bookmark import Bookmark
from resolvers.context import Context
from resolvers.operations import require


async def watch_job(context: Context, job_id: UUID) -> AsyncGenerator[Job]:
    """Yield the job as it is, then whenever it has changed, until it has ended.

    Raises:
        NotFound: There is no such job.
    """
    lookout = context.lookouts.jobs
    with context.signals.expect(job_id, lookout.early):
        async with lookout.follow(job_id) as follower:
            while True:
                job = require(await follower.changed(), "job", "id")
                yield job
                if job.is_finished:
                    return


async def watch_agreements(
    context: Context, *, account_id: UUID | None = None, after: UUID | None = None
) -> AsyncGenerator[RecordedEvent]:
    """Yield what happens to agreements, for ever; each event at least once, in the order of recording.

    On PostgreSQL an event may come late, after one that was recorded a moment later, and the last seconds
    before `after` come again.

    Args:
        context: Who asks.
        account_id: Only agreements of this account; None for all.
        after: The last event that was seen before; None to begin with what happens from now on.
    """
    async with context.lookouts.agreements.follow(account_id) as follower:
        bookmark = await follower.present()
        if after is not None:
            bookmark, follower.behind = Bookmark(after, settled=after, seen=frozenset({after})), True
        while True:
            if follower.behind:
                # It joins first and reads then: what commits in between comes twice, and once it is known.
                follower.rejoin()
                more = True
                while more:
                    async with context.look() as view:
                        events, more = await bookmark.read(view.audit, account_id=account_id)
                    for event in events:
                        yield event
            for event in bookmark.admit(follower.take()):
                yield event
            await follower.wait()
