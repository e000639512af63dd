"""The benchmark of bulk creation runs: numbers that nobody can make again are not worth keeping."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_smallest_bulk_creation_is_measured(tmp_path: Path) -> None:
    found = tmp_path / "found.json"

    run = subprocess.run(  # noqa: S603 -- our own program
        [
            sys.executable,
            "-m",
            "benchmarks.bulk",
            "--agreements",
            "10",
            "--database",
            "sqlite",
            "--json",
            found,
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )

    assert run.returncode == 0, run.stderr
    [measured] = json.loads(found.read_text())
    assert measured["agreements"] == 10
    assert measured["seconds"] > 0
    assert f"| {measured['database']} | 10 |" in run.stdout
