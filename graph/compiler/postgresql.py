"""Plans on PostgreSQL: asyncpg, on a few connections of their own; all else keeps to its driver."""

# pyright: standard
# Not strict: asyncpg is untyped.
import asyncio
import logging
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Dialect
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

from graph.source import Query, Rows, SourceFailed, Steps

if TYPE_CHECKING:
    import asyncpg

T = TypeVar("T")

_MANY_ROWS = 2_000
"""What is made of so many rows takes longer than others should wait: it is made in a thread."""
_REST_SECONDS = 30.0
"""Without connections, before they are tried again: until then graphql-core answers, on its own driver."""
_END_SECONDS = 5.0

_log = logging.getLogger(__name__)


class PostgreSQLSource:
    """Reads a database.

    Connections are handed on without a word to the database: asyncpg's own pool asks it once more whenever
    one comes back, and makes a task of that.

    Args:
        dsn: Where it is, as libpq takes it.
        options: Of the sessions, as libpq takes them: each transaction must be a snapshot that cannot write.
        most: Connections.
    """

    def __init__(self, dsn: str, *, options: str, most: int) -> None:
        self._dsn, self._options = dsn, options
        self._dialect = PGDialect_asyncpg()
        self._places = asyncio.Semaphore(most)
        self._free: list[asyncpg.Connection] = []
        self._ending: set[asyncio.Task[None]] = set()
        self._rests_until = 0.0

    @property
    def dialect(self) -> Dialect:
        return self._dialect

    async def run(self, steps: Steps[T], *, one: bool) -> T:
        try:
            async with self._places:
                return await self._run(steps, one=one)
        finally:
            steps.close()

    async def close(self) -> None:
        while self._free:
            self._end(self._free.pop())
        await asyncio.gather(*self._ending, return_exceptions=True)

    async def _run(self, steps: Steps[T], *, one: bool) -> T:
        import asyncpg  # noqa: PLC0415  # where PostgreSQL is used

        connection = await self._taken()
        try:
            if not one:
                await connection.execute("BEGIN")
            found = await _read(connection, steps)
            if not one:
                await connection.execute("COMMIT")
        except BaseException as error:
            # Whatever it is in the middle of goes with it, also in the database.
            self._end(connection)
            if isinstance(error, asyncpg.PostgresError | asyncpg.InterfaceError | OSError):
                raise SourceFailed(str(error)) from error
            raise
        self._free.append(connection)
        return found

    async def _taken(self) -> "asyncpg.Connection":
        """A connection that is free, or a new one."""
        while self._free:
            connection = self._free.pop()
            if not connection.is_closed():
                return connection
        if monotonic() < self._rests_until:
            raise SourceFailed("There are no connections at the moment.")
        try:
            return await self._connected()
        except Exception as error:
            self._rests_until = monotonic() + _REST_SECONDS
            _log.warning("No connection for plans (%s): queries take longer", type(error).__name__)
            raise SourceFailed(str(error)) from error

    async def _connected(self) -> "asyncpg.Connection":
        import asyncpg  # noqa: PLC0415  # where PostgreSQL is used

        connection = await asyncpg.connect(
            self._dsn, statement_cache_size=500, server_settings={"options": self._options}
        )
        # Days as text: of the greatest one that Python knows, asyncpg makes infinity.
        await connection.set_type_codec("date", schema="pg_catalog", encoder=str, decoder=str, format="text")
        return connection

    def _end(self, connection: "asyncpg.Connection") -> None:
        """Close a connection; a statement that runs on it is cancelled first."""
        task = asyncio.create_task(connection.close(timeout=_END_SECONDS))
        self._ending.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._ending.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _log.debug("A connection did not end in order: %s", type(task.exception()).__name__)


async def _read(connection: Any, steps: Steps[T]) -> T:  # noqa: ANN401  # asyncpg's proxy
    seen = 0
    ended, got = _step(steps, None)
    while not ended:
        rows = await connection.fetch(got.text, *got.parameters)
        seen += len(rows)
        if seen > _MANY_ROWS:
            ended, got = await asyncio.to_thread(_step, steps, rows)
        else:
            ended, got = _step(steps, rows)
    return got


def _step(steps: Steps[Any], rows: Rows | None) -> tuple[bool, Any]:
    """Whether the work has ended, and what it made; else the statement that it needs next."""
    try:
        query: Query = steps.send(rows)  # type: ignore[arg-type]  # None begins it
    except StopIteration as end:
        return True, end.value
    return False, query
