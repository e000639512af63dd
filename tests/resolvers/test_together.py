"""Changes that come at the same time are committed at once on SQLite; each succeeds or fails by itself."""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import aiosqlite
import pytest
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from support.contexts import Rows
from support.factories import ADA, an_account
from support.patience import PATIENCE_SECONDS, until
from uuid_utils.compat import uuid7

from agreements_api.database import Database
from models import Account
from repositories.alone.drivers import Bound, Outcome
from repositories.alone.sqlite import Sqlite
from repositories.alone.together import MOST_TOGETHER, Together
from resolvers.accounts import update_account
from resolvers.context import Context
from resolvers.errors import NotFound, RevisionConflict
from resolvers.operations import require


@pytest.fixture(autouse=True)
def _on_sqlite(database: Database) -> None:
    if not database.is_sqlite:
        pytest.skip("PostgreSQL: a change is one statement, and commits wait for each other there")


@contextmanager
def commits(database: Database) -> Generator[list[str]]:
    """Give the commits that are made meanwhile by connections that are opened meanwhile."""
    made: list[str] = []

    def note(statement: str) -> None:
        if statement == "COMMIT":
            made.append(statement)

    def trace(connection: Any, _entry: object) -> None:
        connection.driver_connection._conn.set_trace_callback(note)  # noqa: SLF001  # there is no public way

    event.listen(database.writes.sync_engine, "connect", trace)
    try:
        yield made
    finally:
        event.remove(database.writes.sync_engine, "connect", trace)


async def referred(context: Context, account: Account, external_ref: str) -> None:
    """Give the account a reference, without asking whether another has it."""
    async with context.unit_of_work() as uow:
        mine = require(await uow.only(Account, account.id), "account")
        mine.external_ref = external_ref
        await uow.commit()


async def references(rows: Rows) -> list[str]:
    found = await rows("SELECT external_ref FROM accounts WHERE external_ref IS NOT NULL ORDER BY 1")
    return [each.external_ref for each in found]


async def begun() -> None:
    """Wait until changes are being written."""
    while not any(task.get_name() == "Together" for task in asyncio.all_tasks()):  # noqa: ASYNC110  # nobody tells
        await asyncio.sleep(0)


def waiting(database: Database) -> int:
    """How many changes wait to be written."""
    return len(require(database.together, "together")._waiting)  # noqa: SLF001  # nobody tells


async def commits_of(context: Context, database: Database, changes: int) -> int:
    """How many commits so many changes take that come at the same time."""
    accounts = [await an_account(context, name="Fabrikam") for _ in range(changes)]
    await database.dispose()
    with commits(database) as made:
        async with database.turn():
            changing = asyncio.gather(
                *(update_account(context, each.id, {"name": "Contoso"}) for each in accounts)
            )
            await until(lambda: waiting(database) == changes)
        assert {each.revision for each in await changing} == {2}
    return len(made)


async def test_changes_that_wait_for_the_same_turn_are_one_commit(context: Context, database: Database):
    assert await commits_of(context, database, 20) == 1


async def test_nobody_waits_for_more_than_so_many_changes(context: Context, database: Database) -> None:
    assert await commits_of(context, database, MOST_TOGETHER + 1) == 2


async def test_who_reads_one_entity_and_refuses_does_not_wait_for_a_turn(
    context: Context, database: Database
) -> None:
    account = await an_account(context, name="Fabrikam")
    async with database.turn(), asyncio.timeout(PATIENCE_SECONDS):
        with pytest.raises(NotFound):
            await update_account(context, uuid7(), {"name": "Contoso"})
        with pytest.raises(RevisionConflict):
            await update_account(context, account.id, {"name": "Contoso"}, revision=7)
        assert (await update_account(context, account.id, {"name": "Fabrikam"})).revision == 1


async def test_who_needs_a_session_besides_waits_for_the_turn(
    context: Context, database: Database, rows: Rows
) -> None:
    account = await an_account(context, name="Fabrikam")
    async with database.turn():
        changing = asyncio.create_task(
            update_account(context, account.id, {"name": "Contoso", "contacts": [ADA]})
        )
        await asyncio.wait([changing], timeout=0.1)
        assert not changing.done()
        assert [each.name for each in await rows("SELECT name FROM accounts")] == ["Fabrikam"]

    assert (await changing).revision == 2
    assert len(await rows("SELECT id FROM audit_events WHERE type = 'UPDATED'")) == 1


