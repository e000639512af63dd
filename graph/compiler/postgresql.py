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

_log = logging.getLogger(__name__)


class PostgreSQLSource:
    """Reads a database.

    Args:
        dsn: Where it is, as libpq takes it.
        options: Of the sessions, as libpq takes them: each transaction must be a snapshot that cannot write.
        most: Connections.
    """

    def __init__(self, dsn: str, *, options: str, most: int) -> None:
        self._dsn, self._options, self._most = dsn, options, most
        self._dialect = PGDialect_asyncpg()
        self._pool: asyncpg.Pool | None = None
        self._opening = asyncio.Lock()
        self._rests_until = 0.0

    @property
    def dialect(self) -> Dialect:
        return self._dialect

    async def run(self, steps: Steps[T], *, one: bool) -> T:
        import asyncpg  # noqa: PLC0415  # where PostgreSQL is used

        try:
            pool = self._pool or await self._opened()
            async with pool.acquire() as connection:
                if one:
                    return await _read(connection, steps)
                await connection.execute("BEGIN")
                try:
                    return await _read(connection, steps)
                finally:
                    await connection.execute("COMMIT")
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            raise SourceFailed(str(error)) from error
        finally:
            steps.close()

    async def close(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.close()

    async def _opened(self) -> "asyncpg.Pool":
        async with self._opening:
            if self._pool is None:
                if monotonic() < self._rests_until:
                    raise SourceFailed("There are no connections at the moment.")
                try:
                    self._pool = await self._connected()
                except Exception as error:
                    self._rests_until = monotonic() + _REST_SECONDS
                    _log.warning("No connections for plans (%s): queries take longer", type(error).__name__)
                    raise SourceFailed(str(error)) from error
            return self._pool

    async def _connected(self) -> "asyncpg.Pool":
        import asyncpg  # noqa: PLC0415  # where PostgreSQL is used

        return await asyncpg.create_pool(
            self._dsn,
            min_size=1,
            max_size=self._most,
            statement_cache_size=500,
            init=_prepare,
            reset=_keep,
            server_settings={"options": self._options},
        )


async def _prepare(connection: Any) -> None:  # noqa: ANN401  # asyncpg's
    """Take days as text: of the greatest one that Python knows, asyncpg makes infinity."""
    await connection.set_type_codec("date", schema="pg_catalog", encoder=str, decoder=str, format="text")


async def _keep(_connection: object) -> None:
    """Reset nothing: plans leave nothing behind, and it would cost a round trip each."""


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
