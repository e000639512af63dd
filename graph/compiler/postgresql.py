"""Plans on PostgreSQL: asyncpg, on a few connections of their own; all else keeps to its driver."""

# pyright: standard
# Not strict: asyncpg is untyped.
import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

from graph.compiler.places import Places, StandsStill
from graph.compiler.prepared import Prepared, speed_up_keys
from graph.source import ASIDE, Aside, Habit, Query, Rows, SourceFailed, Steps

if TYPE_CHECKING:
    import asyncpg

T = TypeVar("T")

_REST_SECONDS = 30.0
"""Without connections, before they are tried again: until then graphql-core answers, on its own driver."""
_END_SECONDS = 5.0

_log = logging.getLogger(__name__)


class PostgreSQLSource:
    """Reads a database.

    Connections are handed on without a word to the database: asyncpg's own pool asks it once more whenever
    one comes back, and makes a task of that.

    Args:
        connect: Opens a connection, of which each transaction is a snapshot that cannot write.
        most: Connections.
    """

    def __init__(self, connect: "Callable[[], Awaitable[asyncpg.Connection]]", *, most: int) -> None:
        self._connect = connect
        self.dialect = PGDialect_asyncpg()
        # None stands for a connection that has yet to be opened.
        self._places = Places[Prepared | None]([None] * most)
        self._ending: set[asyncio.Task[None]] = set()
        self._rests_until = 0.0
        self._is_closed = False

    async def run(self, steps: Steps[T], habit: Habit, *, one: bool) -> T:
        try:
            connection = await self._taken()
            try:
                if not one:
                    await connection.begin()
                elif connection.is_open:
                    await connection.end()
                value, fault = await _read(connection, steps)
                if connection.is_open and not self._places.are_waited_for:  # else whoever gets it now ends it
                    await connection.end()
            except BaseException as error:
                # Whatever it is in the middle of goes with it, also in the database. Then there is a place.
                self._end(connection)
                if isinstance(error, _failures()):
                    raise SourceFailed(str(error)) from error
                raise
            self._put_back(connection)
        finally:
            steps.close()
        if fault is not None:
            raise fault
        return value

    def _put_back(self, connection: Prepared) -> None:
        if self._is_closed:
            self._end(connection)
        else:
            self._places.give(connection)

    async def close(self) -> None:
        self._is_closed = True
        for connection in self._places.take_all():
            if connection is None:
                self._places.give(None)
            else:
                self._end(connection)
        await asyncio.gather(*self._ending, return_exceptions=True)

    async def _taken(self) -> Prepared:
        """A connection that is free, or a new one.

        Where all of them are held by what takes long, the ordinary path has others.
        """
        try:
            connection = await self._places.take()
        except StandsStill as error:
            raise SourceFailed("All connections are at work that takes long.") from error
        except asyncio.CancelledError:
            self._end_open_ones()
            raise
        if connection is not None and not connection.driver.is_closed():
            return connection
        try:
            return await self._opened()
        except BaseException:
            self._places.give(None)
            raise

    def _end_open_ones(self) -> None:
        """Close what rests with an open snapshot: PostgreSQL clears nothing away that it might still show.

        It was handed to somebody who was cancelled in the same moment, which is rare.
        """
        for connection in self._places.take_all():
            if connection is None or not connection.is_open:
                self._places.give(connection)
            else:
                self._end(connection)

    async def _opened(self) -> Prepared:
        if monotonic() < self._rests_until:
            raise SourceFailed("There are no connections at the moment.")
        try:
            return await self._connected()
        except Exception as error:
            self._rests_until = monotonic() + _REST_SECONDS
            _log.warning("No connection for plans: queries take longer. %s: %s", type(error).__name__, error)
            raise SourceFailed(str(error)) from error

    async def _connected(self) -> Prepared:
        driver = await self._connect()
        # Days as text: of the greatest one that Python knows, asyncpg makes infinity.
        await driver.set_type_codec("date", schema="pg_catalog", encoder=str, decoder=str, format="text")
        speed_up_keys(driver)
        return Prepared(driver)

    def _end(self, connection: Prepared) -> None:
        """Close a connection; a statement that runs on it is cancelled first."""
        task = asyncio.create_task(connection.driver.close(timeout=_END_SECONDS))
        self._ending.add(task)
        task.add_done_callback(partial(self._ended, connection))

    def _ended(self, connection: Prepared, task: asyncio.Task[None]) -> None:
        self._ending.discard(task)
        self._places.give(None)
        if task.cancelled():
            connection.driver.terminate()  # it need not even have begun to close
        elif task.exception() is not None:
            _log.debug("A connection did not end in order: %s", type(task.exception()).__name__)


def _failures() -> tuple[type[BaseException], ...]:
    """What asyncpg raises when the database does not answer, or refuses a statement."""
    import asyncpg  # noqa: PLC0415  # where PostgreSQL is used

    return asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError


_Step: TypeAlias = tuple[Query | Aside | None, Any, Exception | None]
"""What a plan's work needs next; None when it has ended: then what came of it, and what it raised."""


async def _read(connection: Prepared, steps: Steps[Any]) -> tuple[Any, Exception | None]:
    """Do the work; returns its value, and what it raised, which says nothing about the connection."""
    wanted, value, fault = _step(steps, None)
    while wanted is not None:
        if wanted is ASIDE:
            wanted, value, fault = await _step_aside(steps)
        else:
            wanted, value, fault = _step(steps, await connection.fetch(wanted))
    return value, fault


def _step(steps: Steps[Any], rows: Rows | None) -> _Step:
    try:
        return steps.send(rows), None, None  # type: ignore[arg-type]  # None begins it
    except StopIteration as end:
        return None, end.value, None
    except Exception as error:  # noqa: BLE001  # belongs to who waits for it
        return None, None, error


async def _step_aside(steps: Steps[Any]) -> _Step:
    """The same in a thread. It cannot be given up there: a cancellation is raised when it is over."""
    working = asyncio.ensure_future(asyncio.to_thread(_step, steps, ()))
    cancelled: asyncio.CancelledError | None = None
    while not working.done():
        try:
            await asyncio.wait([working])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled
    return working.result()
