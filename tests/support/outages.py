"""A database that is away, or full."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import event, make_url

from agreements_api.database import Database
from resolvers.operations import require


@asynccontextmanager
async def refusing_connections(database_url: str) -> AsyncGenerator[None]:
    """PostgreSQL ends all connections to the database, and lets nobody in."""
    url = make_url(database_url)
    name = require(url.database, "database")
    admin = await psycopg.AsyncConnection.connect(
        url.set(drivername="postgresql", database="postgres").render_as_string(hide_password=False),
        autocommit=True,
    )
    allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
    async with admin:
        await admin.execute(allow.format(sql.Identifier(name), sql.SQL("false")))
        try:
            await admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
            )
            yield
        finally:
            await admin.execute(allow.format(sql.Identifier(name), sql.SQL("true")))


async def fill(database: Database) -> None:
    """Let SQLite's file not grow any more, as on a full disk, whichever connection writes."""

    def stay(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA max_page_count = 1")

    await database.writes.dispose()
    event.listen(database.writes.sync_engine, "connect", stay)
