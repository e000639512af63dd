"""Ends what is given up on PostgreSQL, by either driver.

Both have PostgreSQL cancel the statement once. It passes over what comes before the statement: a cancellation
may overtake it, or come while BEGIN runs, which psycopg sends first. The statement would run on to its end.
"""

# pyright: standard
# Not strict: asyncpg is untyped.
import asyncio
from contextlib import suppress
from typing import Any

import asyncpg
from psycopg import AsyncConnection, Error
from psycopg.pq import TransactionStatus

_AGAIN_SECONDS = 0.02
"""Until a cancellation is sent again; twice as many each time, for a server that is slow to follow it."""


class CancellingPsycopg(AsyncConnection[Any]):
    """Repeats the cancellation that psycopg sends when the task that waits for a statement is cancelled.

    psycopg then waits for the end of the statement, five seconds at most; cancelled once more, it waits no
    longer, and nothing is repeated. Whoever was cancelled has to close the connection, as SQLAlchemy does:
    one more cancellation may be on its way.
    """

    _repeating: asyncio.Task[None] | None = None

    async def cancel_safe(self, *, timeout: float = 30.0) -> None:  # noqa: ASYNC109 -- psycopg's signature
        """Cancel what runs; psycopg calls it when a wait is cancelled, before it waits on."""
        try:
            await super().cancel_safe(timeout=timeout)
        finally:
            self._repeating = asyncio.create_task(self._repeat())

    async def _repeat(self) -> None:
        seconds = _AGAIN_SECONDS
        await asyncio.sleep(seconds)
        while self.pgconn.transaction_status == TransactionStatus.ACTIVE:
            with suppress(Error):
                await super().cancel_safe()
            seconds *= 2
            await asyncio.sleep(seconds)


class CancellingAsyncpg(asyncpg.Connection):
    """Repeats the cancellation that asyncpg sends when it is closed in the middle of a statement."""

    async def close(self, *, timeout: float | None = None) -> None:  # noqa: ASYNC109 -- asyncpg's signature
        """Close the connection when the statement has ended, or abort it when that takes too long.

        Raises:
            TimeoutError: It took longer than so many seconds.
        """
        closing = asyncio.ensure_future(super().close(timeout=timeout))
        seconds = _AGAIN_SECONDS
        try:
            while not (await asyncio.wait([closing], timeout=seconds))[0]:
                self._cancel_current_command(asyncio.Future())  # there is no way that is public
                seconds *= 2
        except asyncio.CancelledError:
            closing.cancel()
            raise
        await closing


async def connect_asyncpg(dsn: str, options: str) -> asyncpg.Connection:
    """Open a connection.

    Args:
        dsn: Where to, as libpq takes it.
        options: Of the session, as libpq takes them.

    Raises:
        PostgresError, OSError: It cannot be opened.
    """
    return await asyncpg.connect(
        dsn, server_settings={"options": options}, connection_class=CancellingAsyncpg
    )
