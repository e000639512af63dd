"""The event loop shares Python's lock with threads that work, and gets it soon."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
LATE_MS = 3
"""Python lets a thread keep its lock for 5 ms while others wait for it, unless it is told otherwise."""


def test_a_thread_that_computes_lets_the_event_loop_have_its_turn() -> None:
    """Of many waits one of the shortest: another program may have had the core in any of the others."""
    program = [sys.executable, "-m", "support.busy_thread"]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"}
    found = subprocess.run(  # noqa: S603  # ours
        program, capture_output=True, text=True, timeout=60, check=True, env=environment
    )

    assert 0 < float(found.stdout) < LATE_MS
