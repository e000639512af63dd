"""Brings a database to the schema of this version, from the migrations in the installed package."""

import asyncio
import os
import sqlite3
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, Connection, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

import models.migrations
from agreements_api.database import database_url, sqlite_engine
from agreements_api.database_file import file_of, refuse_in_place_of_another
from agreements_api.errors import DatabaseOutdated, DatabaseTooNew, DatabaseUnusable

# Any constant will do, as long as every version of this program takes the same one.
_ADVISORY_LOCK = 0x4147_5245_454D


@dataclass(frozen=True)
class Migrated:
    """What was done to a database.

    Attributes:
        database: Its name, for people.
        before: The revision that it was at; None if it was never migrated.
        after: The revision that it is at.
        made: Whether SQLite's file was not there.
        jobs: Whether there was anything to do to the tables of the job engine.
    """

    database: str
    before: str | None
    after: str
    made: bool
    jobs: bool = False

    @property
    def change(self) -> str:
        """What was done, in a sentence; nothing if there was nothing to do."""
        if self.made:
            return f"Made a new database: {self.database}, at revision {self.after}."
        if self.before is None:
            return f"Made our tables in the database {self.database}, at revision {self.after}."
        if self.before != self.after:
            return f"Brought the database {self.database} from revision {self.before} to {self.after}."
        return f"Brought the job engine's tables in {self.database} to this version." if self.jobs else ""


async def migrate(url: str | URL, check: Callable[[Sequence[bytes]], None] | None = None) -> Migrated:
    """Upgrade the database to the newest revision, or leave it as it was; harmless when repeated.

    Everything happens in one transaction under one lock, so of several processes that start at once one
    migrates and the others wait and find nothing to do.

    Args:
        url: Of the database.
        check: Given the sealed credentials that are stored, if it was ever migrated, before anything is
            changed; raises what is to leave it as it was.

    Raises:
        DatabaseTooNew: A newer version of this program has migrated it; nothing was changed.
        DatabaseUnusable: It cannot be opened or written, or its rows refer to rows that do not exist.
        DatabaseAway: It was moved away or deleted, and must not be made anew.
    """
    url = database_url(url)
    newest = models.migrations.revisions()[-1]
    made = not is_there(url)
    async with _connection(url, begin="BEGIN IMMEDIATE") as connection:
        if connection.dialect.name == "postgresql":
            await connection.execute(text(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})"))
        before = await connection.run_sync(_at)
        if before is not None and check is not None:
            check((await connection.scalars(text("SELECT sealed FROM provider_connections"))).all())
        if before != newest:
            await connection.run_sync(_upgrade)
            if connection.dialect.name == "sqlite":
                await _check_references(connection)
    return Migrated(_name_of(url), before, newest, made)


def _name_of(url: URL) -> str:
    if url.get_backend_name() == "sqlite":
        return str(file_of(url))
    # Not the whole of it: parameters, too, may hold a password.
    return URL.create("postgresql", host=url.host, port=url.port, database=url.database).render_as_string()


def must_exist(url: str | URL) -> None:
    """Keep a command that could do nothing with a new database from making one where it was not looked for.

    Raises:
        DatabaseUnusable: SQLite's file does not exist.
        DatabaseAway: It does not, and must not be made anew.
    """
    if not is_there(url):
        raise DatabaseUnusable(
            f"There is no database {file_of(database_url(url))}.",
            hint="`agreements serve`, `agreements migrate` or `agreements provider add` makes it;"
            " AGREEMENTS_DATABASE_URL says where another one is.",
        )


def require_place(url: str | URL) -> None:
    """Look whether SQLite's file is there or can be made, before anything is made beside it.

    Raises:
        DatabaseUnusable: Its folder is missing or cannot be written.
        DatabaseAway: It was there and must not be made anew.
    """
    parsed = database_url(url)
    if not is_there(parsed) and not os.access(file_of(parsed).parent, os.W_OK | os.X_OK):
        raise _unusable_file(parsed, *_SQLITE_REASONS["SQLITE_CANTOPEN"])


def is_there(url: str | URL) -> bool:
    """Whether SQLite's file exists, or may be there; whether a server has the database is for it to say.

    Raises:
        DatabaseAway: It was there and must not be made anew.
    """
    parsed = database_url(url)
    if parsed.get_backend_name() != "sqlite":
        return True
    refuse_in_place_of_another(file_of(parsed))
    try:
        file_of(parsed).stat()
    except FileNotFoundError:
        return False
    except OSError:
        return True  # SQLite says better what it is
    return True


