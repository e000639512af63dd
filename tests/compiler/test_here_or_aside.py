"""Plans on SQLite: short ones where they are asked for, long ones in a thread, each in one snapshot."""

import asyncio
import gc
import sqlite3
import threading
import time
import weakref
from collections.abc import AsyncGenerator, Callable
from contextlib import closing
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from support.patience import AT_ONCE_SECONDS, PATIENCE_SECONDS, until

from graph.compiler import sqlite
from graph.compiler.sqlite import SQLiteSource
from graph.source import ASIDE, Habit, Query, Rows, SourceFailed, Steps

COUNT = Query("SELECT count(*) FROM shelf", ())
SLOW = Query(
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) SELECT max(i) FROM n",
    (400_000,),
)
HERE = threading.get_ident()


@pytest.fixture
def journal() -> str:
    return "WAL"


@pytest.fixture
def file(tmp_path: Path, journal: str) -> Path:
    path = tmp_path / "shelf.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(f"PRAGMA journal_mode = {journal}; CREATE TABLE shelf (book TEXT)")
    return path


@pytest.fixture
def opened() -> list[sqlite3.Connection]:
    return []


@pytest_asyncio.fixture
async def source(file: Path, opened: list[sqlite3.Connection]) -> AsyncGenerator[SQLiteSource]:
    def connect() -> sqlite3.Connection:
        opened.append(sqlite3.connect(file, isolation_level=None, check_same_thread=False, timeout=5))
        return opened[-1]

    source = SQLiteSource(connect, SQLiteDialect_pysqlite())
    await source.run(asking(COUNT), Habit(), one=True)  # a thread opens the first connection
    yield source
    await source.close()


def asking(
    *queries: Query, threads: list[bool] | None = None, between: Callable[[], object] | None = None
) -> Steps[list[object]]:
    """Work that returns what the statements found; `threads` is told for each whether it was read here."""
    found: list[object] = []
    for query in queries:
        rows = yield query
        found.append(rows[0][0])
        if threads is not None:
            threads.append(threading.get_ident() == HERE)
        if between is not None:
            between()
    return found


