"""Work that nobody asks for: done every day or every few minutes, by one process of all."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final

from jobs import upkeep
from jobs.settings import EngineSettings
from jobs.work import Work
from resolvers import awaiting, documents, expiry, notifications, sync

_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_HOURS: Final = 24

POLL_ACCEPTANCES: Final = "poll_acceptances"


@dataclass(frozen=True)
class Schedule:
    """A workflow and when it runs.

    Attributes:
        name: Unique, and stable: the last run is remembered under it.
        cron: When, in UTC.
        body: What it does.
        made_up_for: Whether runs that were missed while no process was up are done at the next start, each
            of them: for what is done once a day.
    """

    name: str
    cron: str
    body: Callable[[Work], Awaitable[None]]
    made_up_for: bool = True


def schedules(settings: EngineSettings) -> Sequence[Schedule]:
    return (
        Schedule("sync_provider_accounts", settings.sync_schedule, _sync_provider_accounts),
        Schedule(
            POLL_ACCEPTANCES,
            every(settings.acceptance_poll_interval),
            _poll_acceptances,
            made_up_for=False,
        ),
        Schedule("expire_agreements", "10 0 * * *", _expire_agreements),
        Schedule("tidy_up", "40 4 * * *", partial(_tidy_up, retention=settings.retention)),
        Schedule("sweep_documents", "20 4 * * *", _sweep_documents),
        Schedule("sync_when_told", "* * * * *", _sync_when_told, made_up_for=False),
        Schedule("end_broken_jobs", "*/5 * * * *", _end_broken_jobs, made_up_for=False),
    )


async def _sync_provider_accounts(work: Work) -> None:
    await work.step(sync.start_scheduled_syncs)


async def _sync_when_told(work: Work) -> None:
    await work.step(notifications.start_told_syncs)


async def _poll_acceptances(work: Work) -> None:
    # Many waiting customers, or a slow provider, can take longer than the interval.
    if await work.step(upkeep.is_first_under_way, POLL_ACCEPTANCES, work.id):
        await work.step(awaiting.poll_acceptances)


async def _expire_agreements(work: Work) -> None:
    await work.step(expiry.expire_agreements)


async def _tidy_up(work: Work, *, retention: timedelta) -> None:
    await work.step(expiry.forget_idempotency_keys)
    await work.step(upkeep.delete_finished_work, retention.total_seconds())


async def _sweep_documents(work: Work) -> None:
    await work.step(documents.sweep_contents)


async def _end_broken_jobs(work: Work) -> None:
    await work.step(upkeep.end_broken_jobs)


def every(interval: timedelta) -> str:
    """The cron expression that comes nearest to the interval: every so many seconds, minutes or hours."""
    seconds = max(1, round(interval.total_seconds()))
    minutes, hours = round(seconds / _MINUTE), round(seconds / _HOUR)
    if seconds < _MINUTE:
        return f"*/{seconds} * * * * *"
    return f"*/{minutes} * * * *" if minutes < _MINUTE else f"0 */{min(hours, _HOURS - 1)} * * *"
