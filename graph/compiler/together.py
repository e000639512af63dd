"""Single rows that several requests ask for at the same time: one run of a source reads them for all.

To send a statement to the database and to take its answer costs several times what there is to do for one
row. So who wants one waits for three turns of the event loop, and whoever asks for another row in the same
way until then is read with it; who is alone is read alone. It is read when all of them have asked: each sees
what was committed before it did. Where that fails, each row is read by itself: one may be to blame for it.
"""

# pyright: standard
# Not strict: rows are as the driver gives them.
import asyncio
from collections.abc import Hashable
from typing import Any

from graph.compiler.bound import Binder, Given
from graph.compiler.outputs import Anomaly
from graph.compiler.plan import Level, Plan
from graph.compiler.run import ABANDONED, Run
from graph.compiler.variables import NO_VALUES
from graph.reader import Reader
from graph.source import Source, SourceFailed

_MOST_ROWS = 16
"""Read together: more would save hardly anything, and all of them are made JSON in one go."""

_TURNS = 2
"""Of the event loop, after that in which reading begins: who was answered just now comes in the last."""


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
            Anomaly: graphql-core has to answer; so it has where anything else is raised, which is a fault.
        """
        which = source, plan.serial, level.number, reader.caller
        group = self._open.get(which)
        if group is None:
            run = Run(plan, self._binder, Given({}, NO_VALUES, reader, source.dialect))
            group = self._open[which] = _Group(source, run, level)
            group.reading = asyncio.create_task(self._read(which, group))
        found = group.join(key)
        if group.count == _MOST_ROWS:
            self._close(which, group)
        try:
            return await found
        except asyncio.CancelledError:
            group.count -= 1
            if not group.count:
                self._close(which, group)  # it may not even have begun
                group.reading.cancel()
                await asyncio.wait([group.reading])
            raise

    async def _read(self, which: Hashable, group: "_Group") -> None:
        """Read what the group wants; it belongs to all of them, and outlives who asked first."""
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        self._close(which, group)
        await group.read(list(group.waiting))

    def _close(self, which: Hashable, group: "_Group") -> None:
        """Let nobody else join it."""
        if self._open.get(which) is group:
            del self._open[which]


class _Group:
    """Those whose rows are read together.

    Attributes:
        reading: The task that reads.
        count: How many wait.
        waiting: Where they do, by the key that they want.
    """

    __slots__ = ("_level", "_loop", "_run", "_source", "count", "reading", "waiting")
    reading: asyncio.Task[None]

    def __init__(self, source: Source, run: Run, level: Level) -> None:
        self._source, self._run, self._level = source, run, level
        self._loop = asyncio.get_running_loop()
        self.waiting: dict[str, list[asyncio.Future[Any]]] = {}
        self.count = 0

    def join(self, key: str) -> asyncio.Future[Any]:
        found = self._loop.create_future()
        self.waiting.setdefault(key, []).append(found)
        self.count += 1
        return found

    async def read(self, keys: list[str]) -> None:
        """Read the rows of these keys, and tell those who wait for them."""
        run = self._run
        try:
            rows = await self._source.run(run.rows(self._level, keys), run.plan.habit, one=True)
        except SourceFailed as error:
            self._fail(keys, error)
        except Exception as error:  # noqa: BLE001  # belongs to who waits for it
            if len(keys) == 1:
                self._fail(keys, error)
            else:  # it may be of one row alone
                for key in keys:
                    await self.read([key])
        else:
            for key in keys:
                for found in self.waiting[key]:
                    if not found.done():
                        found.set_result(rows.get(key))

    def _fail(self, keys: list[str], error: Exception) -> None:
        for key in keys:
            for found in self.waiting[key]:
                if not found.done():
                    found.set_exception(_retold(error))


def _retold(error: Exception) -> Exception:
    """The same for one of many: raised by each of them, an error would hold on to all who did."""
    told = Anomaly(str(error)) if isinstance(error, ABANDONED) else RuntimeError("A row could not be read.")
    told.__cause__ = error
    return told
