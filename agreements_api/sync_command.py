"""`agreements sync`: reads one provider now, by this process or by the one that does the jobs already."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from uuid import UUID

from agreements_api.errors import StartupError
from agreements_api.migrations import must_exist
from agreements_api.reachability import reach
from agreements_api.services import Services, job_engine, open_services
from agreements_api.settings import Settings
from jobs.errors import AlreadyRunning
from models import DomainError, Job, JobStatus
from providers.errors import ProviderError
from resolvers.sync import SyncProviderAccounts, sync_provider_accounts

LOOK_SECONDS = 0.5


async def run_sync(settings: Settings, name: str, *, dry_run: bool, say: Callable[[str], None]) -> None:
    """Start a sync of the provider of that name and tell of its progress until it has ended.

    Raises:
        StartupError: There is no database or no such provider, it does not answer, or the sync failed.
    """
    must_exist(settings.database_url)
    async with open_services(settings, run_jobs=False) as services, AsyncExitStack() as stack:
        provider_id = await _provider_id(services, name)
        try:
            await reach(services, provider_id)
            await _run_jobs(services, stack, say)
            job = await sync_provider_accounts(
                services.context("cli"), SyncProviderAccounts(provider_id=provider_id, dry_run=dry_run)
            )
        except (DomainError, ProviderError) as error:
            raise StartupError(f"{name}: {error}") from error
        job = await _follow(services, job.id, say)
        if dry_run:
            say("This was a dry run: nothing was changed.")
        if job.status not in {JobStatus.SUCCEEDED, JobStatus.PARTIAL}:
            raise StartupError(f"{name}: {job.error or job.status.value.lower()}")


async def _provider_id(services: Services, name: str) -> UUID:
    async with services.context("cli").look() as view:
        provider = await view.providers.get_by_name(name)
    if provider is None:
        raise StartupError(f"There is no provider «{name}».")
    return provider.id


async def _run_jobs(services: Services, stack: AsyncExitStack, say: Callable[[str], None]) -> None:
    engine = job_engine(services)
    stack.push_async_callback(engine.close)
    try:
        await engine.launch()
    except AlreadyRunning:
        say("The running server does the work.")


async def _follow(services: Services, job_id: UUID, say: Callable[[str], None]) -> Job:
    told = ""
    while True:
        async with services.context("cli").look() as view:
            job = await view.jobs.peek(job_id)
        if job is None:
            raise StartupError("The job is gone: the database was replaced meanwhile.")
        line = _progress(job)
        if line != told:
            say(line)
            told = line
        if job.is_finished:
            return job
        await asyncio.sleep(LOOK_SECONDS)


def _progress(job: Job) -> str:
    would = "would be " if job.dry_run else ""
    return (
        f"{job.status.value.lower()}: {job.considered} considered,"
        f" {job.created} {would}created, {job.updated} {would}updated,"
        f" {job.unchanged} unchanged, {job.skipped} skipped, {job.failed} failed"
    )
