"""One measured run: a process that syncs so many simulated customers twice, and says what it took."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4, uuid5

import httpx
import orjson
from pydantic import SecretStr
from sqlalchemy import func, insert, select

from agreements_api.services import Services, open_services
from agreements_api.settings import Settings
from benchmarks.errors import BenchmarkFailed
from models import MICROSOFT_CUSTOMER_AGREEMENT_ID, Account, AuditEvent, Job, JobStatus
from providers.partner_center import ConfirmationMode, Connection
from resolvers.sync import SyncProviderAccounts, sync_provider_accounts

PARTNER_CENTER: Final = UUID("0198f3c0-0000-7000-8000-000000000001")
_TENANTS: Final = UUID("0198f3c0-0000-7000-8000-0000000000aa")
_CHUNK: Final = 1000


async def run(customers: int, folder: Path) -> Mapping[str, Any]:
    """Measure; the simulator runs beside it as a process of its own.

    Raises:
        BenchmarkFailed: A sync did not do what it should have done.
    """
    before = os.getloadavg()[0]
    with _simulator() as url:
        async with httpx.AsyncClient(base_url=f"{url}/admin", timeout=600, trust_env=False) as admin:
            connection = await _partner(admin, url, customers)
            async with _program(folder) as services:
                await services.providers.put(PARTNER_CENTER, connection)
                await _fill(services, customers)
                first = await _sync(services, admin, created=customers, unchanged=0)
                second = await _sync(services, admin, created=0, unchanged=customers)
    return {
        "customers": customers,
        "first": first,
        "second": second,
        "peak_memory_mb": _peak_memory_mb(),
        "load_before": before,
        "load_after": os.getloadavg()[0],
    }


@contextmanager
def _simulator() -> Generator[str]:
    with subprocess.Popen([sys.executable, "-m", "simulator"], stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            _, found, url = line.partition("listening on ")
            if not found:
                raise BenchmarkFailed("The simulator did not start.")
            yield url.strip()
        finally:
            process.terminate()


@asynccontextmanager
async def _program(folder: Path) -> AsyncGenerator[Services]:
    settings = Settings(
        database_url=f"sqlite:///{folder}/agreements.db",
        secret_key=SecretStr("only for a benchmark, and for this run alone"),
    )
    async with open_services(settings, run_jobs=True) as services:
        yield services


async def _partner(admin: httpx.AsyncClient, url: str, customers: int) -> Connection:
    tenant_id, client_id, secret, token = (str(uuid4()) for _ in range(4))
    user = {"upn": f"admin@{tenant_id}", "roles": ["admin_agent"], "mfa": True, "refreshToken": token}
    partner = {
        "tenantId": tenant_id,
        "name": "Fabrikam",
        "kind": "direct",
        "applications": [{"clientId": client_id, "clientSecret": secret}],
        "users": [user],
    }
    (await admin.post("/partners", json=partner)).raise_for_status()
    for start in range(0, customers, _CHUNK):
        chunk = [_tenant(number) for number in range(start, min(start + _CHUNK, customers))]
        (await admin.post(f"/partners/{tenant_id}/customers", json=chunk)).raise_for_status()
    return Connection(
        tenant_id=tenant_id,
        client_id=client_id,
        client_secret=secret,
        refresh_token=token,
        base_url=url,
        login_url=url,
        admin_center_url=url,
        confirmation=ConfirmationMode.CUSTOMER,
        requests_per_minute=0,
    )


def _tenant(number: int) -> Mapping[str, object]:
    person = {"firstName": "Ada", "lastName": "Lovelace", "email": f"ada@{_domain(number)}"}
    return {
        "id": str(uuid5(_TENANTS, str(number))),
        "companyName": f"Customer {number}",
        "domain": _domain(number),
        "agreements": [
            {
                "templateId": MICROSOFT_CUSTOMER_AGREEMENT_ID,
                "dateAgreed": "2025-08-26T00:00:00Z",
                "primaryContact": person,
            }
        ],
    }


def _domain(number: int) -> str:
    return f"customer{number}.example"


async def _fill(services: Services, customers: int) -> None:
    """Enter the customers into the books, as far as a sync reads of them."""
    now = datetime.now(UTC)
    system = {"created_at": now, "created_by": "x", "updated_at": now, "updated_by": "x", "revision": 1}
    for start in range(0, customers, _CHUNK):
        rows = [
            {
                "id": uuid5(_TENANTS, f"account {number}"),
                "name": f"Customer {number}",
                "name_fold": f"customer {number}",
                "domain": _domain(number),
                "status": "ACTIVE",
                **system,
            }
            for number in range(start, min(start + _CHUNK, customers))
        ]
        async with services.database.writes.begin() as connection:
            await connection.execute(insert(Account), rows)


async def _sync(
    services: Services, admin: httpx.AsyncClient, *, created: int, unchanged: int
) -> Mapping[str, Any]:
    """Sync once by the job engine; the figures are of this process, without the simulator."""
    await admin.delete("/requests")
    events = await _events(services)
    clock, cpu = time.perf_counter(), time.process_time()
    command = SyncProviderAccounts(provider_id=PARTNER_CENTER)
    job = await sync_provider_accounts(services.context(), command)
    while not job.is_finished:
        await asyncio.sleep(0.1)
        async with services.context().look() as view:
            job = await view.jobs.peek(job.id) or job
    seconds, cpu_seconds = time.perf_counter() - clock, time.process_time() - cpu
    _check(job, created, unchanged)
    return {
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "calls": await _calls(admin),
        "changed": await _events(services) - events,
    }


async def _calls(admin: httpx.AsyncClient) -> int:
    """Count what the simulator was asked, without holding its answer in the memory that is measured."""
    member, calls, rest = b'"path":', 0, b""
    async with admin.stream("GET", "/requests") as answer:
        async for chunk in answer.aiter_bytes():
            seen = rest + chunk
            calls += seen.count(member)
            rest = seen[-len(member) + 1 :]
    return calls


def _check(job: Job, created: int, unchanged: int) -> None:
    if (job.status, job.created, job.unchanged) != (JobStatus.SUCCEEDED, created, unchanged):
        raise BenchmarkFailed(
            f"The sync ended as {job.status.value} ({job.error}): {job.created} created,"
            f" {job.unchanged} unchanged, {job.failed} failed."
        )


async def _events(services: Services) -> int:
    """Count the audit trail: what changes an entity leaves an event there."""
    async with services.database.reads.connect() as connection:
        return (await connection.execute(select(func.count()).select_from(AuditEvent))).scalar_one()


def _peak_memory_mb() -> float:
    import resource  # noqa: PLC0415 -- there is none for Windows

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


if __name__ == "__main__":
    print(orjson.dumps(asyncio.run(run(int(sys.argv[1]), Path(sys.argv[2])))).decode())  # noqa: T201 -- its answer
