"""A partner at a simulated Partner Center, reached over HTTP, and the work of jobs done straight away."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from support.contexts import Queue, Rows, a_context, rows_of
from support.factories import PARTNER_CENTER
from support.jobs import Program
from support.orders import an_order
from support.partner_center import There
from support.provider_process import Workers, a_connected_program, killable_workers
from support.simulator import SimulatedPartner, Simulator
from support.straight import Configured, Worker
from support.syncing import ITEMS

from agreements_api.database import Database
from providers.partner_center.client import PartnerCenter
from resolvers.context import Context
from resolvers.provisioning import ProvisionResult, provision_account
from resolvers.sync import SyncProviderAccounts, sync_provider_accounts

Provision = Callable[..., Awaitable[ProvisionResult]]


@pytest.fixture
async def there(simulator: Simulator, partner: SimulatedPartner) -> There:
    """A partner without customers, the only one there is."""
    return There(simulator.url, partner)


@pytest.fixture
async def providers(there: There) -> AsyncIterator[Configured]:
    client = PartnerCenter(there.connection)
    yield Configured({PARTNER_CENTER: client})
    await client.aclose()


@pytest.fixture
def queue() -> Queue:
    return Queue()


@pytest.fixture
def context(database: Database, queue: Queue, providers: Configured) -> Context:
    return a_context(database, queue, providers=providers)


@pytest.fixture
def worker(context: Context, queue: Queue) -> Worker:
    return Worker(context, queue)


@pytest.fixture
async def program(database_url: str, there: There) -> AsyncIterator[Program]:
    """Open the program over the test's database: what it enqueues waits for the real job engine."""
    async with a_connected_program(database_url, there.connection) as opened:
        yield opened


@pytest.fixture
async def workers(database_url: str, there: There) -> AsyncIterator[Workers]:
    """Do jobs in processes that can be killed; a call may hang in them for seconds."""
    patient = replace(there.connection, timeout=timedelta(seconds=10))
    async with killable_workers(database_url, patient) as started:
        yield started


@pytest.fixture
def rows(database: Database) -> Rows:
    return rows_of(database)


@pytest.fixture
def provision(context: Context, worker: Worker) -> Provision:
    """Provision Contoso, new in the books, and wait until the work is done."""

    async def run(*, key: str | None = None, **values: Any) -> ProvisionResult:
        request = provision_account(context, an_order(**values), wait_seconds=20, idempotency_key=key)
        return await worker.work_for(asyncio.create_task(request))

    return run


@pytest.fixture
def sync(context, worker):
    """Sync Partner Center and give the job as it ended."""

    async def run(**values):
        command = SyncProviderAccounts(provider_id=PARTNER_CENTER, **values)
        begun = await sync_provider_accounts(context, command)
        await worker.work()
        async with context.unit_of_work() as uow:
            return await uow.jobs.peek(begun.id)

    return run


@pytest.fixture
def all_of(rows):
    """Give each table's rows, whole."""

    async def read(*tables):
        return {each: await rows(f"select * from {each}") for each in tables}  # noqa: S608  # our names

    return read


@pytest.fixture
def items(rows):
    async def of(job):
        stored = await rows(ITEMS, job=job.id.hex if await is_sqlite() else job.id)
        return {each.key: each for each in stored}

    async def is_sqlite():
        return isinstance((await rows("select id from providers"))[0].id, str)

    return of
