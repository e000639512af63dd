"""A database is brought up to date once, and one that cannot be used is told in one line."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import inspect, make_url, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

from agreements_api.database import Database
from agreements_api.errors import DatabaseOutdated, DatabaseTooNew, DatabaseUnusable, StartupError
from agreements_api.migrations import check_version, migrate, unusable


async def tables(connection: AsyncConnection) -> set[str]:
    return set(await connection.run_sync(lambda sync: inspect(sync).get_table_names()))


async def test_an_empty_database_is_outdated_until_it_is_migrated(empty_database_url: str) -> None:
    with pytest.raises(DatabaseOutdated, match="agreements migrate"):
        await check_version(empty_database_url)

    first, second = await migrate(empty_database_url), await migrate(empty_database_url)

    assert (first.before, second.before) == (None, first.after)
    await check_version(empty_database_url)
    async with Database(empty_database_url) as database, database.reads.connect() as connection:
        assert "accounts" in await tables(connection)


async def test_tables_that_are_made_in_a_database_that_was_there_are_told_as_such(
    empty_database_url: str, tmp_path: Path
) -> None:
    if make_url(empty_database_url).get_backend_name() == "sqlite":
        with closing(sqlite3.connect(tmp_path / "empty.db")) as connection:
            connection.execute("CREATE TABLE of_another_program (id INTEGER PRIMARY KEY)")

    done = await migrate(empty_database_url)

    assert done.before is None
    assert done.change == f"Made our tables in the database {done.database}, at revision {done.after}."


async def test_processes_that_start_together_migrate_once(empty_database_url: str) -> None:
    await asyncio.gather(*(migrate(empty_database_url) for _ in range(4)))

    await check_version(empty_database_url)


async def test_a_database_of_a_newer_version_is_left_alone(database: Database) -> None:
    async with database.writes.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    for use in (migrate, check_version):
        with pytest.raises(DatabaseTooNew, match="revision 9999, which this version does not know"):
            await use(database.url)

    async with database.reads.connect() as connection:
        assert (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar() == "9999"


async def test_rows_without_what_they_refer_to_stop_the_migration(tmp_path: Path) -> None:
    path = tmp_path / "agreements.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE parent (id INTEGER PRIMARY KEY)")
        connection.execute("CREATE TABLE child (parent_id INTEGER REFERENCES parent (id))")
        connection.execute("INSERT INTO child VALUES (1)")
    connection.close()

    with pytest.raises(DatabaseUnusable, match="a row of child would refer to a row of parent"):
        await migrate(f"sqlite:///{path}")

    async with Database(f"sqlite:///{path}") as database, database.reads.connect() as reading:
        assert await tables(reading) == {"parent", "child"}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("nowhere/agreements.db", "it cannot be opened. Its folder must exist and be writable."),
        ("", "it cannot be opened. Its folder must exist and be writable."),
        ("letter.txt", "the file is not an SQLite database. Set AGREEMENTS_DATABASE_URL to another file."),
    ],
)
async def test_a_file_that_cannot_be_used_is_told_in_one_line(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / "letter.txt").write_text("Dear Sir or Madam, " * 100)

    with pytest.raises(StartupError) as refusal:
        await migrate(f"sqlite:///{tmp_path}/{name}")

    assert str(refusal.value) == f"Cannot use the database {tmp_path}/{name}: {reason}"


async def test_a_full_disk_is_told_in_one_line(tmp_path: Path) -> None:
    async with Database(f"sqlite:///{tmp_path}/agreements.db") as database:
        async with database.writes.begin() as connection:
            await connection.exec_driver_sql("PRAGMA max_page_count = 1")  # as full as a disk can be
            with pytest.raises(DBAPIError) as full:
                await connection.exec_driver_sql("CREATE TABLE big AS SELECT zeroblob(10000000)")

        assert str(unusable(database.url, full.value)).endswith(": the disk is full. Free some space.")


async def test_a_server_that_does_not_answer_is_told_without_the_password() -> None:
    with pytest.raises(DatabaseUnusable) as refusal:
        await migrate("postgresql://somebody:opensesame@127.0.0.1:1/agreements")

    assert "somebody:***@127.0.0.1:1/agreements" in str(refusal.value)
    assert "refused" in str(refusal.value)
    assert "opensesame" not in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    "parameters", ["password=opensesame", "sslmode=nonsense&sslpassword=opensesame", "passfile=opensesame"]
)
async def test_a_server_that_does_not_answer_is_told_without_the_parameters(parameters: str) -> None:
    with pytest.raises(DatabaseUnusable) as refusal:
        await migrate(f"postgresql://somebody@127.0.0.1:1/agreements?{parameters}")

    assert "somebody@127.0.0.1:1/agreements: " in str(refusal.value)
    assert "opensesame" not in str(refusal.value)


def test_an_error_without_a_text_still_makes_a_line() -> None:
    error = OperationalError(None, None, TimeoutError())

    assert str(unusable(make_url("postgresql://db/agreements"), error)).endswith(": TimeoutError")
