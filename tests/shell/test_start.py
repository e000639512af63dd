"""A process loads what it uses and no more: starts are short, and idle servers small."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.program import Program, Running

SERVING = "import agreements_api.cli, agreements_api.server, agreements_api.app, agreements_api.services"
FOUNDATIONS = "import sqlalchemy.orm, sqlalchemy.ext.asyncio, strawberry, pydantic_settings"
"""What serving stands on whatever we do: how long that takes here and now is the measure of the rest."""

TURNS = 3
MOST_TIMES_THE_FOUNDATIONS = 2.9
"""Found: 2.2, which was 1.1 s of processor time to 0.5 s; with 1.5 s it would be this much."""

PROVIDERS = {
    "httpx": "calls a provider",
    "msal": "gets tokens from Microsoft",
    "requests": "is what msal calls with",
    "cryptography": "unseals how a provider is reached, and seals a first password",
    "tenacity": "repeats calls to a provider",
    "providers.partner_center.client": "calls Partner Center",
    "providers.rest.client": "calls a REST provider",
}
OTHERS = {
    "dbos": "runs jobs, or takes the first one",
    "jobs.runtime": "runs jobs",
    "alembic": "migrates",
    "mako": "drafts migrations",
    "obstore": "keeps documents",
    "croniter": "checks a schedule that is given",
    "psycopg": "speaks with PostgreSQL",
    "simulator": "is a provider of its own",
    "agreements_api.demo": "makes sample data",
}
HELP = {"rich.console": "writes help and errors of commands", "pygments": "colours code"}
GRAPHQL = {"graph": "serves GraphQL", "schema": "is what is served", "strawberry": "", "graphql": ""}
SERVER = {"uvicorn": "serves", "websockets": "serves", "agreements_api.app": "puts what is served together"}
ALL = PROVIDERS | OTHERS | HELP | GRAPHQL | SERVER
DRIVERS_MEGABYTES = 5
"""Of PostgreSQL: one for plans and one for everything else."""
QUERY = "{ accounts(first: 5) { totalCount edges { node { name } } } providers { totalCount } }"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With a database of this version."""
    made = tmp_path_factory.mktemp("start")
    assert Program(made).run("migrate").returncode == 0
    return made


@pytest.fixture
def migrated(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """Tells every module that it loads."""
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")
    return Program(folder)


def needless(said: str, unused: dict[str, str]) -> dict[str, str]:
    """Give what was loaded of what is not used, with what it would be for."""
    loaded = set(re.findall(r"^import time: .* \| +(\S+)$", said, re.MULTILINE))
    assert "cyclopts" in loaded
    return {name: reason for name, reason in unused.items() if name in loaded}


@pytest.mark.parametrize(
    ("command", "used"),
    [
        (("--help",), HELP),
        (("schema",), GRAPHQL),
        (("migrate",), {}),
        (("provider", "list"), {}),
    ],
    ids=" ".join,
)
def test_a_command_loads_what_it_uses(
    migrated: Program, command: tuple[str, ...], used: dict[str, str]
) -> None:
    ran = migrated.run(*command)

    assert ran.returncode == 0
    assert needless(ran.stderr, {name: ALL[name] for name in ALL.keys() - used.keys()}) == {}


def test_help_asks_for_no_library_of_the_server(migrated: Program) -> None:
    libraries = dict.fromkeys(("asyncio", "pydantic", "sqlalchemy", "structlog", "starlette", "models"), "")

    assert needless(migrated.run("--help").stderr, libraries) == {}


async def test_a_server_without_jobs_loads_what_answers_queries(migrated: Program) -> None:
    with migrated.serve("--no-jobs") as server:
        await server.ask(QUERY)
        assert needless(server.output, PROVIDERS | OTHERS | HELP) == {}


async def test_a_server_that_calls_no_provider_loads_nothing_for_that(migrated: Program) -> None:
    with migrated.serve() as server:
        await server.ask(QUERY)
        assert needless(server.output, PROVIDERS | HELP) == {}


def test_what_serves_is_loaded_in_little_more_time_than_what_it_stands_on(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = str(tmp_path)  # a program that is installed has been compiled

    def seconds(what: str) -> float:
        program = f"import time; {what}; print(time.process_time())"
        done = subprocess.run(  # noqa: S603  # our own program
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
        )
        return float(done.stdout)

    seconds(SERVING)  # compiles both
    ours, theirs = zip(*((seconds(SERVING), seconds(FOUNDATIONS)) for _ in range(TURNS)), strict=True)

    assert min(ours) < MOST_TIMES_THE_FOUNDATIONS * min(theirs), f"{min(ours)} s, {min(theirs)} s"


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
@pytest.mark.parametrize(("arguments", "most"), [(("--no-jobs",), 106), ((), 145)], ids=["without", "jobs"])
async def test_an_idle_server_is_small(
    program_with_database: Program, arguments: tuple[str, ...], most: float
) -> None:
    if program_with_database.settings["database_url"].startswith("postgresql"):
        most += DRIVERS_MEGABYTES
    assert program_with_database.run("migrate").returncode == 0
    with program_with_database.serve(*arguments) as server:
        for _ in range(20):
            await server.ask(QUERY)
        assert megabytes(server) <= most


def megabytes(running: Running) -> float:
    """What the process has in memory."""
    status = Path(f"/proc/{running.process.pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found
    return int(found[1]) / 1024
