"""The composition root: what the server and the commands are made of, opened once, closed in order."""

from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

import jobs
from agreements_api.collector import look_often_enough_for_jobs
from agreements_api.connections import ProviderClients
from agreements_api.database import Database, database_url
from agreements_api.document_store import open_document_store
from agreements_api.errors import StartupError
from agreements_api.migrations import Migrated, migrate, require_place, unusable
from agreements_api.secrets import Secrets, load_secrets, require_right_key
from agreements_api.settings import Settings
from jobs.errors import AlreadyRunning
from jobs.queue import JobQueue
from repositories import Transactions
from resolvers.context import Context
from resolvers.document_store import Documents
from resolvers.lookouts import Lookouts
from resolvers.waiting import JobSignals

if TYPE_CHECKING:
    from agreements_api.ending import Ending
    from jobs.runtime import JobEngine

LOCAL_ACTOR = "local"
"""Who acts, until callers have an identity."""


@dataclass(frozen=True)
class Services:
    """What one process has open."""

    settings: Settings
    secrets: Secrets
    migrated: Migrated
    database: Database
    transactions: Transactions
    providers: ProviderClients
    signals: JobSignals
    documents: Documents
    lookouts: Lookouts

    @cached_property
    def ending(self) -> "Ending":
        """How far the end of a process that serves has come."""
        from agreements_api.ending import Ending  # noqa: PLC0415 -- all of GraphQL comes with it, 20 MB

        return Ending()

    def context(self, actor: str = LOCAL_ACTOR, *, request_id: str | None = None) -> Context:
        """One caller's way into the resolvers."""
        return Context(
            actor=actor,
            transactions=self.transactions,
            providers=self.providers,
            now=utc_now,
            signals=self.signals,
            documents=self.documents,
            lookouts=self.lookouts,
            request_id=request_id,
        )


@asynccontextmanager
async def open_services(
    settings: Settings, *, run_jobs: bool, any_key: bool = False
) -> AsyncGenerator[Services]:
    """Open the database, migrated, and what stands on it; close everything at the end.

    Args:
        settings: Read once by the caller.
        run_jobs: Whether this process does durable work; without, it only hands work over, and the job
            engine is not loaded before it does so.
        any_key: Whether the secret key may be one that opens nothing of what is stored, as a new one does.

    Raises:
        StartupError: Something outside is not as it must be; its text says what to do.
    """
    # First what is only looked at: a refusal leaves nothing behind.
    require_place(settings.database_url)
    store = open_document_store(settings)
    secrets = load_secrets(settings)
    check = None if any_key else partial(require_right_key, settings, secrets.credentials)
    migrated = await migrate_all(settings, check)
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(Database(settings.database_url))
        queue = JobQueue(database.url)
        stack.callback(queue.close)
        transactions = database.transactions(queue.enqueue, utc_now)
        providers = ProviderClients(
            database.reads,
            transactions,
            secrets.credentials,
            timeout=settings.provider_timeout,
            max_attempts=settings.provider_max_attempts,
        )
        stack.push_async_callback(providers.aclose)
        stack.push_async_callback(store.close)
        documents = Documents(store, secrets.document_link_key, settings.max_document_bytes)
        lookouts = Lookouts(transactions)
        stack.push_async_callback(lookouts.aclose)
        services = Services(
            settings, secrets, migrated, database, transactions, providers, JobSignals(), documents, lookouts
        )
        if run_jobs:
            engine = job_engine(services)
            stack.push_async_callback(engine.close)
            await _launch(services, engine)
            stack.enter_context(look_often_enough_for_jobs())
        yield services


async def migrate_all(settings: Settings, check: Callable[[Sequence[bytes]], None] | None = None) -> Migrated:
    """Bring our tables and the job engine's to the schema of this version; harmless when repeated.

    Args:
        settings: They name the database.
        check: Looks at the sealed credentials first, as `migrate` says.

    Raises:
        StartupError: The database cannot be used, or a newer version has migrated it.
    """
    migrated = await migrate(settings.database_url, check)
    with _told_in_one_line(settings):
        return replace(migrated, jobs=await jobs.migrate(settings.database_url))


def job_engine(services: Services) -> "JobEngine":
    """Make the engine that does the jobs; the caller launches and closes it."""
    from jobs.runtime import EngineSettings, JobEngine  # noqa: PLC0415 -- 20 MB, only where jobs are run

    settings = services.settings
    return JobEngine(
        services.database.url,
        services.context("system"),
        EngineSettings(
            lease=settings.job_lease,
            polling_interval=settings.queue_polling_interval,
            retention=settings.job_retention,
            acceptance_poll_interval=settings.acceptance_poll_interval,
            sync_schedule=settings.sync_schedule,
        ),
        guard=services.database.guard,
    )


async def _launch(services: Services, engine: "JobEngine") -> None:
    try:
        with _told_in_one_line(services.settings):
            await engine.launch()
    except AlreadyRunning as error:
        hint = "Stop it, or run `agreements serve --no-jobs` beside it."
        raise StartupError(str(error), hint=hint) from error


@contextmanager
def _told_in_one_line(settings: Settings) -> Generator[None]:
    try:
        yield
    except (DBAPIError, OSError) as error:
        raise unusable(database_url(settings.database_url), error) from error


def utc_now() -> datetime:
    return datetime.now(UTC)
