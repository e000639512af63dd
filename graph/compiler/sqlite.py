"""Plans on SQLite: a short one where it is asked for, one that takes longer in a thread.

A hop to a thread and back costs more than a small plan does, and while both work they take Python's lock from
each other with every row. So the event loop's own thread begins, with an eye on the clock; where time is up,
a thread goes on, on the same connection and in the same snapshot.
"""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from math import inf
from queue import SimpleQueue
from time import perf_counter, thread_time
from typing import Any, Generic, TypeVar

import orjson
from sqlalchemy import Dialect

from graph.compiler.places import Places, StandsStill
from graph.source import ASIDE, Aside, Habit, Query, SourceFailed, Steps

T = TypeVar("T")

_HERE_SECONDS = 0.0025
"""For which the event loop itself reads."""
_LONG_SECONDS = 0.002
"""Of processor time; what takes so much is not begun by the event loop again."""
_MOMENT_SECONDS = 0.0001
"""Of what is longer, the event loop reads no two without seeing to all else in between."""
_MANY_CHARACTERS = 256 * 1024
"""Of rows in one text; to take that apart takes milliseconds."""
_OPERATIONS = 2_000
"""Of SQLite's machine, some hundredths of a millisecond: so often it looks at the clock."""
_ASIDE_TIMES = 100
"""Until it is tried once more."""
_FOR_LATER = {sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_BUSY}
_SHORT_SECONDS = 0.05
"""What takes longer, in a thread, does not keep others waiting."""
_INTERRUPT_EVERY_SECONDS = 0.01
"""An interrupt that comes before its statement has begun is lost."""


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
        self._connect, self.dialect, self._threads = connect, dialect, threads
        self._turn = asyncio.Semaphore(1)
        self._workers = Places([_Worker() for _ in range(threads)])
        self._connections: list[_Connection] = []
        self._at_work = 0
        self._is_closed = False

    async def run(self, steps: Steps[T], habit: Habit, *, one: bool) -> T:
        await self._turn.acquire()
        work = _Work(steps, one=one)
        pass_on = _Once(self._turn.release)
        began = perf_counter()
        try:
            if self._reads_here(habit):
                self._begin(work, habit)
            if not work.is_done:
                await self._go_on(work, pass_on)
        except (sqlite3.Error, orjson.JSONDecodeError) as error:
            raise SourceFailed(str(error)) from error
        except StandsStill as error:
            raise SourceFailed("All threads are at work that takes long.") from error
        finally:
            try:
                steps.close()
                if work.connection is not None:
                    self._put_back(work.connection)
            finally:
                if perf_counter() - began < _MOMENT_SECONDS:
                    pass_on()
                else:
                    asyncio.get_running_loop().call_soon(pass_on)
        return work.result

    async def close(self) -> None:
        self._is_closed = True
        for worker in self._workers.take_all():
            await asyncio.to_thread(worker.end)
            self._workers.give(_Worker())
        while self._connections:
            self._connections.pop().driver.close()

    def _put_back(self, connection: "_Connection") -> None:
        if connection.rests() and not self._is_closed:
            self._connections.append(connection)
        else:
            connection.driver.close()

    def _reads_here(self, habit: Habit) -> bool:
        """Whether this thread begins the work.

        Not while others are at work, who would have the lock, unless all of them are: there is no other then.
        """
        if habit.aside:
            habit.aside -= 1
            return False
        if self._at_work >= self._threads and not self._connections:
            self._connections.append(_Connection(self._connect()))
        return bool(self._connections) and self._at_work in {0, self._threads}

    def _begin(self, work: "_Work[Any]", habit: Habit) -> None:
        """Do as much of it as can be done in a moment."""
        connection, began = self._connections.pop(), thread_time()
        connection.until = perf_counter() + _HERE_SECONDS
        try:
            work.go_on(connection, lambda asked: asked is ASIDE or connection.is_late())
        except sqlite3.OperationalError as error:
            # Python's own errors have no code.
            if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _FOR_LATER:
                raise
        finally:
            # By its own time: that another program had the core says nothing of the next run.
            if thread_time() - began > _LONG_SECONDS:
                habit.aside = _ASIDE_TIMES

    async def _go_on(self, work: "_Work[Any]", pass_on: Callable[[], None]) -> None:
        """Do what is left of it in a thread."""
        if work.connection is None and self._connections:
            work.connection = self._connections.pop()
        timer = asyncio.get_running_loop().call_later(_SHORT_SECONDS, pass_on)
        try:
            worker = await self._workers.take()
            self._at_work += 1
            try:
                await worker.do(_Job(work, self._connect))
            finally:
                self._at_work -= 1
                self._workers.give(worker)
        finally:
            timer.cancel()


class _Once:
    """Calls a function when it is called first."""

    def __init__(self, function: Callable[[], None]) -> None:
        self._function: Callable[[], None] | None = function

    def __call__(self) -> None:
        function, self._function = self._function, None
        if function is not None:
            function()


