"""Runs the real job engine for tests, in this process or in one that can be killed."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from support.contexts import NoProviders, Rows, rows_of, some_documents, utc_now
from support.factories import PARTNER_CENTER
from uuid_utils.compat import uuid7

from agreements_api.database import Database
from jobs.queue import JobQueue
from jobs.runtime import EngineSettings, JobEngine
from jobs.schedules import Schedule
from jobs.workflows import WORKFLOWS, Workflow
from models import Account, Job, ProviderAccount
from models.text import fold
from resolvers.context import Context
from resolvers.lookouts import Lookouts
from resolvers.waiting import JobSignals

SETTINGS = EngineSettings(polling_interval=timedelta(milliseconds=50), lease=timedelta(seconds=1))


@dataclass(frozen=True)
class Program:
    """One process's worth of the program: its database, its way into the resolvers, its engines."""

    database: Database
    context: Context

    @property
    def rows(self) -> Rows:
        return rows_of(self.database)

    def engine(
        self, workflows: Mapping[str, Workflow] = WORKFLOWS, planned: Sequence[Schedule] = ()
    ) -> JobEngine:
        return JobEngine(self.database.url, self.context, SETTINGS, workflows=workflows, planned=planned)

    @asynccontextmanager
    async def doing_jobs(
        self, workflows: Mapping[str, Workflow] = WORKFLOWS, planned: Sequence[Schedule] = ()
    ) -> AsyncGenerator[JobEngine]:
        engine = self.engine(workflows, planned)
        await engine.launch()
        try:
            yield engine
        finally:
            await engine.close()

    async def job(self, job_id: UUID) -> Job:
        async with self.context.look() as view:
            job = await view.jobs.peek(job_id)
        assert job is not None
        return job

    async def ended(self, job_id: UUID) -> Job:
        """Wait until the job has ended, whichever process does it."""
        await until(lambda: self._has_ended(job_id))
        return await self.job(job_id)

    async def _has_ended(self, job_id: UUID) -> bool:
        return (await self.job(job_id)).is_finished


@asynccontextmanager
async def a_program(url: str) -> AsyncIterator[Program]:
    async with Database(url) as database:
        queue = JobQueue(url)
        transactions = database.transactions(queue.enqueue, utc_now)
        try:
            context = Context(
                actor="local",
                transactions=transactions,
                providers=NoProviders(),
                now=utc_now,
                signals=JobSignals(),
                documents=some_documents(),
                lookouts=Lookouts(transactions),
                request_id="request-1",
            )
            yield Program(database, context)
        finally:
            queue.close()


async def until(condition: Callable[[], Any]) -> None:
    """Wait until the awaited condition holds."""
    async with asyncio.timeout(60):
        while not await condition():  # noqa: ASYNC110  # it may hold in another process
            await asyncio.sleep(0.02)


@asynccontextmanager
async def job_process(url: str) -> AsyncGenerator[asyncio.subprocess.Process]:
    """Run the jobs of the database in a process of its own, until it is killed; ready when entered."""
    root = Path(__file__).parents[2]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "support.job_process",
        url,
        env={**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{root / 'tests'}"},
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        assert await process.stdout.readline() == b"ready\n"
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
        await process.communicate()


async def customers(database: Database, count: int, **values: object) -> list[UUID]:
    """Make accounts, each with a provider account at Partner Center; gives the latter's ids, in order."""
    now = utc_now()
    system: dict[str, object] = {
        "created_at": now,
        "created_by": "test",
        "updated_at": now,
        "updated_by": "test",
        "revision": 1,
    }
    numbers = range(1, count + 1)
    accounts = [
        {"id": uuid7(), "name": f"Customer {n} GmbH", "name_fold": f"customer {n} gmbh", "status": "ACTIVE"}
        for n in numbers
    ]
    provider_accounts = [
        {
            "id": uuid7(),
            "provider_id": PARTNER_CENTER,
            "provider_specific_id": f"tenant-{n}",
            "provider_name": f"Tenant {n}",
            "name_fold": fold(f"Tenant {n}"),
            "account_id": account["id"],
            "mapping": "AUTO",
            "sync_enabled": True,
            "status": "ACTIVE",
            **values,
        }
        for n, account in zip(numbers, accounts, strict=True)
    ]
    async with database.writes.begin() as connection:
        for entity, rows in ((Account, accounts), (ProviderAccount, provider_accounts)):
            await connection.execute(insert(entity.__table__), [{**row, **system} for row in rows])
    return [row["id"] for row in provider_accounts]
