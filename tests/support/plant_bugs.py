"""Plants bugs in copies of the compiler, and tells which of them the tests of plans find.

    PYTHONPATH=.:tests python -m support.plant_bugs [--documents 400] [--at-once 2] [part of a bug ...]

takes half an hour. It fails if more than one in ten survives.
"""

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from support.differential.bugs import BUGS, Bug

ROOT = Path(__file__).parents[2]
TESTS = ("tests/compiler/test_differential.py", "tests/compiler/test_plans_at_work.py")
LEFT_OUT = shutil.ignore_patterns(".git", ".venv*", "__pycache__", "node_modules", ".*_cache", "static")
MOST_SECONDS = 900


def is_found(bug: Bug | None, documents: int) -> bool:
    """Whether the tests fail with this bug; None is the compiler as it is."""
    with TemporaryDirectory() as folder:
        copy = Path(folder) / "project"
        shutil.copytree(ROOT, copy, ignore=LEFT_OUT)
        if bug is not None:
            bug.plant(copy)
        command = [sys.executable, "-m", "pytest", "-qx", "-p", "no:cacheprovider", *TESTS]
        settings = {"DIFFERENTIAL_DOCUMENTS": str(documents), "DIFFERENTIAL_ENOUGH": "1"}
        environment = {**os.environ, **settings, "PYTHONPATH": str(copy)}
        try:
            run = subprocess.run(  # noqa: S603  # ours
                command, cwd=copy, env=environment, capture_output=True, timeout=MOST_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            return True
    return run.returncode != 0


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--documents", type=int, default=400, help="asked with each bug")
    parser.add_argument("--at-once", type=int, default=2, help="bugs that are tried at the same time")
    parser.add_argument("parts", nargs="*", help="only bugs with one of these in them")
    given = parser.parse_args(arguments)
    bugs = [bug for bug in BUGS if not given.parts or any(part in repr(bug) for part in given.parts)]
    if is_found(None, given.documents):
        print("The tests fail without any bug: nothing can be told of those planted.")  # noqa: T201  # a command
        return 1
    survived = 0
    with ThreadPoolExecutor(given.at_once) as pool:
        for bug, found in zip(
            bugs, pool.map(lambda each: is_found(each, given.documents), bugs), strict=True
        ):
            survived += not found
            print(f"{'killed  ' if found else 'SURVIVED'} {bug.file}: {bug.old}  ->  {bug.new}", flush=True)  # noqa: T201  # a command
    print(f"{len(bugs) - survived} of {len(bugs)} killed, with {given.documents} documents each")  # noqa: T201  # a command
    return int(survived > 0.1 * len(bugs))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
