"""The figures that the server has to reach, each with what a run has found."""

import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from benchmarks.contestants import (
    APOLLO,
    LIMIT,
    MERCURIUS,
    OURS,
    POSTGRAPHILE,
    STRAWBERRY,
    STRAWBERRY_UPDATE,
)
from benchmarks.databases import Kind
from benchmarks.further import Further
from benchmarks.measure import Plan, Result, Subject

LONGEST_BLOCK_MS = 5.0


@dataclass(frozen=True)
class Figure:
    """One line: what must be reached and what was measured.

    Attributes:
        name: What it is of.
        target: The least it must be, or the most where `at_most`; None where it is only told.
        measured: None where it was not measured, for want of a peer, or as a load failed.
        by_cpu: The same ratio by the servers' processor time an answer, which other programs disturb less.
        unit: Behind the numbers.
    """

    name: str
    target: float | None
    measured: float | None
    by_cpu: float | None = None
    at_most: bool = False
    unit: str = "times"

    @property
    def reached(self) -> bool | None:
        if self.measured is None or self.target is None:
            return None
        return self.measured <= self.target if self.at_most else self.measured >= self.target


# Of the page, on PostgreSQL: at least so many times the other's requests a second.
_PAGE_ON_POSTGRESQL = ((LIMIT, 0.9), (STRAWBERRY, 30), (MERCURIUS, 1.9), (POSTGRAPHILE, 2.5), (APOLLO, 6))


def figures(subjects: Sequence[Subject], further: Sequence[Further], plan: Plan) -> Iterator[Figure]:
    """Every figure of a database that was measured."""
    kinds: list[Kind] = list(dict.fromkeys(each.database.kind for each in subjects))
    for kind in kinds:
        found = _Found({each.contestant.name: each for each in subjects if each.database.kind == kind})
        on = found.database
        yield from _of_pages(kind, on, found)
        yield found.ratio(f"Small query, {on}: of {LIMIT}", "small", LIMIT, 0.8)
        if kind == "postgresql":
            yield found.ratio(f"Small query, {on}: of {APOLLO}", "small", APOLLO, 1)
            yield found.ratio(f"Small query, {on}: of {POSTGRAPHILE}", "small", POSTGRAPHILE, 1)
        yield found.ratio(f"1,000 accounts, {on}: of {LIMIT}", "1,000 accounts", LIMIT, 0.75)
        many = f"{plan.many} connections, {on}"
        yield found.collapse(f"{many}: of the throughput at {plan.connections}", plan)
        yield from _further(on, many, [each for each in further if each.database.kind == kind])
        yield found.ratio(f"Rename, {on}: of {STRAWBERRY}", "write", STRAWBERRY, 3)
        yield found.ratio(f"Rename, {on}: of {STRAWBERRY_UPDATE}", "write", STRAWBERRY_UPDATE, None)


def _of_pages(kind: Kind, on: str, found: "_Found") -> Iterator[Figure]:
    peers = _PAGE_ON_POSTGRESQL if kind == "postgresql" else ((LIMIT, 0.8),)
    for peer, target in peers:
        yield found.ratio(f"Page, {on}: of {peer}", "page", peer, target)


def _further(on: str, many: str, further: Sequence[Further]) -> Iterator[Figure]:
    for each in further:
        for jobs, most, memory in (("without", 120, each.memory_mb), ("with", 150, each.memory_with_jobs_mb)):
            yield Figure(f"{many}: peak memory {jobs} jobs", most, memory, at_most=True, unit="MB")
        if each.database.kind == "sqlite":
            longest = each.longest_ms
            yield Figure(
                f"Page, {on}: longest block of the loop", LONGEST_BLOCK_MS, longest, at_most=True, unit="ms"
            )


@dataclass(frozen=True)
class _Found:
    """The servers over one database, by name."""

    subjects: dict[str, Subject]

    @property
    def database(self) -> str:
        return self.subjects[OURS].database.name.split()[0]

    def ratio(self, name: str, load: str, peer: str, target: float | None) -> Figure:
        """How many times the peer's requests a second ours answers; the median of the rounds."""
        if peer not in self.subjects:
            return Figure(name, target, None)
        ours, other = self.subjects[OURS].results[load], self.subjects[peer].results[load]
        if ours.failure or other.failure:
            return Figure(name, target, None)
        return Figure(
            name,
            target,
            _median_ratio(ours, other, lambda result: result.requests_per_second),
            _median_ratio(other, ours, lambda result: result.cpu_ms),
        )

    def collapse(self, name: str, plan: Plan) -> Figure:
        ours = self.subjects[OURS].results
        many, few = ours[plan.many_pages], ours["page"]
        if many.failure or few.failure:
            return Figure(name, 0.6, None)
        return Figure(name, 0.6, _median_ratio(many, few, lambda result: result.requests_per_second))


def _median_ratio(one: Result, other: Result, of: Callable[[Result], Sequence[float]]) -> float | None:
    """Round by round, as what slows the machine down meets both of a round."""
    pairs = [(mine, theirs) for mine, theirs in zip(of(one), of(other), strict=True) if theirs]
    return statistics.median(mine / theirs for mine, theirs in pairs) if pairs else None
