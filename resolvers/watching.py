"""Following what happens: jobs as they go on, agreements as they change."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import UUID

from models import Job
from repositories.audit import RecordedEvent
from resolvers.context import Context
from resolvers.operations import require

LOOK_EVERY_SECONDS = 0.25
LOOK_WHEN_IDLE_SECONDS = 1.0
"""Between looks for agreements' changes: hundreds of idle followers must not keep a processor busy."""

_EVENTS_AT_ONCE = 500


async def watch_job(context: Context, job_id: UUID) -> AsyncGenerator[Job]:
    """Yield the job as it is, then whenever it has changed, until it has ended.

    Raises:
        NotFound: There is no such job.
    """
    seen: tuple[object, ...] | None = None
    with context.signals.expect(job_id) as ended:
        while True:
            ended.clear()
            async with context.look() as view:
                job = require(await view.jobs.peek(job_id), "job", "id")
            state = _state(job)
            if state != seen:
                seen = state
                yield job
            if job.is_finished:
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), LOOK_EVERY_SECONDS)


def _state(job: Job) -> tuple[object, ...]:
    counts = (job.considered, job.created, job.updated, job.unchanged, job.skipped, job.failed)
    return (job.status, *counts, job.error, job.started_at, job.finished_at)


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
    place = await _present(context) if after is None else _Place(after, {after})
    while True:
        events = await _news(context, place, account_id)
        for event in events:
            yield event
        if not events:
            await asyncio.sleep(LOOK_WHEN_IDLE_SECONDS)


@dataclass
class _Place:
    """How far a watcher is: the newest event seen, and all that were seen since what is settled."""

    newest: UUID
    seen: set[UUID] = field(default_factory=set[UUID])


async def _present(context: Context) -> _Place:
    async with context.look() as view:
        place = _Place(await view.audit.get_newest_agreement_event())
        settled = view.audit.settled_before(place.newest)
        while events := await view.audit.list_agreement_events(
            after=settled, account_id=None, limit=_EVENTS_AT_ONCE
        ):
            place.seen.update(event.id for event in events)
            place.newest = settled = events[-1].id
    return place


async def _news(context: Context, place: _Place, account_id: UUID | None) -> Sequence[RecordedEvent]:
    """What the watcher has not seen yet, some of it; moves the place on."""
    async with context.look() as view:
        found = await view.audit.list_agreement_events(
            after=view.audit.settled_before(place.newest),
            account_id=account_id,
            limit=_EVENTS_AT_ONCE + len(place.seen),
        )
        news = [event for event in found if event.id not in place.seen]
        if news:
            place.newest = max(place.newest, news[-1].id)
            settled = view.audit.settled_before(place.newest)
            place.seen = {each for each in (*place.seen, *(event.id for event in news)) if each > settled}
    return news
