"""One entity changed by itself goes past the session, and leaves what a session would have left."""

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import aiosqlite
import pytest
from sqlalchemy import AsyncAdaptedQueuePool, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from support.contexts import Rows, a_context
from support.factories import ADA, GRACE, MANUAL_PROVIDER, an_account
from support.patience import PATIENCE_SECONDS

from agreements_api.database import Database
from models import Account, AuditEvent, Provider, ProviderStatus, SearchWord
from repositories import AtHand, is_passing
from repositories.alone.sqlite import Sqlite
from resolvers.accounts import update_account
from resolvers.context import Context
from resolvers.operations import repeated, require
from resolvers.providers import set_provider_status

OWN = {"id", "created_at", "updated_at"}


async def left_of(database: Database, account_id: UUID) -> tuple[object, ...]:
    """What is stored of an account, of its last event, and of its words in the index."""
    event = select(AuditEvent).where(AuditEvent.entity_id == account_id).order_by(AuditEvent.id.desc())
    async with database.reads.connect() as connection:
        stored = await connection.execute(select(Account.__table__).where(Account.id == account_id))
        last = (await connection.execute(event.limit(1))).mappings().one()
        found = await connection.scalars(select(SearchWord.word).where(SearchWord.entity_id == account_id))
        words = sorted(found)
    kept = {key: value for key, value in stored.mappings().one().items() if key not in OWN}
    return (
        kept,
        {key: last[key] for key in ("actor", "entity", "type", "before", "after", "request_id")},
        words,
    )


async def asked_at_hand(database: Database, question: str) -> object:
    """What the next connection at hand answers."""
    kept = require(await database.at_hand.take(), "connection")
    raw = (await kept.connection.get_raw_connection()).driver_connection
    found = await raw.fetchval(question)
    await database.at_hand.give_back(kept)
    return found


async def until(connection: AsyncConnection, question: str, answer: int) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (await connection.execute(text(question))).scalar_one() != answer:  # noqa: ASYNC110  # PostgreSQL tells nobody
            await asyncio.sleep(0.01)


def change(account: Account) -> None:
    account.name, account.domain, account.primary_contact = "Straße 12 «Fabrikam»", None, ADA


async def test_what_is_left_is_what_a_session_leaves(context: Context, database: Database) -> None:
    given = {"name": "Fabrikam Trading", "domain": "fabrikam.example", "primary_contact": GRACE}
    by_session, alone = await an_account(context, **given), await an_account(context, **given)

    async with context.unit_of_work() as uow:
        change(require(await uow.accounts.get(by_session.id), "account"))
        await uow.commit()
    async with context.unit_of_work() as uow:
        account = require(await uow.only(Account, alone.id), "account")
        change(account)
        await uow.commit()
        assert "session" not in vars(uow)

    left = await left_of(database, alone.id)
    assert left == await left_of(database, by_session.id)
    assert left[2] == ["12", "fabrikam", "strasse"]
    assert (account.revision, account.updated_by, account.primary_contact) == (2, "local", ADA)
    assert account.updated_at > account.created_at


async def test_a_word_that_another_column_has_stays_in_the_index(
    context: Context, database: Database
) -> None:
    account = await an_account(context, name="Fabrikam", domain="fabrikam.example")

    await update_account(context, account.id, {"name": "Contoso"})

    assert (await left_of(database, account.id))[2] == ["contoso", "example", "fabrikam"]


async def test_what_is_read_alone_is_changed_by_a_session_once_there_is_one(
    context: Context, database: Database
) -> None:
    account = await an_account(context, name="Fabrikam")

    changed = await update_account(context, account.id, {"name": "Contoso", "contacts": [ADA]})

    assert (changed.name, changed.revision) == ("Contoso", 2)
    _, event, words = await left_of(database, account.id)
    assert (event["type"], event["after"]["name"]) == ("UPDATED", "Contoso")
    assert event["after"]["contacts"][0]["email"] == ADA.email
    assert words == ["contoso"]


async def test_no_change_is_lost_among_many_at_once(context: Context, rows: Rows) -> None:
    account = await an_account(context)

    await asyncio.gather(
        *(update_account(context, account.id, {"name": f"Name {number}"}) for number in range(12)),
        *(update_account(context, account.id, {"external_ref": f"CRM-{number}"}) for number in range(12)),
    )

    [stored] = await rows("SELECT revision FROM accounts")
    assert stored.revision == 25
    events = await rows("SELECT before, after FROM audit_events WHERE type = 'UPDATED'")
    assert len(events) == 24