async def test_what_the_database_refuses_fails_by_itself(context: Context, rows: Rows) -> None:
    accounts = [await an_account(context, name="Fabrikam") for _ in range(4)]
    wanted = ["CRM-1", "CRM-1", "CRM-2", "CRM-1"]

    outcomes = await asyncio.gather(
        *(referred(context, each, reference) for each, reference in zip(accounts, wanted, strict=True)),
        return_exceptions=True,
    )

    assert [type(each).__name__ for each in outcomes] == ["NoneType", "Conflict", "NoneType", "Conflict"]
    assert await references(rows) == ["CRM-1", "CRM-2"]
    assert len(await rows("SELECT id FROM audit_events WHERE type = 'UPDATED'")) == 2


async def test_whoever_gives_up_takes_nobody_with_it(
    context: Context, database: Database, rows: Rows
) -> None:
    accounts = [await an_account(context, name="Fabrikam") for _ in range(3)]
    async with database.turn():
        tasks = [
            asyncio.create_task(referred(context, each, f"CRM-{at}")) for at, each in enumerate(accounts)
        ]
        await asyncio.sleep(0)
    await begun()
    tasks[0].cancel()

    outcomes = await asyncio.gather(*tasks, return_exceptions=True)

    assert [type(each).__name__ for each in outcomes] == ["CancelledError", "NoneType", "NoneType"]
    assert (await references(rows))[-2:] == ["CRM-1", "CRM-2"]
    await referred(context, accounts[1], "CRM-3")


async def test_events_are_numbered_in_the_order_of_their_commits(
    context: Context, database: Database, rows: Rows
) -> None:
    waiting, quick = [await an_account(context, name="Fabrikam") for _ in range(2)]

    async def change_at_once() -> None:
        async with context.unit_of_work() as uow:
            account = require(await uow.accounts.get(quick.id), "account")
            account.name = "Contoso"
            await uow.commit()

    async with database.turn():
        changing = asyncio.gather(referred(context, waiting, "CRM-1"), change_at_once())
        await asyncio.sleep(0)
    await changing

    events = await rows("SELECT entity_id FROM audit_events WHERE type = 'UPDATED' ORDER BY id")
    assert [UUID(each.entity_id) for each in events] == [quick.id, waiting.id]


async def test_what_was_begun_is_written_before_the_database_is_closed(
    context: Context, database: Database, rows: Rows
) -> None:
    account = await an_account(context, name="Fabrikam")
    task = asyncio.create_task(referred(context, account, "CRM-1"))
    await begun()

    await database.dispose()

    assert await references(rows) == ["CRM-1"]
    await task


async def test_whoever_changes_what_another_changes_needs_no_session(
    context: Context, database: Database, rows: Rows
) -> None:
    account = await an_account(context, name="Fabrikam")
    by_session: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        by_session.append(statement)

    event.listen(database.writes.sync_engine, "before_cursor_execute", note)
    try:
        await asyncio.gather(
            *(update_account(context, account.id, {"name": f"Name {number}"}) for number in range(12))
        )
    finally:
        event.remove(database.writes.sync_engine, "before_cursor_execute", note)

    assert by_session == []
    assert [each.revision for each in await rows("SELECT revision FROM accounts")] == [13]


def at_once(account: Account, domain: str) -> Bound:
    return [("UPDATE accounts SET domain = ? WHERE id = ?", (domain, account.id.hex))]


async def test_what_nobody_waits_for_any_more_is_not_written(
    context: Context, database: Database, rows: Rows
):
    accounts = [await an_account(context, name="Fabrikam") for _ in range(2)]
    together = require(database.together, "together")
    async with database.turn():
        given_up, kept = [
            asyncio.create_task(together.write(at_once(each, "fabrikam.example"))) for each in accounts
        ]
        await asyncio.sleep(0)
        given_up.cancel()

    assert await kept
    found = await rows("SELECT domain FROM accounts ORDER BY id")
    assert [each.domain for each in found] == [None, "fabrikam.example"]


