"""Plans on SQLite: the whole work in one hop to a thread of its own, so that the event loop never waits."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

from sqlalchemy import Dialect

from graph.source import SourceFailed, Steps

T = TypeVar("T")

_INTERRUPT_EVERY_SECONDS = 0.01
"""An interrupt that comes before its statement has begun is lost."""
_SHORT_SECONDS = 0.05
"""What takes longer does not keep others waiting."""


class SQLiteSource:
    """Reads a file.

    Args:
        connect: Opens it, in autocommit mode and for any thread; a connection must not be able to write.
        dialect: Of SQLite.
        threads: How many plans run at once, if all but one of them take long. Short ones run one after the
            other: side by side they would only take Python's lock from each other, and from the event loop.
    """

    def __init__(
        self, connect: Callable[[], sqlite3.Connection], dialect: Dialect, *, threads: int = 4
    ) -> None:
        self._connect, self._dialect = connect, dialect
        self._turn, self._places = asyncio.Semaphore(1), asyncio.Semaphore(threads)
        self._idle: list[_Worker] = []

    @property
    def dialect(self) -> Dialect:
        return self._dialect

    async def run(self, steps: Steps[T], *, one: bool) -> T:
        if self._places.locked():
            raise SourceFailed("All threads are at work that takes long: the ordinary path has others.")
        await self._turn.acquire()
        pass_on = _Once(self._turn.release)
        timer = asyncio.get_running_loop().call_later(_SHORT_SECONDS, pass_on)
        try:
            if self._places.locked():  # by now
                raise SourceFailed("All threads are at work that takes long: the ordinary path has others.")
            async with self._places:
                return await self._run(_Job(steps, one=one))
        finally:
            steps.close()
            timer.cancel()
            pass_on()

    async def close(self) -> None:
        while self._idle:
            await asyncio.to_thread(self._idle.pop().end)

    async def _run(self, job: "_Job[T]") -> T:
        worker = self._idle.pop() if self._idle else _Worker(self._connect)
        worker.jobs.put(job)
        try:
            return await job.done
        except asyncio.CancelledError:
            while not job.is_over:
                job.give_up()
                await asyncio.sleep(_INTERRUPT_EVERY_SECONDS)
            raise
        finally:
            self._idle.append(worker)


class _Once:
    """Calls a function when it is called first."""

    def __init__(self, function: Callable[[], None]) -> None:
        self._function: Callable[[], None] | None = function

    def __call__(self) -> None:
        function, self._function = self._function, None
        if function is not None:
            function()


class _Worker:
    """A thread with a connection, which it opens when it is first needed.

    An executor of the standard library would take as long to hand the work over as a small plan takes.
    """

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        self.jobs: SimpleQueue[_Job[Any] | None] = SimpleQueue()
        self._connect = connect
        self._connection: sqlite3.Connection | None = None
        self._thread = threading.Thread(target=self._work, name="plans", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Close the connection, and wait for that."""
        self.jobs.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (job := self.jobs.get()) is not None:
            try:
                if self._connection is None:
                    self._connection = self._connect()
                job.run(self._connection)
            except BaseException as error:  # noqa: BLE001  # belongs to who waits for it
                job.fail(error)
        if self._connection is not None:
            self._connection.close()


class _Job(Generic[T]):
    """One plan's work.

    Attributes:
        done: What came of it, for the event loop.
        is_over: Whether the thread has nothing more to do with it.
    """

    def __init__(self, steps: Steps[T], *, one: bool) -> None:
        self._steps, self._one = steps, one
        self._loop = asyncio.get_running_loop()
        self.done: asyncio.Future[T] = self._loop.create_future()
        self.is_over = False
        self._connection: sqlite3.Connection | None = None
        self._given_up = False
        # An interrupt must not come when the connection is at work for another plan already.
        self._lock = threading.Lock()

    def give_up(self) -> None:
        """End the statement that is running, and begin no other. Called from the event loop's thread."""
        with self._lock:
            self._given_up = True
            if self._connection is not None:
                self._connection.interrupt()

    def run(self, connection: sqlite3.Connection) -> None:
        """Do it."""
        with self._lock:
            self._connection = connection
        try:
            if not self._one:
                connection.execute("BEGIN")
            found = self._read(connection)
        finally:
            with self._lock:
                self._connection = None
            self._steps.close()
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        self._tell(self._succeeded, found)

    def fail(self, error: BaseException) -> None:
        if isinstance(error, sqlite3.Error):
            failed = SourceFailed(str(error))
            failed.__cause__ = error
            error = failed
        self._tell(self._failed, error)

    def _read(self, connection: sqlite3.Connection) -> T:
        try:
            text, parameters = next(self._steps)
            while not self._given_up:
                rows = connection.execute(text, parameters).fetchall()
                text, parameters = self._steps.send(rows)
        except StopIteration as end:
            result: T = end.value
            return result
        raise sqlite3.OperationalError("given up")

    def _tell(self, how: Callable[[Any], None], what: object) -> None:
        self.is_over = True
        with suppress(RuntimeError):  # the event loop has ended meanwhile
            self._loop.call_soon_threadsafe(how, what)

    def _succeeded(self, found: T) -> None:
        if not self.done.done():
            self.done.set_result(found)

    def _failed(self, error: BaseException) -> None:
        if not self.done.done():
            self.done.set_exception(error)
