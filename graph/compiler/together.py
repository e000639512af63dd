"""Single rows that several requests ask for at the same time: one run of a source reads them for all.

To send a statement to the database and to take its answer costs several times what there is to do for one
row. So who wants one waits for two turns of the event loop, and whoever asks for another row in the same way
until then is read with it; nobody waits for more than that, and who is alone is read alone. It is read when
all of them have asked: each sees what was committed before it did.
"""

# pyright: standard
# Not strict: rows are as the driver gives them.
import asyncio
import logging
from collections.abc import Hashable, Mapping
from typing import Any

from graphql import GraphQLError

from graph.compiler.bound import Binder, Given
from graph.compiler.outputs import Anomaly
from graph.compiler.plan import Level, Plan
from graph.compiler.run import Run
from graph.compiler.variables import NO_VALUES
from graph.reader import Reader
from graph.source import Source, SourceFailed

_MOST_ROWS = 16
"""Read together: more would save hardly anything, and all of them are made JSON in one go."""

_TURNS = 2
"""Of the event loop, while others come: most in the first, who was answered just now in the second."""

_log = logging.getLogger(__name__)


class Together:
    """Reads rows for whoever asks at the same time; of one event loop.

    What they show depends on the plan and on who asks, and on no value of a request but the key.
    """

    def __init__(self, binder: Binder) -> None:
        self._binder = binder
        self._open: dict[Hashable, _Group] = {}

    async def row(self, source: Source, plan: Plan, level: Level, key: str, reader: Reader) -> Any:  # noqa: ANN401  # JSON
        """The row of a key as JSON, None if it is not there.

        When the last who waits for it is cancelled, so is the statement.

        Args:
            source: Where it is read.
            plan: Asks for this row alone.
            level: Of the plan: what the row is read by.
            key: As rows have it.
            reader: Of whoever asks.

        Raises:
            Anomaly: graphql-core has to answer.
        """
        which = source, plan.serial, level.number, reader.caller
        group = self._open.get(which)
        if group is None:
            group = self._open[which] = _Group()
            run = Run(plan, self._binder, Given({}, NO_VALUES, reader, source.dialect))
            group.reading = asyncio.create_task(self._read(which, group, source, run, level))
        found = group.join(key)
        if len(group.waiting) == _MOST_ROWS:
            self._close(which, group)
        try:
            return await found
        except asyncio.CancelledError:
            group.left += 1
            if group.left == len(group.waiting):
                self._close(which, group)  # it may not even have begun
                group.reading.cancel()
                await asyncio.wait([group.reading])
            raise

    async def _read(self, which: Hashable, group: "_Group", source: Source, run: Run, level: Level) -> None:
        """Read what the group wants; it belongs to all of them, and outlives who asked first."""
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        self._close(which, group)
        try:
            group.give(await source.run(run.rows(level, group.keys()), run.plan.habit, one=True))
        except (GraphQLError, Anomaly, LookupError, SourceFailed) as error:
            group.fail(error)
        except Exception as error:  # noqa: BLE001  # graphql-core answers all the same; the fault is ours
            _log.exception("A plan failed")
            group.fail(error)

    def _close(self, which: Hashable, group: "_Group") -> None:
        """Let nobody else join it."""
        if self._open.get(which) is group:
            del self._open[which]


class _Group:
    """Those whose rows are read together: what each wants, and where it waits; how many wait no more."""

    __slots__ = ("left", "loop", "reading", "waiting")
    reading: asyncio.Task[None]

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.waiting: list[tuple[Any, asyncio.Future[Any]]] = []
        self.left = 0

    def join(self, key: Any) -> asyncio.Future[Any]:  # noqa: ANN401  # as rows have it
        found = self.loop.create_future()
        self.waiting.append((key, found))
        return found

    def keys(self) -> list[Any]:
        """What is wanted, each key once."""
        return list(dict.fromkeys([key for key, _ in self.waiting]))

    def give(self, rows: Mapping[Any, Any]) -> None:
        for key, found in self.waiting:
            if not found.done():
                found.set_result(rows.get(key))

    def fail(self, error: Exception) -> None:
        for _, found in self.waiting:
            if not found.done():
                # Each gets its own: one that is raised many times would hold on to all who raised it.
                found.set_exception(Anomaly(f"{type(error).__name__}: {error}"))
