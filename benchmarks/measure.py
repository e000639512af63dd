"""Turns: every load on every server has its round before any has its next one."""

import math
import statistics
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, field

from benchmarks.contestants import Contestant
from benchmarks.databases import Database
from benchmarks.dataset import Dataset
from benchmarks.errors import WrongAnswer
from benchmarks.http_client import Bounds, Round, run_round
from benchmarks.loads import Load, Loads, References
from benchmarks.server import ServerProcess

WARM_UP_ROUNDS = 2
"""Before anything is counted: some servers compile what they run, and what runs often once more."""
MAX_REQUESTS = 200_000
"""Of one round, whatever its time: what is kept of every answer must fit into memory."""

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """How long everything is measured.

    Attributes:
        seconds: Length of a round.
        rounds: How many each load has, besides those before anything is counted.
        connections: How many requests are under way at once, where a load does not say itself.
        many: How many are, where there are to be too many.
    """

    seconds: float
    rounds: int
    connections: int
    many: int

    @property
    def many_pages(self) -> str:
        """The load of the page over so many connections."""
        return f"page, {self.many} connections"


@dataclass
class Subject:
    """A server over a database, and what was measured of it so far.

    Attributes:
        server: For the usual loads.
        large: For the page of 1,000 accounts; it may be the same.
        memory_mb: The most that `server` held under the usual loads; None where it cannot be read.
        large_memory_mb: The most that `large` held up to the end.
        results: By the name of the load.
    """

    contestant: Contestant
    database: Database
    server: ServerProcess
    large: ServerProcess
    memory_mb: float | None = None
    large_memory_mb: float | None = None
    results: dict[str, "Result"] = field(default_factory=dict[str, "Result"])

    def loads(self, server: ServerProcess, dataset: Dataset, references: References) -> Loads:
        name = f"{self.contestant.name} on {self.database.name}"
        return Loads(name, server.target, self.contestant.wording, dataset, references)

    def measured(self, loads: Sequence[Load]) -> list[Load]:
        """Those of the loads at which it is measured; its answers to all of them have been compared."""
        return [each for each in loads if self.contestant.is_measured_at(each.name)]


@dataclass
class Result:
    """The rounds of one load; one value a round, but for the latencies, which are of all of them.

    Attributes:
        failure: Why there are no more of them: the server gave another answer, or none in time.
    """

    answer_bytes: int
    failure: str | None = None
    requests_per_second: list[float] = field(default_factory=list[float])
    cpu_ms: list[float] = field(default_factory=list[float])
    latencies: list[float] = field(default_factory=list[float])

    def summary(self) -> "Summary | None":
        """None for a load that failed: what came before that is nothing to compare."""
        if self.failure is not None:
            return None
        latencies = sorted(self.latencies)
        return Summary(
            requests_per_second=statistics.median(self.requests_per_second),
            p50_ms=_percentile(latencies, 50) * 1000,
            p99_ms=_percentile(latencies, 99) * 1000,
            cpu_ms=statistics.median(self.cpu_ms) if self.cpu_ms else None,
            answers=len(self.latencies),
            answer_bytes=self.answer_bytes,
            rounds=self.requests_per_second,
            cpu_rounds=self.cpu_ms,
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
        cpu_rounds: The server's processor time an answer of each round.
    """

    requests_per_second: float
    p50_ms: float
    p99_ms: float
    cpu_ms: float | None
    answers: int
    answer_bytes: int
    rounds: Sequence[float]
    cpu_rounds: Sequence[float]

    def as_json(self) -> dict[str, object]:
        return asdict(self)


async def measure(subjects: Sequence[Subject], dataset: Dataset, plan: Plan, tell: Tell) -> None:
    """Check each server's answers, warm it up, measure in turns; the results are kept in the subjects.

    The page of 1,000 accounts comes last, when the memory that the usual loads took has been read.

    Raises:
        WrongAnswer: The first answer to a question was not as it must be.
        DifferentAnswer: Two servers do not answer the same.
    """
    references = References()

    async def usual(subject: Subject) -> list[Load]:
        return subject.measured(await subject.loads(subject.server, dataset, references).usual(plan.many))

    async def large(subject: Subject) -> list[Load]:
        return subject.measured(await subject.loads(subject.large, dataset, references).large())

    await _in_turns([(each, each.server) for each in subjects], usual, plan, tell)
    for subject in subjects:
        subject.memory_mb = subject.server.peak_memory_mb()
    await _in_turns([(each, each.large) for each in subjects], large, plan, tell)
    for subject in subjects:
        subject.large_memory_mb = subject.large.peak_memory_mb()


async def _in_turns(
    served: Sequence[tuple[Subject, ServerProcess]],
    make: Callable[[Subject], Awaitable[list[Load]]],
    plan: Plan,
    tell: Tell,
) -> None:
    prepared = [(subject, server, await make(subject)) for subject, server in served]
    for subject, _, loads in prepared:
        subject.results |= {load.name: Result(load.answer_bytes) for load in loads}
    names = ", ".join(load.name for load in prepared[0][2])
    for number in range(1 - WARM_UP_ROUNDS, plan.rounds + 1):
        tell(f"{names}: " + (f"round {number} of {plan.rounds}" if number > 0 else "warming up"))
        for subject, server, loads in prepared:
            for load in loads:
                result = subject.results[load.name]
                if result.failure is None:
                    await _tried(server, load, plan, result, counts=number > 0)


async def _tried(server: ServerProcess, load: Load, plan: Plan, result: Result, *, counts: bool) -> None:
    """Run a round; a server that does not stand it is out of this load, and not the end of all of them."""
    try:
        if counts:
            await _measured(server, load, plan, result)
        else:
            await run(server, load, plan)
    except (WrongAnswer, OSError) as error:  # lost connections and timeouts are among the latter
        result.failure = str(error) or type(error).__name__


async def _measured(server: ServerProcess, load: Load, plan: Plan, result: Result) -> None:
    before = server.cpu_seconds()
    made = await run(server, load, plan)
    after = server.cpu_seconds()
    result.requests_per_second.append(len(made.latencies) / made.seconds)
    result.latencies += made.latencies
    if before is not None and after is not None:
        result.cpu_ms.append((after - before) * 1000 / len(made.latencies))


async def run(server: ServerProcess, load: Load, plan: Plan) -> Round:
    """One round of a load."""
    return await run_round(
        server.target,
        load.requests,
        load.accepts,
        connections=load.connections or plan.connections,
        bounds=Bounds(plan.seconds, MAX_REQUESTS),
    )


def _percentile(ordered: Sequence[float], percent: int) -> float:
    """The least value that so many of 100 do not exceed."""
    return ordered[math.ceil(len(ordered) * percent / 100) - 1]