async def test_what_is_given_up_while_others_lock_the_file_is_not_written_afterwards(
    context: Context, database: Database, rows: Rows
) -> None:
    accounts = [await an_account(context, name="Fabrikam") for _ in range(2)]
    await referred(context, accounts[1], "CRM-0")
    with closing(sqlite3.connect(require(database.url.database, "file"), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        given_up, kept = [
            asyncio.create_task(referred(context, each, f"CRM-{at}")) for at, each in enumerate(accounts, 1)
        ]
        await begun()
        await asyncio.sleep(0.2)  # the driver waits for the lock
        given_up.cancel()
        await asyncio.wait([given_up])
        other.execute("ROLLBACK")

    await kept
    assert await references(rows) == ["CRM-2"]


async def test_a_connection_that_is_broken_is_replaced(context: Context, database: Database) -> None:
    account = await an_account(context, name="Fabrikam")
    together = require(database.together, "together")
    assert await together.write(at_once(account, "one.example"))
    line = require(together._line, "line")  # noqa: SLF001  # to break it
    broken = (await line.connection.get_raw_connection()).driver_connection
    await broken.close()

    outcomes = await asyncio.gather(
        *(together.write(at_once(account, "two.example")) for _ in range(2)), return_exceptions=True
    )

    assert all(isinstance(each, Exception) for each in outcomes)
    assert outcomes[0] is not outcomes[1]
    assert await together.write(at_once(account, "two.example"))


async def test_each_is_told_that_the_file_cannot_be_opened(context: Context, database: Database) -> None:
    account = await an_account(context, name="Fabrikam")
    nowhere = create_async_engine("sqlite+aiosqlite:////nowhere/at/all.db")
    together = Together(nowhere, database.turn, lambda: None)

    async with asyncio.timeout(20):
        outcomes = await asyncio.gather(
            *(together.write(at_once(account, "one.example")) for _ in range(2)), return_exceptions=True
        )

    assert {type(each).__name__ for each in outcomes} == {"OperationalError"}
    assert outcomes[0] is not outcomes[1]
    await nowhere.dispose()


@pytest.fixture
async def driver(tmp_path: Path) -> AsyncGenerator[Sqlite]:
    file = tmp_path / "some.db"
    async with aiosqlite.connect(file, isolation_level=None, check_same_thread=False) as connection:
        await connection.execute("CREATE TABLE words (word TEXT UNIQUE)")
        await connection.execute("PRAGMA busy_timeout = 0")
        yield Sqlite(connection)


@pytest.fixture
def begun_on(driver: Sqlite) -> list[str]:
    """The transactions that are begun by the driver."""
    begun: list[str] = []
    raw: Any = driver._connection  # noqa: SLF001  # there is no public way
    raw._conn.set_trace_callback(  # noqa: SLF001  # as above
        lambda statement: begun.append(statement) if statement.startswith("BEGIN") else None
    )
    return begun


def word(*texts: str) -> Bound:
    return [("INSERT INTO words VALUES (?)", (text,)) for text in texts]


async def written(driver: Sqlite, *changes: Bound) -> Sequence[Outcome]:
    return await driver.write([lambda bound=each: bound for each in changes])


async def test_a_change_that_fails_late_leaves_nothing_of_itself(driver: Sqlite) -> None:
    outcomes = await written(driver, word("one"), word("two", "one"), word("three"))

    assert outcomes[0] is outcomes[2] is True
    assert isinstance(outcomes[1], sqlite3.IntegrityError)
    assert await driver.read("SELECT group_concat(word) FROM words", ()) == ("one,three",)


async def test_a_change_whose_row_is_not_there_does_nothing_more(driver: Sqlite) -> None:
    missing: Bound = [("DELETE FROM words WHERE word = 'none'", ()), *word("two")]

    assert await written(driver, missing, word("one")) == [False, True]
    assert await written(driver, missing) == [False]
    assert await driver.read("SELECT group_concat(word) FROM words", ()) == ("one",)


async def test_what_is_wrong_with_one_change_fails_no_other(driver: Sqlite) -> None:
    wrong: Bound = [("SELECT value FROM json_each('{')", ())], [("INSERT INTO nothing VALUES (1)", ())]

    outcomes = await written(driver, word("one"), *wrong, word("two"))

    assert [type(each) for each in outcomes] == [bool, *[sqlite3.OperationalError] * 2, bool]
    assert await driver.read("SELECT group_concat(word) FROM words", ()) == ("one,two",)


async def test_a_file_that_is_locked_is_waited_for_once_for_all(
    driver: Sqlite, begun_on: list[str], tmp_path: Path
) -> None:
    with closing(sqlite3.connect(tmp_path / "some.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        outcomes = await written(driver, word("one"), word("two"))
        other.execute("ROLLBACK")

    assert {type(each) for each in outcomes} == {sqlite3.OperationalError}
    assert len(begun_on) == 1
    assert await written(driver, word("one"), word("two")) == [True, True]


async def test_each_is_told_by_an_error_of_its_own(context: Context, database: Database) -> None:
    accounts = [await an_account(context, name="Fabrikam") for _ in range(2)]
    async with database.writes.begin() as connection:
        await connection.exec_driver_sql("DROP TABLE audit_events")

    changes = (referred(context, each, f"CRM-{at}") for at, each in enumerate(accounts))
    first, second = await asyncio.gather(*changes, return_exceptions=True)

    assert isinstance(first, DBAPIError)
    assert isinstance(second, DBAPIError)
    assert first is not second
