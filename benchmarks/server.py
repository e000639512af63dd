"""The server that is measured: the real command, in a process and on a core of its own."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Collection, Generator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.errors import ServerFailed
from benchmarks.http_client import Target

_SERVING = re.compile(r"http://127\.0\.0\.1:(\d+)/graphql")
START_SECONDS = 60
STOP_SECONDS = 30


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
def serving(
    folder: Path, database_url: str, *, secret_key: str, cores: AbstractSet[int]
) -> Generator[ServerProcess]:
    """Run `agreements serve` on a free port until the block ends, with default settings and without jobs.

    Args:
        folder: Where it runs, and where what it says is kept.
        database_url: A filled database.
        secret_key: Signs cursors; with the same one servers give the same answers.
        cores: Processor cores that it may use; empty for any.

    Raises:
        ServerFailed: It ended, or did not listen in time.
    """
    said = folder / "server.log"
    command = [sys.executable, "-m", "agreements_api.cli", "serve", "--no-jobs", "--port", "0"]
    with (
        said.open("wb") as log,
        subprocess.Popen(  # noqa: S603 -- our own program
            command,
            cwd=folder,
            env=_environment(database_url, secret_key),
            stdout=log,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            _pin(process.pid, cores)
            yield ServerProcess(process.pid, Target(_port(process, said)))
        finally:
            _stop(process)


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
    _pin(0, others)
    try:
        yield {first} if others else set()
    finally:
        _pin(0, all_cores)


def _pin(pid: int, cores: Collection[int]) -> None:
    if cores and sys.platform == "linux":
        os.sched_setaffinity(pid, cores)


def _environment(database_url: str, secret_key: str) -> dict[str, str]:
    ours = {key: value for key, value in os.environ.items() if not key.startswith("AGREEMENTS_")}
    ours["AGREEMENTS_DATABASE_URL"] = database_url
    ours["AGREEMENTS_SECRET_KEY"] = secret_key
    return ours


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
