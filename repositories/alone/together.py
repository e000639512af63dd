"""Changes that wait to be written to SQLite at the same time, committed at once."""

import asyncio
import copy
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from contextvars import Context
from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from repositories.alone.drivers import Bound, Change, Outcome
from repositories.alone.line import Line

MOST_TOGETHER: Final = 100
"""Changes in one transaction; others wait for it meanwhile."""

_ROUNDS: Final = 4
"""Of the event loop before a transaction, in which those join who have just been answered and ask again.

A round takes microseconds where nobody comes. Without, of eight who write without a pause half would always
wait for the next transaction, and each change would cost a sixth more.
"""


@dataclass(frozen=True)
class _Change:
    statements: Bound
    written: asyncio.Future[bool]

    def wanted(self) -> Bound | None:
        """What it writes, for the driver's thread; None if nobody waits any more."""
        return None if self.written.done() else self.statements


class Together:
    """Writes in one transaction the changes of all units of work that came while the last one was written.

    A commit waits for the disk, and takes three times the processor time of the change that it commits. Each
    change is still written as a whole or not at all, whatever becomes of the others.

    Args:
        engine: Opens the connection to write by, which is kept.
        turn: Waits for this process's turn to write.
        before_writing: Called by the driver's thread, with the lock; it raises what forbids to write.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        turn: Callable[[], AbstractAsyncContextManager[None]],
        before_writing: Callable[[], None],
    ) -> None:
        self._engine, self._turn, self._before_writing = engine, turn, before_writing
        self._line: Line | None = None
        self._waiting: list[_Change] = []
        self._writing: asyncio.Task[None] | None = None

    async def write(self, statements: Bound) -> bool:
        """Write a change, which takes its turn with others': nobody who holds one may wait here.

        Whoever gives up waiting does not know whether it was written; it is not if it was not begun by then.

        Returns:
            Whether the first of the statements found its row; if not, nothing was written.

        Raises:
            DBAPIError: It was not written, as far as the database can tell.
        """
        change = _Change(statements, asyncio.get_running_loop().create_future())
        self._waiting.append(change)
        if self._writing is None or self._writing.done():
            # Of no one's context, and ended by no one's cancellation.
            self._writing = asyncio.create_task(self._write_all(), name="Together", context=Context())
        return await change.written

    def guarded(self, change: Change) -> Change:
        """The same change, which is not written where nothing may be."""

        def guarded() -> Bound | None:
            self._before_writing()
            return change()

        return guarded

    async def aclose(self) -> None:
        """Wait until all that was begun is written, and close the connection; harmless when repeated."""
        while self._writing is not None and not self._writing.done():
            await asyncio.wait([self._writing])
        line, self._line = self._line, None
        if line is not None:
            await line.end()

    async def _write_all(self) -> None:
        while self._waiting:
            async with self._turn():
                for _ in range(_ROUNDS):
                    await asyncio.sleep(0)
                await self._write_some()

    async def _write_some(self) -> None:
        taken, self._waiting = self._waiting[:MOST_TOGETHER], self._waiting[MOST_TOGETHER:]
        changes = [each for each in taken if not each.written.done()]  # nobody waits for the others any more
        try:
            outcomes = await self._outcomes([each.wanted for each in changes])
        except Exception as error:  # noqa: BLE001  # it is raised where the changes were asked for
            outcomes = [_like(error) for _ in changes]
        except BaseException:  # the end of the event loop
            for each in (*changes, *self._waiting):
                each.written.cancel()
            raise
        for change, outcome in zip(changes, outcomes, strict=True):
            if change.written.done():
                continue
            if isinstance(outcome, Exception):
                change.written.set_exception(outcome)
            else:
                change.written.set_result(outcome)

    async def _outcomes(self, changes: Sequence[Change]) -> Sequence[Outcome]:
        if not changes:
            return []
        if self._line is None:
            self._line = Line(await self._engine.connect())
        line = self._line
        try:
            found = await line.driven(lambda driver: driver.write([self.guarded(each) for each in changes]))
        except BaseException:
            self._line = None
            await line.end()
            raise
        return [await line.told(each) if isinstance(each, Exception) else each for each in found]


def _like(error: Exception) -> Exception:
    """The same error once more: one that many raise would gather the tracebacks of all of them."""
    made = copy.copy(error)
    made.__cause__ = error
    return made
