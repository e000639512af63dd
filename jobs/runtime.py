"""Runs jobs in this process: the engine on the program's own event loop, started and stopped with it."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from dbos import DBOS, DBOSClient, DBOSConfig, DBOSPortableJSONSerializer, EnqueueOptions, ScheduleInput
from sqlalchemy import URL, Engine

from jobs import system, upkeep
from jobs.lock_file import LockFile
from jobs.ownership import Lease, Ownership
from jobs.schedules import Schedule, schedules
from jobs.settings import EngineSettings
from jobs.work import Later, Waited, Work
from jobs.workflows import WORKFLOWS, Workflow
from models import DomainError
from providers.errors import ProviderError
from resolvers import jobs, push
from resolvers.context import Context

__all__ = ["EngineSettings", "JobEngine"]

_logger = logging.getLogger(__name__)

# The library's calls go through threads; a handful keeps up with one database.
_THREADS: Final = 8
# Runs at once in one process, by queue. A run whose provider asks for patience ends and comes back later, so
# these count calls that are under way: as many as a provider may be asked at once. What is planned is never
# kept waiting by what was asked for.
_AT_ONCE: Final[Mapping[str, int | None]] = {
    system.JOBS_QUEUE: 32,
    system.PROVISIONINGS_QUEUE: 32,
    system.PUSHES_QUEUE: 16,
    system.SCHEDULES_QUEUE: None,
}
# A look costs milliseconds, also while nothing happens, and nobody waits for what stands in these.
_LESS_OFTEN: Final = 5
_UNHURRIED: Final = frozenset({system.PUSHES_QUEUE, system.SCHEDULES_QUEUE})


class JobEngine:
    """The job engine of this process; at most one at a time.

    Work that is under way when it closes, or when the process dies, is gone on with by the next engine on
    the same database.
    """

    def __init__(  # noqa: PLR0913  # options, by name
        self,
        url: str | URL,
        context: Context,
        settings: EngineSettings,
        *,
        workflows: Mapping[str, Workflow] = WORKFLOWS,
        planned: Sequence[Schedule] | None = None,
        guard: Callable[[Engine], object] = lambda _: None,
    ) -> None:
        """Prepare; nothing is opened before `launch`.

        Args:
            url: The application's database, migrated by `jobs.migrate`.
            context: The way into the resolvers; each job acts through it under its own name.
            settings: How to run.
            workflows: What it can do, by the name it is enqueued under.
            planned: What it does unasked; None for all that the program plans.
            guard: Given what opens the database for its bookkeeping, before that is used.
        """
        self._workflows = workflows
        self._planned = schedules(settings) if planned is None else planned
        self._launched = False
        self._url, self._guard = url, guard
        self._context = context
        self._settings = settings
        self._engine: Engine | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._runs: set[asyncio.Task[Any]] = set()
        self._closing = False
        database = system.system_url(url).database
        self._ownership: Ownership = (
            LockFile(database or "")
            if system.is_sqlite(url)
            else Lease(context.transactions.engine, settings.lease)
        )

    async def launch(self) -> None:
        """Take up work, new and left over; call it in the event loop that the work is to run on.

        Raises:
            AlreadyRunning: Another process runs the jobs of this SQLite file.
        """
        await self._ownership.take()
        try:
            await self._launch()
        except BaseException:
            await self.close()
            raise

    async def _launch(self) -> None:
        system.quiet()
        self._launched = True
        self._engine = system.system_engine(self._url)
        self._guard(self._engine)
        DBOS(config=self._config(self._engine))
        for name, body in self._workflows.items():
            DBOS.workflow(name=name)(self._workflow(name, body))
        planned = [self._scheduled(schedule) for schedule in self._planned]
        await asyncio.to_thread(self._register_queues, self._engine)
        DBOS.launch()
        await DBOS.apply_schedules_async(planned)
        self._keeper = asyncio.create_task(self._ownership.keep(), name="job lease")

    def _register_queues(self, engine: Engine) -> None:
        """Store the queues before the launch: one that is new afterwards is noticed a second late."""
        client = DBOSClient(
            system_database_engine=engine,
            dbos_system_schema=system.SCHEMA,
            application_name=system.APP_NAME,
            serializer=DBOSPortableJSONSerializer(),
        )
        interval = self._settings.polling_interval.total_seconds()
        for name, at_once in _AT_ONCE.items():
            client.register_queue(
                name,
                worker_concurrency=at_once,
                polling_interval_sec=interval * (_LESS_OFTEN if name in _UNHURRIED else 1),
            )
        client.destroy()

    async def close(self) -> None:
        """Stop at once: runs are interrupted where they are, and go on from there next time.

        Harmless when repeated, or when it was never launched.
        """
        self._closing = True
        if self._launched:
            self._launched = False
            await self._stop()
        await self._ownership.release()

    async def _stop(self) -> None:
        logging.getLogger("dbos").setLevel(logging.CRITICAL)  # it warns of each run that is interrupted
        interrupted = [*self._runs] if self._keeper is None else [*self._runs, self._keeper]
        for task in interrupted:
            task.cancel()
        await asyncio.gather(*interrupted, return_exceptions=True)
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1) as thread:  # the loop goes on: the engine's threads may be waiting for it
            await loop.run_in_executor(thread, lambda: DBOS.destroy(destroy_registry=True))
        # The engine had made its own threads the loop's, and has ended them.
        loop.set_default_executor(ThreadPoolExecutor())
        if self._engine is not None:
            await system.close(self._engine)
        system.quiet()

    def _config(self, engine: Engine) -> DBOSConfig:
        return {
            "name": system.APP_NAME,
            "application_version": system.APP_VERSION,
            "executor_id": self._ownership.executor,
            "system_database_url": system.system_url(self._url).render_as_string(hide_password=False),
            "system_database_engine": engine,
            "dbos_system_schema": system.SCHEMA,
            "run_migrations": False,
            "serializer": DBOSPortableJSONSerializer(),  # not pickle: reading the database runs no code
            "log_level": "WARNING",
            "enable_otlp": False,
            "max_executor_threads": _THREADS,
            # Nothing here waits for its notifications, and closing waits for these loops to come round.
            "notification_listener_polling_interval_sec": 0.5,
            "notification_coalesce_sec": 0.5,
        }

    def _workflow(self, name: str, body: Workflow) -> Workflow:
        async def workflow(*, waited: dict[str, Any] | None = None, **arguments: str) -> None:
            async with self._interruptible():
                so_far = Waited(**waited or {})
                try:
                    await self._run(body, arguments, so_far)
                except Later as later:
                    await _enqueue_again(name, arguments, later)

        return workflow

    def _scheduled(self, schedule: Schedule) -> ScheduleInput:
        async def workflow(_at: datetime, _context: Any) -> None:  # noqa: ANN401  # the engine's signature
            async with self._interruptible():
                await schedule.body(self._work(schedule.name))

        return {
            "schedule_name": schedule.name,
            "workflow_fn": DBOS.workflow(name=schedule.name)(workflow),
            "schedule": schedule.cron,
            "context": None,
            "automatic_backfill": schedule.made_up_for,
            "queue_name": system.SCHEDULES_QUEUE,
        }

    @asynccontextmanager
    async def _interruptible(self) -> AsyncGenerator[None]:
        """Let `close` interrupt the run that happens inside."""
        task = asyncio.current_task()
        if self._closing or task is None:
            raise asyncio.CancelledError  # the queue handed it over while it was being stopped
        self._runs.add(task)
        try:
            yield
        finally:
            self._runs.discard(task)

    def _work(self, named: str | None, waited: Waited | None = None) -> Work:
        work_id = system.base_id(DBOS.workflow_id or "")
        named = named or work_id
        return Work(work_id, self._context.acting_as(f"job:{named}", request_id=named), waited)

    async def _run(self, body: Workflow, arguments: dict[str, str], waited: Waited) -> None:
        """Run a workflow to its end, whichever that is, and tell whoever waits for it.

        Raises:
            Later: It has not ended.
        """
        job_id = arguments.get("job_id")
        work = self._work(job_id, waited)
        try:
            await body(work, **arguments)
        except Later:
            raise
        except Exception as error:  # noqa: BLE001  # whatever it is, somebody waits to be told
            await self._fail(work, arguments, error)
        if job_id is not None:
            self._context.signals.ended(UUID(job_id))

    async def _fail(self, work: Work, arguments: dict[str, str], error: Exception) -> None:
        match error:
            case DomainError():
                message, code = error.message, error.code.value
            case ProviderError():
                message, code = str(error), None
            case _:
                _logger.error("Work %s failed.", work.id, exc_info=error)
                message, code = upkeep.INTERNAL_ERROR, None
        if "job_id" in arguments:
            await work.step(jobs.fail_job, arguments["job_id"], message, code)
        elif "agreement_id" in arguments:
            await work.step(push.give_up, arguments["agreement_id"], message)


async def _enqueue_again(name: str, arguments: dict[str, str], later: Later) -> None:
    """Let the work go on after the wait; the engine does this once, however often the run is repeated."""
    options: EnqueueOptions = {
        "workflow_name": name,
        "workflow_id": system.run_id(DBOS.workflow_id or "", later.waited.runs),
        "queue_name": system.queue_of(name),
        "app_version": system.APP_VERSION,
        "delay_seconds": later.seconds,
    }
    await DBOS.enqueue_workflow_with_options_async(options, **arguments, waited=asdict(later.waited))
