"""A server that is measured: a process of its own, on a core of its own."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Collection, Generator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from benchmarks.errors import ServerFailed
from benchmarks.http_client import Target

ROOT = Path(__file__).parents[1]
START_SECONDS = 60
STOP_SECONDS = 30

_SERVING = re.compile(r"http://127\.0\.0\.1:(\d+)/graphql")
_NOT_INHERITED = ("AGREEMENTS_", "PG", "NODE_", "GRAPHILE_")
"""Beginnings of variables that would change a server: it is measured as it comes."""


@dataclass(frozen=True)
class Command:
    """How a server is started; it says its address once it listens."""

    arguments: list[str]
    variables: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class ServerProcess:
    """A running server; what cannot be read on this system is None."""

    pid: int
    target: Target

    def cpu_seconds(self) -> float | None:
        """Processor time of all its threads since it started."""
        try:
            fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return None
        user, system = int(fields[11]), int(fields[12])
        return (user + system) / os.sysconf("SC_CLK_TCK")

    def peak_memory_mb(self) -> float | None:
        """The most memory that it has held at any time."""
        try:
            status = Path(f"/proc/{self.pid}/status").read_text()
        except OSError:
            return None
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        return int(found[1]) / 1024 if found else None


@contextmanager
def serving(folder: Path, command: Command, cores: AbstractSet[int]) -> Generator[ServerProcess]:
    """Run a server until the block ends.

    Args:
        folder: Where it runs, and where what it says is kept.
        command: What is run.
        cores: Processor cores that it may use; empty for any.

    Raises:
        ServerFailed: It ended, or did not listen in time.
    """
    said = folder / "server.log"
    with said.open("wb") as log, _started(folder, command, cores, log) as process:
        try:
            yield ServerProcess(process.pid, Target(_port(process, said)))
        finally:
            _stop(process)


def _started(
    folder: Path, command: Command, cores: AbstractSet[int], log: IO[bytes]
) -> subprocess.Popen[bytes]:
    """Start it where it is to stay: of a process that runs already, only one thread would move."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(_NOT_INHERITED)}
    mine = os.sched_getaffinity(0) if sys.platform == "linux" else set[int]()
    _pin(cores)
    try:
        return subprocess.Popen(  # noqa: S603 -- our own programs
            command.arguments,
            cwd=folder,
            env={**inherited, "PYTHONPATH": str(ROOT), **command.variables},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    finally:
        _pin(mine)


@contextmanager
def divided_cores() -> Generator[AbstractSet[int]]:
    """Keep this process, and what it starts, off one core until the block ends; yields that core.

    It yields an empty set where there is but one, or the system does not let a process choose.
    """
    if sys.platform != "linux":
        yield set()
        return
    all_cores = os.sched_getaffinity(0)
    first, *others = sorted(all_cores)
    _pin(others)
    try:
        yield {first} if others else set()
    finally:
        _pin(all_cores)


def _pin(cores: Collection[int]) -> None:
    if cores and sys.platform == "linux":
        os.sched_setaffinity(0, cores)


def _port(process: subprocess.Popen[bytes], said: Path) -> int:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if found := _SERVING.search(said.read_text(errors="replace")):
            return int(found[1])
        time.sleep(0.05)
    raise ServerFailed(f"The server did not start. It said:\n{said.read_text(errors='replace')[-4000:]}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
