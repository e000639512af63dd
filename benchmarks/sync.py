"""The command `python -m benchmarks.sync`: how long a sync of many customers takes, and how much memory."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import orjson
from cyclopts import App, Parameter
from cyclopts.validators import Number

from benchmarks.errors import BenchmarkFailed

MIN_CUSTOMERS = 40
LONGEST_SECONDS = 1800

app = App(
    name="python -m benchmarks.sync",
    help="Measure syncs with a simulated Partner Center on SQLite; nothing but this machine is reached.",
    version_flags=[],
)


@app.default
def run(
    *,
    customers: Annotated[int, Parameter(validator=Number(gte=MIN_CUSTOMERS, lte=1_000_000))] = 20_000,
    json: Path | None = None,
) -> int:
    """Sync a quarter of the customers, then all of them, each twice in a process of its own; print a table.

    Args:
        customers: How many the provider lists; each is in the books and has accepted at the provider.
        json: A file that gets the numbers, too.
    """
    try:
        found = [_measured(number) for number in (customers // 4, customers)]
    except (BenchmarkFailed, subprocess.SubprocessError, OSError) as error:
        print(f"benchmarks: {error or type(error).__name__}", file=sys.stderr)  # noqa: T201 -- the command's answer
        return 1
    print(_as_markdown(found))  # noqa: T201 -- as above
    if json is not None:
        json.write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2))
    return 0


def _measured(customers: int) -> Mapping[str, Any]:
    ours = {key: value for key, value in os.environ.items() if not key.startswith("AGREEMENTS_")}
    with tempfile.TemporaryDirectory(prefix="agreements-benchmark-") as folder:
        done = subprocess.run(  # noqa: S603 -- our own program
            [sys.executable, "-m", "benchmarks.sync_run", str(customers), folder],
            stdout=subprocess.PIPE,
            env=ours,
            timeout=LONGEST_SECONDS,
            check=False,
        )
    if done.returncode:
        raise BenchmarkFailed(f"The sync of {customers} customers did not end well.")
    return orjson.loads(done.stdout.splitlines()[-1])


def _as_markdown(found: Sequence[Mapping[str, Any]]) -> str:
    small, large = found
    growth = (
        f"Memory grows by {large['peak_memory_mb'] - small['peak_memory_mb']:.1f} MB from "
        f"{small['customers']:,} to {large['customers']:,} customers. Load average before and after: "
        f"{small['load_before']:.1f}, {large['load_after']:.1f}."
    )
    lines = [
        "| customers | first sync s | calls | CPU s | second sync s | calls | changes | peak memory MB |",
        "|--:|--:|--:|--:|--:|--:|--:|--:|",
        *(
            f"| {each['customers']:,} | {each['first']['seconds']:.1f} | {each['first']['calls']:,} "
            f"| {each['first']['cpu_seconds']:.1f} | {each['second']['seconds']:.1f} "
            f"| {each['second']['calls']:,} | {each['second']['changed']} | {each['peak_memory_mb']:.0f} |"
            for each in found
        ),
        "",
        growth,
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(app())
