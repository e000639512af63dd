"""How the job engine is run; the program's settings decide."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class EngineSettings:
    """What can be set.

    Attributes:
        polling_interval: How often the queue is looked at; the longest that a job waits before it starts.
        lease: After this long without a sign of life another process takes over a process's work.
        retention: How long the record of finished work is kept; jobs themselves are kept for good.
        acceptance_poll_interval: How often providers are asked whether customers have accepted.
        sync_schedule: When all automatic providers are read: a cron expression, in UTC.
    """

    polling_interval: timedelta = timedelta(milliseconds=200)
    lease: timedelta = timedelta(seconds=60)
    retention: timedelta = timedelta(days=30)
    acceptance_poll_interval: timedelta = timedelta(minutes=15)
    sync_schedule: str = "0 3 * * *"
