"""The command `python -m benchmarks.bulk`: how long it takes to create very many agreements at once."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import orjson
from cyclopts import App, Parameter
from cyclopts.validators import Number

from benchmarks.databases import has_postgresql
from benchmarks.errors import BenchmarkFailed

LONGEST_SECONDS = 3600

app = App(
    name="python -m benchmarks.bulk",
    help="Measure bulk creations by the job engine; nothing but this machine is reached.",
    version_flags=[],
)


@app.default
def run(
    *,
    agreements: Annotated[int, Parameter(validator=Number(gte=10, lte=1_000_000))] = 100_000,
    database: Literal["sqlite", "postgresql"] | None = None,
    json: Path | None = None,
) -> int:
    """Create one agreement for each of so many customers, in a process of its own; print a table.

    Args:
        agreements: How many customers lack one.
        database: Only this one; both if none is named.
        json: A file that gets the numbers, too.
    """
    kinds = [database] if database else ["sqlite", *(["postgresql"] if has_postgresql() else [])]
    try:
        found = [_measured(agreements, kind) for kind in kinds]
    except (BenchmarkFailed, subprocess.SubprocessError, OSError) as error:
        print(f"benchmarks: {error or type(error).__name__}", file=sys.stderr)  # noqa: T201 -- the command's answer
        return 1
    print(_as_markdown(found))  # noqa: T201 -- as above
    if json is not None:
        json.write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2))
    return 0


def _measured(agreements: int, kind: str) -> Mapping[str, Any]:
    ours = {key: value for key, value in os.environ.items() if not key.startswith("AGREEMENTS_")}
    with tempfile.TemporaryDirectory(prefix="agreements-benchmark-") as folder:
        done = subprocess.run(  # noqa: S603 -- our own program
            [sys.executable, "-m", "benchmarks.bulk_run", str(agreements), kind, folder],
            stdout=subprocess.PIPE,
            env=ours,
            timeout=LONGEST_SECONDS,
            check=False,
        )
    if done.returncode:
        raise BenchmarkFailed(f"The creation of {agreements} agreements did not end well.")
    return orjson.loads(done.stdout.splitlines()[-1])


def _as_markdown(found: list[Mapping[str, Any]]) -> str:
    return "\n".join(
        [
            "| database | agreements | seconds | CPU s | agreements/s | peak memory MB | load average |",
            "|---|--:|--:|--:|--:|--:|--:|",
            *(
                f"| {each['database']} | {each['agreements']:,} | {each['seconds']:.1f} "
                f"| {each['cpu_seconds']:.1f} | {each['agreements'] / each['seconds']:,.0f} "
                f"| {each['peak_memory_mb']:.0f} | {each['load_before']:.1f}, {each['load_after']:.1f} |"
                for each in found
            ),
        ]
    )


if __name__ == "__main__":
    sys.exit(app())
