"""Where the job engine keeps its tables: in the application's database, so that one commit serves both."""

import asyncio
import logging
import sqlite3
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from sqlalchemy import (
    URL,
    BigInteger,
    Column,
    DateTime,
    Engine,
    MetaData,
    QueuePool,
    Table,
    Text,
    create_engine,
    event,
    func,
    inspect,
    make_url,
    select,
)
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

APP_NAME: Final = "customer-agreements"

# Pinned: by default it is a hash of the source, and work of another version is never picked up. A change to
# the steps of a workflow asks `DBOS.patch_async` which way a run that is under way went.
APP_VERSION: Final = "1"

ENGINE_SCHEMA_VERSION: Final = 125
"""What this release of the engine makes of its tables: known here, it need not be loaded to look."""

JOBS_QUEUE: Final = "jobs"
PUSHES_QUEUE: Final = "pushes"
PROVISIONINGS_QUEUE: Final = "provisionings"
SCHEDULES_QUEUE: Final = "schedules"
QUEUES: Final[Mapping[str, str]] = {
    "push": PUSHES_QUEUE,
    "provision": PROVISIONINGS_QUEUE,
    "offboard": PROVISIONINGS_QUEUE,
}
"""Work that has a queue of its own, by name, so that a provider that hangs delays nothing else."""
SCHEMA: Final = "dbos"
LEASES: Final = Table(
    "agreements_executors",
    MetaData(schema=SCHEMA),
    Column("executor", Text, primary_key=True),
    Column("beat", DateTime(timezone=True), nullable=False),
)
"""The processes that run jobs on PostgreSQL, and when each was last known to live."""

SQLITE_CHECKPOINT: Final = "wal_autocheckpoint=4000"
"""The pragma by which a commit copies the log into the file when it has 16 MB, not 4.

A page that several commits change is then written there once. Whoever commits goes by what it has been told
itself, so all that write are told the same.
"""

_POOL_SIZE = 8
_LAST_LOOK_SECONDS: Final = 2
# NORMAL, where the application has FULL: what a power cut can undo here is the record that a step is done,
# and steps look before they act. Work is enqueued on the application's own connection.
_SQLITE_PRAGMAS = (
    "busy_timeout=30000",
    "journal_mode=WAL",
    "synchronous=NORMAL",
    "foreign_keys=ON",
    SQLITE_CHECKPOINT,
)


def system_url(url: str | URL) -> URL:
    """Name the database as the engine's synchronous driver wants it."""
    url = make_url(url)
    return url.set(drivername="sqlite" if is_sqlite(url) else "postgresql+psycopg")


def queue_of(work: str) -> str:
    return QUEUES.get(work, JOBS_QUEUE)


def run_id(work_id: str, run: int) -> str:
    """Name a later run of work that waits between its runs; the first has the work's own id."""
    return f"{base_id(work_id)}~{run}"


def base_id(run: str) -> str:
    """The id that the work was enqueued under."""
    return run.partition("~")[0]


def is_sqlite(url: str | URL) -> bool:
    return make_url(url).get_backend_name() == "sqlite"


def system_engine(url: str | URL) -> Engine:
    """Open the database for the job engine's own bookkeeping.

    On SQLite the driver begins a transaction before the first write, not SQLAlchemy at the first
    statement as for the application: otherwise its many reads would each take the one write lock.
    """
    if not is_sqlite(url):
        return create_engine(
            system_url(url),
            pool_pre_ping=True,
            pool_size=_POOL_SIZE,
            connect_args={"application_name": "jobs"},
        )
    engine = create_engine(system_url(url), pool_size=_POOL_SIZE, connect_args={"check_same_thread": False})

    def prepare(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        raw: Any = connection
        raw.isolation_level = "IMMEDIATE"
        for pragma in _SQLITE_PRAGMAS:
            raw.execute(f"PRAGMA {pragma}")
        teach_clock(raw)

    event.listen(engine, "connect", prepare)
    return engine


async def close(engine: Engine) -> None:
    """Close what the job engine's bookkeeping has open, waiting a moment for the threads that still use it.

    Disposing closes idle connections only. One that a thread returns later, or takes anew, would be left to
    the garbage collector: it is closed as it comes back.
    """
    event.listen(engine, "checkin", _close_returned)
    pool = engine.pool
    with suppress(TimeoutError):
        async with asyncio.timeout(_LAST_LOOK_SECONDS):
            while isinstance(pool, QueuePool) and pool.checkedout():  # noqa: ASYNC110  # threads tell nobody
                await asyncio.sleep(0.01)
    engine.dispose()


def _close_returned(_connection: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
    entry.invalidate()


def teach_clock(connection: Any) -> None:  # noqa: ANN401  # of either SQLite driver
    """Let an older SQLite tell fractions of a second, by which the job engine dates its rows.

    From Python 3.12 on the engine takes a SQLite of 3.42 for granted; Debian 12 has 3.40, which answers null
    where a row must not have one. Every connection that writes the engine's rows needs this.
    """
    if sqlite3.sqlite_version_info < (3, 42):
        connection.create_function("unixepoch", 1, _unix_time)


def _unix_time(modifier: str) -> float | None:
    return round(time.time(), 3) if modifier == "subsec" else None


async def migrate(url: str | URL) -> bool:
    """Bring the job engine's tables to this version's state; harmless when repeated or done twice at once.

    Tells whether there was anything to do.
    """
    return await asyncio.to_thread(_migrate, url)


def _migrate(url: str | URL) -> bool:
    if _is_migrated(url):
        return False
    quiet()
    from dbos import DBOS  # noqa: PLC0415  # a second of imports, for those who need it

    DBOS.migrate(system_url(url).render_as_string(hide_password=False), schema=SCHEMA)
    if not is_sqlite(url):
        _create_leases(url)
    return True


def _is_migrated(url: str | URL) -> bool:
    schema = None if is_sqlite(url) else SCHEMA
    engine = create_engine(system_url(url))
    try:
        with engine.connect() as connection:
            tables = inspect(connection)
            if not tables.has_table("dbos_migrations", schema):
                return False
            if not is_sqlite(url) and not tables.has_table(LEASES.name, SCHEMA):
                return False
            version = Table(
                "dbos_migrations", MetaData(schema=schema), Column("version", BigInteger)
            ).c.version
            return (connection.scalar(select(version)) or 0) >= ENGINE_SCHEMA_VERSION
    finally:
        engine.dispose()


def _create_leases(url: str | URL) -> None:
    engine = create_engine(system_url(url))
    try:
        with engine.begin() as connection:
            # Two processes that create a table at once collide, IF NOT EXISTS or not.
            connection.execute(select(func.pg_advisory_xact_lock(func.hashtext(LEASES.fullname))))
            LEASES.create(connection, checkfirst=True)
    finally:
        engine.dispose()


def quiet() -> None:
    """Let the job engine log warnings only, and through the handlers of the program."""
    logger = logging.getLogger("dbos")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())  # it brings its own where it finds none
        logger.propagate = True
    logger.setLevel(logging.WARNING)