async def test_what_others_have_changed_since_is_not_overwritten(context: Context, database: Database):
    account = await an_account(context, name="Fabrikam")
    seen: list[str] = []

    @repeated
    async def rename_as_another_does() -> None:
        async with context.unit_of_work() as uow:
            mine = require(await uow.only(Account, account.id), "account")
            seen.append(mine.name)
            if len(seen) == 1:
                async with database.writes.begin() as connection:
                    other = text("UPDATE accounts SET name = 'Contoso', revision = revision + 1")
                    await connection.execute(other)
            mine.name += " Trading"
            await uow.commit()

    await rename_as_another_does()

    assert seen == ["Fabrikam", "Contoso"]
    kept, event, words = await left_of(database, account.id)
    assert (kept["name"], kept["revision"], event["before"]["name"]) == ("Contoso Trading", 3, "Contoso")
    assert "trading" in words


async def test_booleans_and_enumerations_come_as_such(context: Context, database: Database) -> None:
    async with context.unit_of_work() as uow:
        by_session = require(await uow.providers.get(MANUAL_PROVIDER), "provider")
    async with context.unit_of_work() as uow:
        alone = require(await uow.only(Provider, MANUAL_PROVIDER), "provider")

    columns = Provider.__table__.columns.keys()
    assert [getattr(alone, key) for key in columns] == [getattr(by_session, key) for key in columns]
    assert alone.capabilities == by_session.capabilities
    outcome = await set_provider_status(context, MANUAL_PROVIDER, ProviderStatus.INACTIVE)
    assert (outcome.changed, outcome.entity.status) == (True, ProviderStatus.INACTIVE)


async def test_leaving_it_without_a_commit_writes_nothing(context: Context, database: Database) -> None:
    account = await an_account(context)
    before = await left_of(database, account.id)

    async with context.unit_of_work() as uow:
        change(require(await uow.only(Account, account.id), "account"))

    assert await left_of(database, account.id) == before


async def test_a_session_on_a_connection_at_hand_writes_nothing_before_its_commit(
    context: Context, database: Database
) -> None:
    account = await an_account(context)
    await update_account(context, account.id, {"name": "Contoso"})
    before = await left_of(database, account.id)

    async with context.unit_of_work() as uow:
        change(require(await uow.only(Account, account.id), "account"))
        await uow.flush()
        assert await left_of(database, account.id) == before

    assert await left_of(database, account.id) == before


async def test_a_connection_that_died_at_hand_is_replaced(context: Context, database: Database) -> None:
    if database.is_sqlite:
        pytest.skip("SQLite: there is no server whose restart could end a connection")
    account = await an_account(context, name="Fabrikam")
    await update_account(context, account.id, {"name": "Contoso"})
    process = await asked_at_hand(database, "SELECT pg_backend_pid()")
    async with database.writes.begin() as other:
        await other.execute(text("SELECT pg_terminate_backend(:process)"), {"process": process})

    changed = await update_account(context, account.id, {"name": "Northwind"})

    assert changed.revision == 3


async def test_what_a_migration_makes_of_a_column_is_read_and_written_by_connections_at_hand(
    context: Context, database: Database
) -> None:
    if database.is_sqlite:
        pytest.skip("SQLite: statements are made ready anew by SQLite itself")
    account = await an_account(context, name="Fabrikam")
    await update_account(context, account.id, {"name": "Contoso"})
    process = await asked_at_hand(database, "SELECT pg_backend_pid()")

    for kind in ("varchar(777)", "varchar"):
        async with database.writes.begin() as other:
            await other.execute(text(f"ALTER TABLE accounts ALTER COLUMN address_line1 TYPE {kind}"))
        changed = await update_account(context, account.id, {"name": f"Contoso {kind}"})
        assert changed.name == f"Contoso {kind}"

    assert changed.revision == 4
    assert await asked_at_hand(database, "SELECT pg_backend_pid()") == process


async def test_connections_at_hand_are_closed_with_the_database(context: Context, database: Database):
    at_hand = context.transactions.at_hand
    kept = require(await at_hand.take(), "connection")
    await at_hand.give_back(kept)
    again = require(await at_hand.take(), "connection")
    await at_hand.give_back(again)
    assert again is kept

    await database.dispose()

    assert kept.connection.closed


async def test_connections_at_hand_are_the_same_for_all_who_write(context: Context, database: Database):
    account = await an_account(context, name="Fabrikam")

    for number in range(2 * database.at_hand.most):
        await update_account(a_context(database), account.id, {"name": f"Fabrikam {number}"})

    kept = require(await database.at_hand.take(), "connection")
    await database.at_hand.give_back(kept)
    assert isinstance(kept.connection.engine.pool, AsyncAdaptedQueuePool)
    # On SQLite the reader, and the writer of all.
    assert kept.connection.engine.pool.checkedout() == (2 if database.is_sqlite else 1)


async def test_more_at_once_than_connections_at_hand_wait_for_them(context: Context, database: Database):
    accounts = [await an_account(context, name="Fabrikam") for _ in range(3 * database.at_hand.most)]

    changed = await asyncio.gather(
        *(update_account(context, each.id, {"name": "Contoso"}) for each in accounts)
    )

    assert {each.revision for each in changed} == {2}


