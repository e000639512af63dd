"""What a run has found, as tables to read and as JSON to compare."""

import os
import platform
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.databases import Database
from benchmarks.dataset import Sizes
from benchmarks.figures import Figure, figures
from benchmarks.further import Further
from benchmarks.measure import Plan, Subject, Summary

UNKNOWN = "–"  # noqa: RUF001 -- a dash for what was not measured

_SERVERS = """\
| server | requests/s | p50 ms | p99 ms | server CPU ms | answer |
|---|--:|--:|--:|--:|--:|"""
_FIGURES = """\
| figure | target | measured | by server CPU | reached |
|---|--:|--:|--:|---|"""
_MEMORY = """\
| server | peak memory MB | with 1,000 accounts |
|---|--:|--:|"""
_BLOCKS = """\
| database | p99 ms | longest ms | longest by the clock ms | timers |
|---|--:|--:|--:|--:|"""


@dataclass(frozen=True)
class Report:
    """A finished run."""

    conditions: Mapping[str, object]
    plan: Plan
    subjects: Sequence[Subject]
    further: Sequence[Further]

    def figures(self) -> list[Figure]:
        return list(figures(self.subjects, self.further, self.plan))

    def failures(self) -> list[str]:
        found = [failure for each in self.further for failure in each.failures]
        return found + [
            f"{each.contestant.name} on {each.database.name} failed at «{load}»: {result.failure}"
            for each in self.subjects
            for load, result in each.results.items()
            if result.failure is not None
        ]

    def as_json(self) -> Mapping[str, object]:
        return {
            "conditions": self.conditions,
            "servers": [_subject(each) for each in self.subjects],
            "blocks": [
                {
                    "database": each.database.name,
                    "p99_ms": each.p99_ms,
                    "longest_ms": each.longest_ms,
                    "longest_by_clock_ms": each.longest_by_clock_ms,
                    "memory_mb": each.memory_mb,
                    "memory_with_jobs_mb": each.memory_with_jobs_mb,
                }
                for each in self.further
            ],
            "figures": [{**asdict(each), "reached": each.reached} for each in self.figures()],
        }

    def as_markdown(self) -> str:
        said = "; ".join(f"{key}: {value}" for key, value in self.conditions.items())
        return "\n".join(
            [f"{said}.", "", *self._figures(), *self._servers(), *self._memory(), *self._blocks()]
        )

    def _figures(self) -> Iterator[str]:
        yield "### What has to be reached\n"
        yield _FIGURES
        for each in self.figures():
            bound = f"{'≤' if each.at_most else '≥'} {each.target:g} {each.unit}" if each.target else UNKNOWN
            reached = {True: "yes", False: "**no**", None: UNKNOWN}[each.reached]
            measured = f"{number(each.measured)} {each.unit}" if each.measured is not None else UNKNOWN
            by_cpu = f"{number(each.by_cpu)} {each.unit}" if each.by_cpu is not None else UNKNOWN
            yield f"| {each.name} | {bound} | {measured} | {by_cpu} | {reached} |"

    def _servers(self) -> Iterator[str]:
        for database in self._databases():
            here = self._on(database)
            for load in here[0].results:
                yield f"\n### {load[0].upper()}{load[1:]}, {database.name}\n"
                yield _SERVERS
                yield from (_row(name, found) for name, found in ranking(here, load))

    def _memory(self) -> Iterator[str]:
        for database in self._databases():
            yield f"\n### Memory, {database.name}\n"
            yield _MEMORY
            for each in self._on(database):
                if each.contestant.loads is not None:
                    continue  # it did not do what the others did
                memory = f"{number(each.memory_mb)} | {number(each.large_memory_mb)}"
                yield f"| {each.contestant.name} | {memory} |"
            for each in self.further:
                if each.database.kind == database.kind:
                    yield f"| ours, asked for pages only | {number(each.memory_mb)} | {UNKNOWN} |"
                    with_jobs = number(each.memory_with_jobs_mb)
                    yield f"| ours, with jobs, asked for pages only | {with_jobs} | {UNKNOWN} |"

    def _blocks(self) -> Iterator[str]:
        if self.further:
            yield "\n### Blocks of our event loop\n"
            yield _BLOCKS
        for each in self.further:
            numbers = (each.p99_ms, each.longest_ms, each.longest_by_clock_ms, len(each.blocks_ms))
            yield f"| {each.database.name} | {' | '.join(map(number, numbers))} |"

    def _databases(self) -> list[Database]:
        return list({each.database.kind: each.database for each in self.subjects}.values())

    def _on(self, database: Database) -> list[Subject]:
        return [each for each in self.subjects if each.database.kind == database.kind]


def conditions(sizes: Sizes, plan: Plan, versions: Mapping[str, str], *, pinned: bool) -> dict[str, object]:
    """Say where, when and with what a run is made; call it before the run."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{_processor()}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}",
        **load_average("before"),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "data": f"{sizes.accounts:,} accounts, {sizes.agreements:,} agreements,"
        f" {sizes.billing_contracts:,} billing contracts",
        "rounds": f"{plan.rounds} of {plan.seconds:g} s",
        "connections": plan.connections,
        "server": "on a core of its own" if pinned else "not pinned to a core",
        **({"versions": ", ".join(f"{name} {each}" for name, each in versions.items())} if versions else {}),
    }


def number(value: float | None) -> str:
    """Three significant digits: more would promise what a repetition does not keep."""
    if value is None:
        return UNKNOWN
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"  # noqa: PLR2004 -- three digits already


def _subject(each: Subject) -> Mapping[str, object]:
    return {
        "server": each.contestant.name,
        "database": each.database.name,
        "peak_memory_mb": each.memory_mb,
        "peak_memory_large_mb": each.large_memory_mb,
        "loads": {
            name: summary.as_json() if (summary := result.summary()) else {"failure": result.failure}
            for name, result in each.results.items()
        },
    }


def ranking(subjects: Sequence[Subject], load: str) -> list[tuple[str, Summary | None]]:
    """Servers and what they did, the quickest first; at the end those that failed, with None."""
    found = [
        (each.contestant.name, each.results[load].summary()) for each in subjects if load in each.results
    ]
    return sorted(found, key=lambda pair: -pair[1].requests_per_second if pair[1] else 0.0)


def _row(name: str, found: Summary | None) -> str:
    if found is None:
        return f"| {name} | failed | {UNKNOWN} | {UNKNOWN} | {UNKNOWN} | {UNKNOWN} |"
    size = f"{found.answer_bytes / 1000:,.1f} kB"
    numbers = (found.requests_per_second, found.p50_ms, found.p99_ms, found.cpu_ms)
    return f"| {name} | {' | '.join(map(number, numbers))} | {size} |"


def _processor() -> str:
    try:
        found = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    except OSError:
        found = None
    return found[1] if found else platform.processor() or "unknown processor"


def load_average(when: str) -> Mapping[str, str]:
    """Of the last minute: with others at work every number is worse than it must be."""
    found = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    return {f"load average {when}": found}