def _write(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("INSERT INTO shelf VALUES ('a book')")


@pytest.fixture
def undisturbed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Count as short what is: another program that has the core for some milliseconds makes it late."""
    monkeypatch.setattr(sqlite, "_HERE_SECONDS", AT_ONCE_SECONDS)


@pytest.mark.usefixtures("undisturbed")
async def test_what_is_short_is_read_where_it_is_asked_for(source: SQLiteSource) -> None:
    here: list[bool] = []

    assert await source.run(asking(COUNT, COUNT, threads=here), Habit(), one=False) == [0, 0]

    assert here == [True, True]


async def test_what_takes_longer_goes_on_in_a_thread_and_reads_the_same_state(
    source: SQLiteSource, file: Path
) -> None:
    here: list[bool] = []
    work = asking(COUNT, SLOW, COUNT, threads=here, between=lambda: _write(file))

    assert await source.run(work, Habit(), one=False) == [0, 400_000, 0]

    assert here[1:] == [False, False]
    assert await source.run(asking(COUNT), Habit(), one=True) == [3]


async def test_what_took_longer_is_done_in_a_thread_from_the_start(source: SQLiteSource) -> None:
    habit = Habit()
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not habit.aside:  # where another program had the core, that says nothing of the work
            await source.run(asking(SLOW), habit, one=True)
    here: list[bool] = []

    await source.run(asking(COUNT, threads=here), habit, one=True)

    assert here == [False]
    assert habit.aside == 99


async def test_others_are_answered_meanwhile(source: SQLiteSource) -> None:
    longest = asking(SLOW._replace(parameters=(40_000_000,)))
    long = asyncio.create_task(source.run(longest, Habit(), one=True))
    await asyncio.sleep(0.1)

    async with asyncio.timeout(PATIENCE_SECONDS):
        assert await source.run(asking(COUNT), Habit(), one=True) == [0]

    assert not long.done()
    long.cancel()
    await asyncio.gather(long, return_exceptions=True)
    assert await source.run(asking(COUNT), Habit(), one=True) == [0]


@pytest.mark.usefixtures("undisturbed")
async def test_short_ones_are_read_here_where_all_threads_are_at_work(
    source: SQLiteSource, opened: list[sqlite3.Connection]
) -> None:
    longest = SLOW._replace(parameters=(40_000_000,))
    long = [asyncio.create_task(source.run(asking(longest), Habit(aside=1), one=True)) for _ in range(4)]
    await until(lambda: len(opened) == len(long))  # one lets the next begin after a moment
    here: list[bool] = []

    async with asyncio.timeout(PATIENCE_SECONDS):
        assert await source.run(asking(COUNT, threads=here), Habit(), one=True) == [0]

    assert here == [True]
    assert not any(task.done() for task in long)
    for task in long:
        task.cancel()
    await asyncio.gather(*long, return_exceptions=True)
    assert len(opened) == 5


async def test_what_is_long_by_itself_is_done_in_a_thread_without_becoming_a_habit(
    source: SQLiteSource,
) -> None:
    seen: list[bool] = []

    def work() -> Steps[None]:
        yield COUNT
        seen.append(threading.get_ident() == HERE)
        yield ASIDE
        seen.append(threading.get_ident() == HERE)
        yield COUNT

    habit = Habit()
    await source.run(work(), habit, one=False)

    assert seen[1] is False
    assert habit.aside == 0


@pytest.mark.parametrize("journal", ["DELETE"])
async def test_a_lock_is_waited_for_in_a_thread(source: SQLiteSource, file: Path) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as owner:
        owner.execute("BEGIN EXCLUSIVE")
        waiting = asyncio.create_task(source.run(asking(COUNT), Habit(), one=True))
        async with asyncio.timeout(AT_ONCE_SECONDS):  # less than it waits
            await asyncio.sleep(0.2)  # the event loop goes on
        assert not waiting.done()
        owner.execute("COMMIT")

        assert await waiting == [0]


async def test_connections_are_used_again_however_they_are_used(
    source: SQLiteSource, opened: list[sqlite3.Connection]
) -> None:
    habits = [Habit(aside=number % 3) for number in range(60)]

    await asyncio.gather(*(source.run(asking(COUNT), habit, one=True) for habit in habits))

    assert len(opened) == 1


async def test_an_error_of_the_database_leaves_the_connection_as_it_was(
    source: SQLiteSource, opened: list[sqlite3.Connection]
) -> None:
    for habit in (Habit(), Habit(aside=1)):
        with pytest.raises(SourceFailed, match="no such table"):
            await source.run(asking(COUNT, Query("SELECT 1 FROM missing", ())), habit, one=False)

        assert not opened[0].in_transaction
        assert await source.run(asking(COUNT), Habit(), one=True) == [0]


async def test_who_is_given_up_twice_ends_only_with_the_thread(
    source: SQLiteSource, opened: list[sqlite3.Connection]
) -> None:
    begun, over = threading.Event(), threading.Event()

    def work() -> Steps[None]:
        yield ASIDE
        begun.set()
        over.wait(PATIENCE_SECONDS)  # like making JSON of much: nothing can interrupt it
        yield COUNT

    task = asyncio.create_task(source.run(work(), Habit(), one=False))
    await until(begun.is_set)
    for _ in range(2):
        task.cancel()
        await asyncio.sleep(0.02)
    assert not task.done()
    over.set()
    with pytest.raises(asyncio.CancelledError):
        await task

    async with asyncio.timeout(PATIENCE_SECONDS):
        assert await source.run(asking(COUNT), Habit(), one=True) == [0]
    assert len(opened) == 1


async def test_whatever_is_interrupted_is_done_again_in_a_thread(
    source: SQLiteSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        sqlite, "_HERE_SECONDS", -1.0
    )  # SQLite looks at the clock now and then: in BEGIN, too

    for _ in range(1_500):
        assert await source.run(asking(COUNT, COUNT), Habit(), one=False) == [0, 0]


async def test_what_fails_after_long_is_begun_in_a_thread_next_time(source: SQLiteSource) -> None:
    def work() -> Steps[None]:
        yield COUNT
        end = time.thread_time() + 0.005
        while time.thread_time() < end:
            pass
        raise LookupError

    habit = Habit()
    with pytest.raises(LookupError):
        await source.run(work(), habit, one=True)

    assert habit.aside == 100


@pytest.mark.parametrize("aside", [0, 1])
async def test_what_the_driver_cannot_read_is_a_failure_of_the_source(
    source: SQLiteSource, aside: int
) -> None:
    with pytest.raises(SourceFailed, match="UTF-8"):
        await source.run(asking(Query("SELECT CAST(x'ff' AS TEXT)", ())), Habit(aside), one=True)


@pytest.mark.parametrize("aside", [0, 1])
@pytest.mark.parametrize("found", ["1e", "[1"])
async def test_rows_in_a_text_that_is_no_json_are_a_failure_of_the_source(
    source: SQLiteSource, aside: int, found: str
) -> None:
    with pytest.raises(SourceFailed):
        await source.run(asking(Query("SELECT ?", (found,), packed=True)), Habit(aside), one=True)


async def test_rows_may_come_in_one_text(source: SQLiteSource) -> None:
    def work() -> Steps[list[Rows]]:
        few = yield Query("SELECT '[1,null],[\"a\",2]'", (), packed=True)
        none = yield Query("SELECT group_concat(book) FROM shelf", (), packed=True)
        return [few, none]

    assert await source.run(work(), Habit(), one=False) == [[[1, None], ["a", 2]], []]


@pytest.mark.usefixtures("undisturbed")
async def test_a_long_text_is_taken_apart_in_a_thread(source: SQLiteSource) -> None:
    here: list[bool] = []
    long = Query("SELECT ?", (f'["{"a" * 300_000}"]',), packed=True)

    await source.run(asking(COUNT, long, COUNT, threads=here), Habit(), one=False)

    assert here == [True, False, False]


async def test_a_connection_that_breaks_is_replaced(
    source: SQLiteSource, opened: list[sqlite3.Connection]
) -> None:
    with pytest.raises(SourceFailed):
        await source.run(asking(COUNT, COUNT, between=opened[0].close), Habit(), one=False)

    async with asyncio.timeout(PATIENCE_SECONDS):
        assert await source.run(asking(COUNT), Habit(), one=True) == [0]
    assert len(opened) == 2


async def test_a_thread_that_rests_holds_nothing_of_what_it_did(source: SQLiteSource) -> None:
    class Result:
        pass

    def work() -> Steps[Result]:
        yield COUNT
        return Result()

    held = weakref.ref(await source.run(work(), Habit(aside=1), one=True))
    async with asyncio.timeout(PATIENCE_SECONDS):
        while held() is not None:  # the thread is on its way
            await asyncio.sleep(0.01)
            gc.collect()


async def test_what_ends_after_the_source_is_closed_leaves_no_connection(
    source: SQLiteSource, opened: list[sqlite3.Connection]
) -> None:
    task = asyncio.create_task(source.run(asking(SLOW), Habit(aside=1), one=True))
    await asyncio.sleep(0.01)
    await source.close()
    await task

    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        opened[0].execute("SELECT 1")
