"""Opens the database: SQLite and PostgreSQL behind the same two engines, one to write and one to read."""

import asyncio
import sqlite3
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from datetime import datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import URL, Connection, Engine, NullPool, event, make_url, text
from sqlalchemy.dialects.sqlite.aiosqlite import AsyncAdapt_aiosqlite_connection
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine.interfaces import DBAPIConnection, Dialect
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.util import await_only, greenlet_spawn
from sqlalchemy.util.concurrency import in_greenlet

from agreements_api.database_file import DatabaseFile, file_of
from jobs.system import SQLITE_CHECKPOINT, teach_clock
from repositories import AtHand, Enqueue, Together, Transactions
from repositories.alone.postgresql import connected
from repositories.alone.sqlite import teach_ids

if TYPE_CHECKING:
    from graph.compiler.postgresql import PostgreSQLSource
    from graph.source import Source

BUSY_TIMEOUT_MS = 30_000
PLAN_CONNECTIONS = 10
"""To PostgreSQL, in each process, beside those of the two engines, and those at hand.

On five, where the database has a core of its own, eight clients get 5 % fewer pages, sixty-four 11 %.
"""

AT_HAND = 10
"""Connections to PostgreSQL, in each process, to change one entity by; changes wait for each other in it."""

PATIENCE_AT_HAND_SECONDS = 0.25
"""After which those who have all of them wait themselves, for rows that others hold."""

SQLITE_AT_HAND = 2
"""One for who has its turn to write, and one for who reads meanwhile, which takes no time."""

PLAN_TEXT_BYTES = 8 * 1024 * 1024
"""Of the rows that a statement of a plan finds on SQLite, in one text; more are read one by one."""

# FULL, not NORMAL: what the API has answered must outlive a power cut, and so must the record of what was
# done at a provider. It costs one fsync a commit.
# The cache holds what a thousand agreements at once change, six megabytes: by default three quarters of that
# are written before the commit, and read again.
_WRITER_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "cache_size=-8000",
    SQLITE_CHECKPOINT,
)
_READER_PRAGMAS = ("query_only=ON",)

_POSTGRESQL_WRITER_OPTIONS = "-c timezone=UTC -c default_transaction_isolation=read\\ committed"
# Every read transaction is one snapshot that cannot write: said once by the session's defaults, so that
# a plain BEGIN suffices and no transaction pays a round trip for it.
_POSTGRESQL_READER_OPTIONS = (
    "-c timezone=UTC -c default_transaction_read_only=on -c default_transaction_isolation=repeatable\\ read"
)


_OF_BOTH_DRIVERS = frozenset({
    "host", "port", "user", "password", "dbname", "passfile", "application_name", "target_session_attrs",
    "sslmode", "sslcert", "sslkey", "sslrootcert", "sslcrl", "sslpassword", "krbsrvname", "gsslib",
    "ssl_min_protocol_version", "ssl_max_protocol_version",
})  # fmt: skip


