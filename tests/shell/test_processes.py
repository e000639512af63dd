"""One process serves and does jobs, or several share that, on either database."""

import asyncio
import subprocess
import sys
from pathlib import Path

from sqlalchemy import text
from support.program import Program, Run
from support.work import ended, job_status, start_bulk

import jobs
from agreements_api.database import Database
from jobs.system import ENGINE_SCHEMA_VERSION

SERVE_ONE_QUERY = """
import asyncio, sys
import httpx
from agreements_api.app import make_app
from agreements_api.services import open_services
from agreements_api.settings import Settings

async def main():
    async with open_services(Settings(database_url=sys.argv[1]), run_jobs=False) as services:
        transport = httpx.ASGITransport(app=make_app(services))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            query = {"query": "{ providers { totalCount } }"}
            print((await client.post("/graphql", json=query)).text, "dbos" in sys.modules)
            mutation = {"query": "mutation { bulkCreateCustomerAgreements(input: {}) { job { status } } }"}
            print((await client.post("/graphql", json=mutation)).text, "dbos" in sys.modules)

asyncio.run(main())
"""


async def test_a_server_without_jobs_hands_them_to_a_worker(program_with_database: Program) -> None:
    with program_with_database.serve("--no-jobs") as server:
        job = await start_bulk(server)
        assert await job_status(server, job) == "QUEUED"

        with program_with_database.work() as worker:
            assert await ended(server, job) == "SUCCEEDED"
            assert await asyncio.to_thread(worker.stop) == 0
            assert worker.output == f"{server.output.splitlines()[0]}\nDoing jobs.\n"
        assert await asyncio.to_thread(server.stop) == 0
        assert "Traceback" not in server.output


def test_an_sqlite_file_has_one_process_that_does_jobs(program: Program, run: Run) -> None:
    with program.work() as worker:
        for command in ("serve", "worker"):
            second = run(command)

            assert (second.returncode, second.stdout) == (1, "")
            assert second.stderr == (
                f"agreements: Process {worker.process.pid} runs the jobs of this database"
                f" (agreements.db.jobs-lock is locked)."
                " Stop it, or run `agreements serve --no-jobs` beside it.\n"
            )


def test_the_job_engine_is_loaded_when_work_is_handed_over_and_not_before(run: Run, tmp_path: Path) -> None:
    assert run("migrate").returncode == 0

    served = subprocess.run(  # noqa: S603  # our own program
        [sys.executable, "-c", SERVE_ONE_QUERY, f"sqlite:///{tmp_path}/agreements.db"],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip

    assert served.stdout.splitlines() == [
        '{"data":{"providers":{"totalCount":2}}} False',
        '{"data":{"bulkCreateCustomerAgreements":{"job":{"status":"QUEUED"}}}} True',
    ]


async def test_tables_that_are_current_are_known_without_the_engine(empty_database_url: str) -> None:
    await jobs.migrate(empty_database_url)

    async with Database(empty_database_url) as database, database.reads.connect() as connection:
        table = "dbos_migrations" if database.is_sqlite else "dbos.dbos_migrations"
        version = (await connection.execute(text(f"SELECT version FROM {table}"))).scalar_one()  # noqa: S608  # fixed
    assert version == ENGINE_SCHEMA_VERSION