async def test_what_is_given_up_leaves_no_connection_in_the_middle_of_it(
    context: Context, database: Database
) -> None:
    if database.is_sqlite:
        pytest.skip("SQLite: whoever writes has the turn, so nobody waits in the middle of it")
    account = await an_account(context, name="Fabrikam")
    async with database.writes.begin() as other:
        await other.execute(text("UPDATE accounts SET domain = 'fabrikam.example'"))
        waiting = asyncio.create_task(update_account(context, account.id, {"name": "Contoso"}))
        await until(other, "SELECT count(*) FROM pg_locks WHERE NOT granted", 1)
        process = await asked_at_hand(database, "SELECT pg_backend_pid()")
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await until(other, "SELECT count(*) FROM pg_locks WHERE NOT granted", 0)

    changed = await update_account(context, account.id, {"name": "Northwind"})

    assert (changed.name, changed.revision) == ("Northwind", 2)
    assert await asked_at_hand(database, "SELECT pg_backend_pid()") == process


async def test_the_greatest_day_and_instant_and_ids_are_exchanged_as_they_are(database: Database) -> None:
    if database.is_sqlite:
        pytest.skip("SQLite: there is no other driver")
    given = [date.max, datetime.max.replace(tzinfo=UTC), MANUAL_PROVIDER]
    statement = "SELECT $1::date, $2::timestamptz, $3::uuid, $1::date::text, $2::timestamptz::text"

    kept = require(await database.at_hand.take(), "connection")
    raw = (await kept.connection.get_raw_connection()).driver_connection
    found = await raw.fetchrow(statement, *given)
    await database.at_hand.give_back(kept)

    assert [*found] == [*given, "9999-12-31", "9999-12-31 23:59:59.999999+00"]
    assert type(found[2]) is UUID


async def test_writes_go_on_where_no_connection_can_be_kept_at_hand(
    context: Context, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    account = await an_account(context, name="Fabrikam")
    nowhere = create_async_engine("sqlite+aiosqlite:////nowhere/at/all.db")
    without = replace(context, transactions=replace(context.transactions, at_hand=AtHand(nowhere, 1, None)))

    for number in range(2):
        changed = await update_account(without, account.id, {"name": f"Contoso {number}"})

    assert (changed.name, changed.revision) == ("Contoso 1", 3)
    assert [each.getMessage().partition(":")[0] for each in caplog.records] == ["No connection at hand"]
    await nowhere.dispose()


async def test_a_server_that_is_not_there_is_said_to_be_out_of_reach() -> None:
    async with Database("postgresql://nobody@127.0.0.1:1/nothing") as nowhere:
        with pytest.raises(DBAPIError) as raised:
            await update_account(a_context(nowhere), MANUAL_PROVIDER, {"name": "Contoso"})

    assert is_passing(raised.value)


async def test_a_file_that_is_locked_is_waited_for_beside_the_event_loop(tmp_path: Path) -> None:
    file = tmp_path / "locked.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("CREATE TABLE words AS SELECT 'one' AS word")
        async with aiosqlite.connect(file, isolation_level=None, check_same_thread=False) as connection:
            other.execute("BEGIN EXCLUSIVE")
            reading = asyncio.create_task(Sqlite(connection).read("SELECT word FROM words", ()))
            done, _ = await asyncio.wait([reading], timeout=0.05)
            assert not done
            other.execute("COMMIT")
            assert await reading == ("one",)


async def test_who_finds_all_connections_at_hand_taken_has_an_ordinary_one(
    context: Context, database: Database
) -> None:
    if database.is_sqlite:
        pytest.skip("SQLite: whoever has no turn gives its connection back at once")
    account = await an_account(context, name="Fabrikam")
    at_hand = context.transactions.at_hand
    taken = [require(await at_hand.take(), "connection") for _ in range(at_hand.most)]

    changed = await update_account(context, account.id, {"name": "Contoso"})

    assert changed.revision == 2
    for connection in taken:
        await at_hand.give_back(connection)


async def test_nothing_follows_the_commit_of_one_entity(context: Context, database: Database) -> None:
    account = await an_account(context, name="Fabrikam")

    async with context.unit_of_work() as uow:
        mine = require(await uow.only(Account, account.id), "account")
        mine.name = "Contoso"
        await uow.commit()
        mine.name = "Northwind"
        with pytest.raises(RuntimeError, match="is over"):
            await uow.commit()
        with pytest.raises(RuntimeError, match="is over"):
            await uow.accounts.get(account.id)

    kept, *_ = await left_of(database, account.id)
    assert (kept["name"], kept["revision"]) == ("Contoso", 2)


async def test_a_session_in_the_same_transaction_reads_what_is_there(context: Context) -> None:
    account = await an_account(context, name="Fabrikam")

    async with context.unit_of_work() as uow:
        alone = require(await uow.only(Account, account.id), "account")
        assert await uow.accounts.peek(account.id) is alone