async def check_version(url: str | URL) -> None:
    """Make sure that the database has exactly the schema of this version; it is only read.

    Raises:
        DatabaseOutdated: Migrations are missing.
        DatabaseTooNew: A newer version of this program has migrated it.
        DatabaseUnusable: It cannot be opened or read.
    """
    async with _connection(database_url(url), begin="BEGIN") as connection:
        if await connection.run_sync(_at) != models.migrations.revisions()[-1]:
            raise DatabaseOutdated(
                "The database lacks migrations of this version.", hint="Run `agreements migrate`."
            )


@asynccontextmanager
async def _connection(url: URL, *, begin: str) -> AsyncGenerator[AsyncConnection]:
    """One transaction on an engine of its own.

    Not the application's: with foreign keys enforced, SQLite's way of altering a table (copy, drop,
    rename) would delete the rows that refer to it.
    """
    engine = _engine(url, begin)
    try:
        if url.database is not None and url.get_backend_name() == "sqlite":
            await asyncio.to_thread(_open_once, url.database)
        async with engine.begin() as connection:
            yield connection
    except (DBAPIError, sqlite3.Error, OSError) as error:
        raise unusable(url, error) from error
    finally:
        await engine.dispose()


def _engine(url: URL, begin: str) -> AsyncEngine:
    if url.get_backend_name() == "sqlite":
        return sqlite_engine(url, pragmas=("journal_mode=WAL", "foreign_keys=OFF"), begin=begin)
    return create_async_engine(url)


def _open_once(path: str) -> None:
    """Make the file for its owner alone, or fail here if it cannot be used at all.

    When the asynchronous driver fails to open a file it leaves a thread behind, which prints a traceback
    if the event loop ends before it.
    """
    refuse_in_place_of_another(Path(path).absolute())
    with suppress(OSError):  # SQLite says it better
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA schema_version")


def _at(connection: Connection) -> str | None:
    """The revision that the database stands at; None for one that was never migrated.

    Raises:
        DatabaseTooNew: This version does not know it.
    """
    at = _revisions_of(connection)
    if unknown := at - set(models.migrations.revisions()):
        raise DatabaseTooNew(
            f"The database is at revision {', '.join(sorted(unknown))}, which this version does not know.",
            hint="Start the version that migrated it, or a newer one.",
        )
    return max(at, default=None)


def _revisions_of(connection: Connection) -> set[str]:
    """What the database stands at; nothing for one that was never migrated."""
    if not inspect(connection).has_table("alembic_version"):
        return set()
    return set(connection.scalars(text("SELECT version_num FROM alembic_version")))


def _upgrade(connection: Connection) -> None:
    """Run the migrations that are missing."""
    from alembic import command  # noqa: PLC0415 -- 7 MB, for once in a version
    from alembic.config import Config  # noqa: PLC0415 -- the same

    config = Config()
    config.set_main_option("script_location", models.migrations.script_location.replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


async def _check_references(connection: AsyncConnection) -> None:
    broken = (await connection.exec_driver_sql("PRAGMA foreign_key_check")).first()
    if broken is not None:
        raise DatabaseUnusable(
            f"Migrated, a row of {broken.table} would refer to a row of {broken.parent} that does not exist.",
            hint="Nothing was changed.",
        )


def unusable(url: URL, error: DBAPIError | sqlite3.Error | OSError) -> DatabaseUnusable:
    """Say in one line, without the password, what is wrong with the database.

    Nor with any parameter of the URL: a password can be one, and so can the one of a certificate's key.
    """
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    name = str(getattr(cause, "sqlite_errorname", ""))
    for prefix, (reason, hint) in _SQLITE_REASONS.items():
        if name.startswith(prefix):
            return _unusable_file(url, reason, hint)
    lines = str(cause).strip().splitlines() or [type(cause).__name__]
    return DatabaseUnusable(f"Cannot use the database {url.set(query={}).render_as_string()}: {lines[0]}")


def _unusable_file(url: URL, reason: str, hint: str) -> DatabaseUnusable:
    return DatabaseUnusable(f"Cannot use the database {url.database}: {reason}.", hint=hint)


_SQLITE_REASONS = {
    "SQLITE_BUSY": ("another process is writing to it", "Try again when that process has finished."),
    "SQLITE_CANTOPEN": ("it cannot be opened", "Its folder must exist and be writable."),
    "SQLITE_CORRUPT": ("the file is damaged", "Restore it from a backup."),
    "SQLITE_FULL": ("the disk is full", "Free some space."),
    "SQLITE_IOERR": ("reading or writing it failed", "Look at the disk and its free space."),
    "SQLITE_NOTADB": ("the file is not an SQLite database", "Set AGREEMENTS_DATABASE_URL to another file."),
    "SQLITE_READONLY": ("it is read-only", "The file and its folder must be writable."),
}