class Database:
    """The engines of one database, open until `dispose` is awaited.

    Attributes:
        writes: Begins each transaction ready to write: BEGIN IMMEDIATE on SQLite, READ COMMITTED on
            PostgreSQL. On SQLite take `turn()` first.
        reads: Each transaction is one snapshot; a write through it fails.
        at_hand: Connections to write by for those who need no session: one set for all who write here.
        together: Commits at once what many of those write at the same time; on SQLite only.
    """

    def __init__(self, url: str | URL) -> None:
        """Prepare the engines; nothing is opened before the first connection.

        Raises:
            ValueError: The URL names no database that this program can use.
        """
        self.url = database_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._apart = create_async_engine(self.url, hide_parameters=True, poolclass=NullPool)
        self._turn = asyncio.Lock()
        self.together: Together | None = None
        if self.is_sqlite:
            self._file = file = DatabaseFile(file_of(self.url))
            self.writes = sqlite_engine(
                self.url, pragmas=_WRITER_PRAGMAS, begin="BEGIN IMMEDIATE", guard=file.guard
            )
            file.guard_writing(self.writes.sync_engine)
            self.reads = sqlite_engine(self.url, pragmas=_READER_PRAGMAS, begin="BEGIN", guard=file.guard)
            file.guard(self._apart.sync_engine)
            event.listen(self._apart.sync_engine, "do_connect", _connect)
            self._at_hand = self.writes
            self.at_hand = AtHand(self.writes, SQLITE_AT_HAND, patience=None)
            self.together = Together(self.writes, self.turn, file.require)
        else:
            self.writes = _postgresql_engine(self.url, options=_POSTGRESQL_WRITER_OPTIONS)
            self.reads = _postgresql_engine(self.url, options=_POSTGRESQL_READER_OPTIONS)
            self._at_hand = _postgresql_at_hand(self.url)
            self.at_hand = AtHand(self._at_hand, AT_HAND, PATIENCE_AT_HAND_SECONDS)

    @cached_property
    def plans(self) -> "Source":
        """The same as `reads` for plans, on connections of its own and without SQLAlchemy in between."""
        if not self.is_sqlite:
            return _postgresql_source(self.url)
        from graph.compiler.sqlite import SQLiteSource  # noqa: PLC0415 -- all of GraphQL comes with it, 20 MB

        def connect() -> sqlite3.Connection:
            self._file.require()
            return _sqlite_connection(self.url)

        return SQLiteSource(connect, self.reads.dialect)

    def transactions(self, enqueue: Enqueue, now: Callable[[], datetime]) -> Transactions:
        """Make the units of work on this database.

        Args:
            enqueue: Hands a job to the job engine.
            now: The clock.
        """
        return Transactions(
            self.writes, self.at_hand, self.turn, enqueue, now, reads=self.reads, together=self.together
        )

    def turn(self) -> AbstractAsyncContextManager[None]:
        """Wait for this process's turn to write, first come first served; hold it for one transaction.

        SQLite has one writer at a time, and its own way of waiting is unfair: a job that writes one
        transaction after the other would keep everybody else out until they time out. On PostgreSQL
        there is nothing to wait for. Not reentrant: a task that holds its turn must not ask for another.
        """
        return self._turn if self.is_sqlite else nullcontext()

    def guard(self, engine: Engine) -> None:
        """Have another engine on this database never open another SQLite file in its place."""
        if self.is_sqlite:
            self._file.guard(engine)

    async def ask(self) -> None:
        """Ask the database for nothing, on a connection of its own: those of the pool may all be at work.

        Raises:
            SQLAlchemyError, OSError: It does not answer.
        """
        async with self._apart.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def dispose(self) -> None:
        """Close every connection; harmless when repeated."""
        if "plans" in vars(self):  # a process that answers no queries never asked for them
            await self.plans.close()
        if self.together is not None:
            await self.together.aclose()
        await self.writes.dispose()
        if self._at_hand is not self.writes:
            await self._at_hand.dispose()
        await self.reads.dispose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.dispose()


