"""What is measured of our server alone, on servers of its own: blocks of the event loop, memory."""

import tempfile
import time
from collections.abc import Generator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.contestants import OURS, our_command
from benchmarks.databases import Database
from benchmarks.dataset import Dataset
from benchmarks.errors import WrongAnswer
from benchmarks.http_client import Target
from benchmarks.loads import Loads, References
from benchmarks.measure import Plan, run
from benchmarks.server import serving
from benchmarks.wordings import OURS as OUR_WORDING

BLOCK_ROUNDS = 4
"""How long the loop is watched, in rounds of the plan."""


@dataclass(frozen=True)
class Further:
    """What was found on one database.

    Attributes:
        blocks_ms: How late the loop came to a timer, every millisecond of the page load, in order of size;
            without the time that other programs took, where the system tells it. Empty where it failed.
        longest_by_clock_ms: The greatest delay with that time.
        memory_mb: The most that a server held that was asked for pages over 64 connections, and nothing else.
        memory_with_jobs_mb: The same of one that does jobs, too.
        failures: Why something is missing.
    """

    database: Database
    blocks_ms: Sequence[float] = ()
    longest_by_clock_ms: float | None = None
    memory_mb: float | None = None
    memory_with_jobs_mb: float | None = None
    failures: Sequence[str] = ()

    @property
    def p99_ms(self) -> float | None:
        return self.blocks_ms[len(self.blocks_ms) * 99 // 100] if self.blocks_ms else None

    @property
    def longest_ms(self) -> float | None:
        return self.blocks_ms[-1] if self.blocks_ms else None


@dataclass(frozen=True)
class FurtherRuns:
    """Starts our server anew for each question; `core` is where it may run, empty for anywhere."""

    dataset: Dataset
    plan: Plan
    secret_key: str
    core: AbstractSet[int]

    async def measure(self, database: Database) -> Further:
        failures = list[str]()
        found = Further(database)
        with _noted(failures, f"Blocks of the loop on {database.name}"):
            blocks, by_clock = await self._blocks(database)
            found = replace(found, blocks_ms=blocks, longest_by_clock_ms=by_clock)
        with _noted(failures, f"Memory without jobs on {database.name}"):
            found = replace(found, memory_mb=await self._memory(database, "--no-jobs"))
        with _noted(failures, f"Memory with jobs on {database.name}"):
            found = replace(found, memory_with_jobs_mb=await self._memory(database))
        return replace(found, failures=failures)

    async def _blocks(self, database: Database) -> tuple[Sequence[float], float]:
        with tempfile.TemporaryDirectory(prefix="agreements-benchmark-") as name:
            folder = Path(name)
            copy = database.for_one_server(folder)
            kept = folder / "ticks"
            settings = {"TICKS_FILE": str(kept)}
            command = our_command(copy, self.secret_key, "benchmarks.ticking", settings=settings)
            with serving(folder, command, self.core) as server:
                page, _ = await self._loads(server.target, database).pages(self.plan.many)
                await run(server, page, self.plan)
                began = time.monotonic()
                for _ in range(BLOCK_ROUNDS):
                    await run(server, page, self.plan)
                ended = time.monotonic()
            ticks = [[float(each) for each in line.split()] for line in kept.read_text("utf-8").splitlines()]
        watched = [(late, own) for at, late, own in ticks if began <= at <= ended]
        return sorted(own for _, own in watched), max(late for late, _ in watched)

    async def _memory(self, database: Database, *options: str) -> float | None:
        with tempfile.TemporaryDirectory(prefix="agreements-benchmark-") as name:
            folder = Path(name)
            copy = database.for_one_server(folder)
            command = our_command(copy, self.secret_key, "agreements_api.cli", "serve", *options)
            with serving(folder, command, self.core) as server:
                _, many = await self._loads(server.target, database).pages(self.plan.many)
                await run(server, many, self.plan)
                return server.peak_memory_mb()

    def _loads(self, target: Target, database: Database) -> Loads:
        return Loads(f"{OURS} on {database.name}", target, OUR_WORDING, self.dataset, References())


@contextmanager
def _noted(failures: list[str], figure: str) -> Generator[None]:
    """Go on without the figure that cannot be had, and keep why."""
    try:
        yield
    except (WrongAnswer, OSError) as error:
        failures.append(f"{figure}: {error}")
