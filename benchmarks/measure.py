"""Turns: every load on every database has its round before any has its next one."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from benchmarks.dataset import Dataset
from benchmarks.http_client import Bounds, Round, run_round
from benchmarks.loads import Load, make_loads
from benchmarks.server import ServerProcess

MAX_REQUESTS = 200_000
"""Of one round, whatever its time: what is kept of every answer must fit into memory."""
WARM_UP = 0.2
"""Share of a round that each load runs before anything is counted."""


@dataclass
class Subject:
    """A server under measurement, and what was measured of it so far."""

    database: str
    server: ServerProcess
    loads: list[Load] = field(default_factory=list[Load])
    results: dict[str, "Result"] = field(default_factory=dict[str, "Result"])


@dataclass
class Result:
    """The rounds of one load; one value a round, but for the latencies, which are of all of them."""

    answer_bytes: int
    requests_per_second: list[float] = field(default_factory=list[float])
    cpu_ms: list[float] = field(default_factory=list[float])
    latencies: list[float] = field(default_factory=list[float])

    def summary(self) -> "Summary":
        latencies = sorted(self.latencies)
        return Summary(
            requests_per_second=statistics.median(self.requests_per_second),
            p50_ms=_percentile(latencies, 50) * 1000,
            p99_ms=_percentile(latencies, 99) * 1000,
            cpu_ms=statistics.median(self.cpu_ms) if self.cpu_ms else None,
            answers=len(self.latencies),
            answer_bytes=self.answer_bytes,
            rounds=self.requests_per_second,
        )


@dataclass(frozen=True)
class Summary:
    """What is reported of one load.

    Attributes:
        requests_per_second: Median of the rounds.
        p50_ms: Latency that half of all answers did not exceed.
        p99_ms: Latency that 99 of 100 answers did not exceed.
        cpu_ms: The server's processor time an answer, median of the rounds; None where it cannot be read.
        answers: How many were measured.
        answer_bytes: Length of an answer's body.
        rounds: Requests per second of each round.
    """

    requests_per_second: float
    p50_ms: float
    p99_ms: float
    cpu_ms: float | None
    answers: int
    answer_bytes: int
    rounds: Sequence[float]

    def as_json(self) -> dict[str, object]:
        return asdict(self)


async def measure(
    subjects: Sequence[Subject], dataset: Dataset, *, seconds: float, rounds: int, connections: int
) -> None:
    """Check each server's answers, warm it up, then measure in turns; the results are kept in the subjects.

    Raises:
        WrongAnswer: At any time an answer was not as it must be.
    """
    for subject in subjects:
        subject.loads = await make_loads(subject.server.target, dataset)
        subject.results = {load.name: Result(load.answer_bytes) for load in subject.loads}
        for load in subject.loads:
            await _round(subject, load, seconds=seconds * WARM_UP, connections=connections)
    for _ in range(rounds):
        for subject in subjects:
            for load in subject.loads:
                await _measured(subject, load, seconds=seconds, connections=connections)


async def _measured(subject: Subject, load: Load, *, seconds: float, connections: int) -> None:
    before = subject.server.cpu_seconds()
    made = await _round(subject, load, seconds=seconds, connections=connections)
    after = subject.server.cpu_seconds()
    result = subject.results[load.name]
    result.requests_per_second.append(len(made.latencies) / made.seconds)
    result.latencies += made.latencies
    if before is not None and after is not None:
        result.cpu_ms.append((after - before) * 1000 / len(made.latencies))


async def _round(subject: Subject, load: Load, *, seconds: float, connections: int) -> Round:
    return await run_round(
        subject.server.target,
        load.requests,
        load.accepts,
        connections=connections,
        bounds=Bounds(seconds, MAX_REQUESTS),
    )


def _percentile(ordered: Sequence[float], percent: int) -> float:
    """The least value that so many of 100 do not exceed."""
    return ordered[math.ceil(len(ordered) * percent / 100) - 1]