def database_url(url: str | URL) -> URL:
    """Parse the URL and name the driver, so that `postgresql://` and `sqlite:///` are enough.

    Raises:
        ValueError: Not a URL, another kind of database, SQLite without a file, or a port that is no number.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ValueError(f"is not a URL; {_EXPECTED}") from None  # its text shows the password
    except ValueError:
        raise ValueError(f"has a port that is no number; {_EXPECTED}") from None
    match parsed.drivername:
        case "sqlite" | "sqlite+aiosqlite":
            if parsed.database in (None, "", ":memory:") or "uri" in parsed.query:
                raise ValueError(f"names no file; {_EXPECTED}")
            return parsed.set(drivername="sqlite+aiosqlite")
        case "postgresql" | "postgres" | "postgresql+psycopg":
            parsed = parsed.set(drivername="postgresql+psycopg")
            try:
                parsed.get_dialect()().create_connect_args(parsed)
            except ArgumentError as error:  # about hosts and ports among the parameters
                raise ValueError(f"cannot be used: {error}; {_EXPECTED}") from None
            return parsed
        case other:
            raise ValueError(f"names {other}; {_EXPECTED}")


_EXPECTED = "use sqlite+aiosqlite:///path/to/agreements.db or postgresql://user:password@host/database"


class _Connection(AsyncAdapt_aiosqlite_connection):
    """A connection whose end is waited for, however often the wait is cancelled.

    SQLAlchemy would stop the driver's thread while the driver still waits for it, for ever.
    """

    __slots__ = ()

    async def _terminate_graceful_close(self) -> None:
        """Close it, after its transaction: while a cursor is left, SQLite keeps both, and the lock, open."""
        with suppress(sqlite3.Error, ValueError):  # the latter where it is closed
            await self._connection.rollback()
        await super()._terminate_graceful_close()

    def terminate(self) -> None:
        if in_greenlet():
            await_only(_to_the_end(asyncio.ensure_future(self._terminate_graceful_close())))
        else:
            super().terminate()


def _connect(
    dialect: Dialect, _entry: ConnectionPoolEntry, args: tuple[Any, ...], options: dict[str, Any]
) -> DBAPIConnection:
    """Open the file, or leave it closed when the wait for it is cancelled.

    Left alone, the driver forgets a file that its thread was opening: both stay until they are collected.
    """
    opening = greenlet_spawn(dialect.connect, *args, **options)
    opened: Any = await_only(_opened(opening, dialect.do_close))
    connection: Any = _Connection(opened.dbapi, opened.driver_connection)
    return connection


async def _opened(
    opening: Coroutine[Any, Any, DBAPIConnection], close: Callable[[DBAPIConnection], None]
) -> DBAPIConnection:
    task = asyncio.create_task(opening)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await _to_the_end(asyncio.create_task(_closed(task, close)))
        raise


async def _closed(opening: asyncio.Task[DBAPIConnection], close: Callable[[DBAPIConnection], None]) -> None:
    with suppress(Exception):  # nobody waits for what it was that failed
        await greenlet_spawn(close, await opening)


async def _to_the_end(task: asyncio.Future[None]) -> None:
    """Wait for what takes some milliseconds; a cancellation is raised when it is over."""
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled


def sqlite_engine(
    url: URL,
    *,
    pragmas: tuple[str, ...],
    begin: str,
    guard: Callable[[Engine], None] = lambda _: None,
) -> AsyncEngine:
    """Open SQLite so that a transaction is what SQLAlchemy says it is.

    Left alone, Python's driver opens no transaction before the first write: two tasks read the same row,
    both write, and one update is lost without an error. So the driver's own bookkeeping is switched off
    and `begin` is sent when SQLAlchemy begins. What `guard` listens to it hears first.
    """
    engine = create_async_engine(url, hide_parameters=True)  # an error that is logged names no person

    def prepare(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        raw: Any = connection
        raw.isolation_level = None
        cursor = raw.cursor()
        for pragma in (f"busy_timeout={BUSY_TIMEOUT_MS}", *pragmas):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()
        teach_clock(raw)
        teach_ids(raw)

    def begin_transaction(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    guard(engine.sync_engine)
    event.listen(engine.sync_engine, "do_connect", _connect)
    event.listen(engine.sync_engine, "connect", prepare)
    event.listen(engine.sync_engine, "begin", begin_transaction)
    return engine


def _sqlite_connection(url: URL) -> sqlite3.Connection:
    """Open the file for plans: to read, without the driver's bookkeeping of transactions."""
    [file], given = SQLiteDialect_pysqlite().create_connect_args(url)
    options: dict[str, Any] = {**given, "isolation_level": None, "check_same_thread": False}
    connection = sqlite3.connect(file, **options, cached_statements=512)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, PLAN_TEXT_BYTES)
    for pragma in (f"busy_timeout={BUSY_TIMEOUT_MS}", *_READER_PRAGMAS):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def _postgresql_source(url: URL) -> "PostgreSQLSource":
    from agreements_api.cancelling import connect_asyncpg  # noqa: PLC0415 -- where PostgreSQL is used
    from graph.compiler.postgresql import PostgreSQLSource  # noqa: PLC0415 -- as above

    options = _with_options(url, _POSTGRESQL_READER_OPTIONS)
    return PostgreSQLSource(partial(connect_asyncpg, _asyncpg_dsn(url), options), most=PLAN_CONNECTIONS)


def _asyncpg_dsn(url: URL) -> str:
    # Of libpq's parameters asyncpg knows these; it would send the others to the server, which refuses them.
    foreign = [name for name in url.query if name not in _OF_BOTH_DRIVERS]
    plain = url.set(drivername="postgresql").difference_update_query(foreign)
    return plain.render_as_string(hide_password=False)


def _postgresql_at_hand(url: URL) -> AsyncEngine:
    """Connections as those of `writes`, by the driver of plans."""
    from agreements_api.cancelling import connect_asyncpg  # noqa: PLC0415 -- where PostgreSQL is used

    options = _with_options(url, _POSTGRESQL_WRITER_OPTIONS)
    connect = partial(connect_asyncpg, _asyncpg_dsn(url), options)
    return create_async_engine(
        "postgresql+asyncpg://",
        async_creator=partial(connected, connect),
        hide_parameters=True,  # as above
        pool_size=AT_HAND,
        max_overflow=0,
    )


def _postgresql_engine(url: URL, *, options: str) -> AsyncEngine:
    from agreements_api.cancelling import CancellingPsycopg  # noqa: PLC0415 -- where it is used

    return create_async_engine(
        url,
        hide_parameters=True,  # as above
        pool_pre_ping=True,  # a server restart costs a new connection, not a failed request
        # By the latter SQLAlchemy's dialect connects, with the URL's arguments, instead of by psycopg's own.
        connect_args={"options": _with_options(url, options), "async_creator_fn": CancellingPsycopg.connect},
    )


def _with_options(url: URL, options: str) -> str:
    """The session's options that the URL has, and ours."""
    given = url.query.get("options", ())
    return " ".join([*((given,) if isinstance(given, str) else given), options])
