"""Which process runs which jobs: one on SQLite, any number on PostgreSQL; none leaves work behind."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Final, Protocol
from uuid import uuid4

from dbos import DBOS, WorkflowStatus
from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from jobs.system import LEASES, SCHEDULES_QUEUE

_logger = logging.getLogger(__name__)

# Any constant will do, as long as every process takes the same one.
_TAKING_OVER: Final = 0x4A4F_4253


class Ownership(Protocol):
    """A process's claim to run jobs, under the name that its work is recorded with."""

    executor: str

    async def take(self) -> None:
        """Claim it; raises AlreadyRunning."""
        ...

    async def keep(self) -> None:
        """Renew the claim, and take over what others have left, until cancelled."""
        ...

    async def release(self) -> None: ...


class Lease:
    """Any number of processes on one PostgreSQL: each renews a row, and takes over from those that stopped.

    A process that was only suspended finds its work taken when it records its next step, and stops; until
    then a step may run twice, which every step must bear anyway. The database's clock decides.
    """

    def __init__(self, engine: AsyncEngine, lease: timedelta) -> None:
        self.executor = uuid4().hex
        self._engine = engine
        self._lease = lease

    async def take(self) -> None:
        await self._renew()

    async def keep(self) -> None:
        pause = self._lease.total_seconds() / 12
        while True:
            try:
                await self._renew()
                await self._take_over()
            except (SQLAlchemyError, OSError):
                _logger.warning("The lease of this process's jobs could not be renewed.", exc_info=True)
            await asyncio.sleep(pause)

    async def release(self) -> None:
        """Let the others take over at once what this process leaves behind."""
        with suppress(SQLAlchemyError, OSError):
            async with self._engine.begin() as connection:
                await connection.execute(delete(LEASES).where(LEASES.c.executor == self.executor))

    async def _renew(self) -> None:
        now = func.clock_timestamp()
        async with self._engine.begin() as connection:
            await connection.execute(
                insert(LEASES)
                .values(executor=self.executor, beat=now)
                .on_conflict_do_update(index_elements=["executor"], set_={"beat": now})
            )

    async def _take_over(self) -> None:
        """Queue again what is recorded as running under the name of no living process."""
        is_alive = LEASES.c.beat > func.clock_timestamp() - self._lease
        async with self._engine.begin() as connection:
            if not await connection.scalar(select(func.pg_try_advisory_xact_lock(_TAKING_OVER))):
                return  # another process is at it
            # In this order: a process has its lease before it takes work.
            running = await DBOS.list_workflows_async(status="PENDING", load_input=False, load_output=False)
            living = set(await connection.scalars(select(LEASES.c.executor).where(is_alive)))
            await _resume([workflow for workflow in running if workflow.executor_id not in living])
            await connection.execute(delete(LEASES).where(~is_alive))


async def _resume(left: Sequence[WorkflowStatus]) -> None:
    by_queue: defaultdict[str, list[str]] = defaultdict(list)
    for workflow in left:
        by_queue[workflow.queue_name or SCHEDULES_QUEUE].append(workflow.workflow_id)
    for queue, workflows in by_queue.items():
        await DBOS.resume_workflows_async(workflows, queue_name=queue)
    if left:
        _logger.info("Taking over %d jobs from processes that stopped.", len(left))
