"""Single rows that several requests ask for at the same time: one run of a source reads them for all.

To send a statement to the database and to take its answer costs several times what there is to do for one
row. So who wants one waits for a turn of the event loop, and whoever asks for another row in the same way
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

from graph.compiler.outputs import Anomaly
from graph.compiler.plan import Level
from graph.compiler.run import Run
from graph.source import Source, SourceFailed

_MOST_ROWS = 16
"""Read together: more would save hardly anything, and all of them are made JSON in one go."""

_log = logging.getLogger(__name__)


class Together:
    """Reads rows for whoever asks at the same time; of one event loop."""

    def __init__(self) -> None:
        self._open: dict[Hashable, _Group] = {}

    async def row(self, source: Source, run: Run, level: Level, key: Any) -> Any:  # noqa: ANN401  # as rows have it; JSON
        """The row of a key as JSON, None if it is not there.

        When the last who waits for it is cancelled, so is the statement.

        Args:
            source: Where it is read.
            run: Of a plan, for whoever asks.
            level: Of that plan: rows by their keys, with nothing below.
            key: As rows have it.

        Raises:
            Anomaly: graphql-core has to answer.
        """
        which = source, *run.sees(level)
        group = self._open.get(which)
        if group is None:
            group = self._open[which] = _Group()
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
        await asyncio.sleep(0)  # twice as many come in this turn
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