class _Connection:
    """A connection, for one thread at a time. Left alone, it waits neither for long statements nor for locks.

    Attributes:
        until: When its statements are interrupted.
    """

    def __init__(self, driver: sqlite3.Connection) -> None:
        self.driver, self.until = driver, inf
        [self._patience_ms] = driver.execute("PRAGMA busy_timeout").fetchone()
        self.hurry()

    def hurry(self) -> None:
        self.until = inf
        self.driver.set_progress_handler(self.is_late, _OPERATIONS)
        self.driver.execute("PRAGMA busy_timeout = 0")

    def take_time(self) -> None:
        """Wait for both."""
        self.driver.set_progress_handler(None, _OPERATIONS)
        self.driver.execute(f"PRAGMA busy_timeout = {self._patience_ms}")

    def is_late(self) -> bool:
        return perf_counter() > self.until

    def rests(self) -> bool:
        """Let go of what was read; returns whether that went well."""
        self.until = inf  # SQLite counts operations from one statement to the next
        try:
            if self.driver.in_transaction:
                self.driver.execute("ROLLBACK")
        except sqlite3.Error:
            return False
        return True


class _Work(Generic[T]):
    """What a plan does. It may begin in one thread and end in another.

    Attributes:
        connection: Where it reads, once it has begun.
        is_done: Whether there is a result.
    """

    result: T

    def __init__(self, steps: Steps[T], *, one: bool) -> None:
        self.connection: _Connection | None = None
        self.is_done = False
        self._steps, self._one = steps, one
        self._asked: Query | Aside = ASIDE
        self._begun = False

    def go_on(self, connection: _Connection, stops: Callable[[Query | Aside], bool]) -> None:
        """Do what is left of it; it can be called again, also where a statement was interrupted.

        Args:
            connection: Where it reads.
            stops: Is asked before all that it needs whether that is for later.
        """
        self.connection, execute = connection, connection.driver.execute
        try:
            if not self._begun:
                if not self._one:
                    execute("BEGIN")  # which may be interrupted, too
                self._begun = True
                self._asked = next(self._steps)
            while not stops(self._asked):
                asked = self._asked
                found = [] if asked is ASIDE else execute(asked.text, asked.parameters).fetchall()
                if asked is not ASIDE and asked.packed:
                    [[text]] = found
                    if text is not None and len(text) > _MANY_CHARACTERS and stops(ASIDE):
                        return
                    found = orjson.loads(f"[{text or ''}]")
                self._asked = self._steps.send(found)
        except StopIteration as end:
            self.result, self.is_done = end.value, True


class _Worker:
    """A thread that does what it is given, as soon as there is anything.

    An executor of the standard library would take as long to hand the work over as a small plan takes.
    """

    def __init__(self) -> None:
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    async def do(self, job: "_Job") -> None:
        """Have it done, and wait for that, or until it has been given up."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="plans", daemon=True)
            self._thread.start()
        self._jobs.put(job)
        try:
            await job.done
        except asyncio.CancelledError:
            while not job.is_over:
                job.give_up()
                with suppress(asyncio.CancelledError):  # once more: the thread is no quicker for that
                    await asyncio.sleep(_INTERRUPT_EVERY_SECONDS)
            raise

    def end(self) -> None:
        """Wait for its end."""
        if self._thread is not None:
            self._jobs.put(None)
            self._thread.join()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job.run()
            del job  # and what came of it


class _Job:
    """Work, for a thread.

    Attributes:
        done: Tells the event loop that the thread has nothing more to do with it, and what went wrong.
    """

    def __init__(self, work: _Work[Any], connect: Callable[[], sqlite3.Connection]) -> None:
        self._work, self._connect = work, connect
        self._loop = asyncio.get_running_loop()
        self.done: asyncio.Future[None] = self._loop.create_future()
        self.is_over = False
        self._reading: sqlite3.Connection | None = None
        self._given_up = False
        # An interrupt must not come when the connection is at work for another plan already.
        self._lock = threading.Lock()

    def give_up(self) -> None:
        """End the statement that is running, and begin no other. Called from the event loop's thread."""
        with self._lock:
            self._given_up = True
            if self._reading is not None:
                self._reading.interrupt()

    def run(self) -> None:
        """Do it."""
        try:
            self._read(self._work.connection or _Connection(self._connect()))
        except BaseException as error:  # noqa: BLE001  # belongs to who waits for it
            self._tell(error)
        else:
            self._tell(None)

    def _read(self, connection: _Connection) -> None:
        connection.take_time()
        with self._lock:
            self._reading = connection.driver
        try:
            self._work.go_on(connection, lambda _asked: self._given_up)
        finally:
            with self._lock:
                self._reading = None
            connection.hurry()

    def _tell(self, error: BaseException | None) -> None:
        self.is_over = True
        with suppress(RuntimeError):  # the event loop has ended meanwhile
            self._loop.call_soon_threadsafe(self._end, error)

    def _end(self, error: BaseException | None) -> None:
        if self.done.done():
            return
        if error is None:
            self.done.set_result(None)
        else:
            self.done.set_exception(error)
