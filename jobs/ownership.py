"""Which process runs which jobs: one on SQLite, any number on PostgreSQL; none leaves work behind."""

import asyncio
import logging
import os
import sys
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Final, Protocol
from uuid import uuid4

from dbos import DBOS, WorkflowStatus
from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from jobs.errors import AlreadyRunning
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


class LockFile:
    """One process for the SQLite file: the operating system holds the lock and drops it with the process.

    Work that it leaves behind is recorded under a fixed name, so the next process to start goes on with it.
    """

    executor = "local"

    def __init__(self, database: str) -> None:
        self._path = Path(f"{database}.jobs-lock")
        self._file: int | None = None

    async def take(self) -> None:
        file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock(file)
        except OSError:
            holder = os.read(file, 32).decode(errors="replace").strip()
            os.close(file)
            raise AlreadyRunning(
                f"Process {holder or 'unknown'} runs the jobs of this database ({self._path} is locked)."
            ) from None
        os.ftruncate(file, 0)
        os.write(file, str(os.getpid()).encode())
        self._file = file

    async def keep(self) -> None:
        """Nothing to do: the lock lasts as long as the process."""

    async def release(self) -> None:
        """Leave the file in place: who removes a lock file can remove another process's."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _lock(file: int) -> None:
    """Lock the file for this process alone; raises OSError when another has."""
    if sys.platform == "win32":
        import msvcrt  # noqa: PLC0415  # exists there only

        # Far beyond the text, which a locked byte could not be read.
        os.lseek(file, 1 << 20, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        os.lseek(file, 0, os.SEEK_SET)
    else:
        import fcntl  # noqa: PLC0415  # does not exist on Windows

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


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
