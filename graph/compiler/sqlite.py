"""Plans on SQLite: the whole work in one hop to a thread of its own, so that the event loop never waits."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

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
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="plan")
        self._of_thread = threading.local()
        self._turn = asyncio.Semaphore(1)
        self._opened: list[sqlite3.Connection] = []

    @property
    def dialect(self) -> Dialect:
        return self._dialect

    async def run(self, steps: Steps[T], *, one: bool) -> T:
        await self._turn.acquire()
        pass_on = _Once(self._turn.release)
        timer = asyncio.get_running_loop().call_later(_SHORT_SECONDS, pass_on)
        try:
            return await self._run(_Job(steps, one=one))
        finally:
            timer.cancel()
            pass_on()

    async def _run(self, job: "_Job[T]") -> T:
        done: Future[T] = self._threads.submit(self._do, job)
        try:
            return await asyncio.wrap_future(done)
        except asyncio.CancelledError:
            while not done.done():
                job.give_up()
                await asyncio.sleep(_INTERRUPT_EVERY_SECONDS)
            raise

    async def close(self) -> None:
        await asyncio.to_thread(self._threads.shutdown)
        while self._opened:
            self._opened.pop().close()

    def _do(self, job: "_Job[T]") -> T:
        connection: sqlite3.Connection | None = getattr(self._of_thread, "connection", None)
        try:
            if connection is None:
                connection = self._of_thread.connection = self._connect()
                self._opened.append(connection)
            return job.run(connection)
        except sqlite3.Error as error:
            raise SourceFailed(str(error)) from error


class _Once:
    """Calls a function when it is called first."""

    def __init__(self, function: Callable[[], None]) -> None:
        self._function: Callable[[], None] | None = function

    def __call__(self) -> None:
        function, self._function = self._function, None
        if function is not None:
            function()


class _Job(Generic[T]):
    """One plan's work in its thread."""

    def __init__(self, steps: Steps[T], *, one: bool) -> None:
        self._steps, self._one = steps, one
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

    def run(self, connection: sqlite3.Connection) -> T:
        with self._lock:
            self._connection = connection
        try:
            if not self._one:
                connection.execute("BEGIN")
            return self._read(connection)
        finally:
            with self._lock:
                self._connection = None
            self._steps.close()
            if connection.in_transaction:
                connection.execute("ROLLBACK")

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
