"""Connections that are kept at hand between units of work which need no session."""

import asyncio
import logging
from contextlib import suppress
from time import monotonic

from sqlalchemy import Engine, event
from sqlalchemy.ext.asyncio import AsyncEngine

from repositories.alone.line import Line

_REST_SECONDS = 30.0
"""Without connections, before they are tried again."""

_log = logging.getLogger(__name__)


class AtHand:
    """A few connections that are taken from a pool once, and given back when the engine is disposed of.

    The pool asks the server each time whether it is still there, and rolls back what was never begun: a
    third of what a small write costs. Who takes one from here must be ready to find it dead.

    Args:
        engine: Opens them, beside those of all others.
        most: How many at once; who comes when all of them are taken waits for the next.
        patience: For so many seconds, after which it is given none; None where nobody keeps one for long.
    """

    def __init__(self, engine: AsyncEngine, most: int, patience: float | None) -> None:
        self.most, self._patience = most, patience
        self._engine = engine
        self._idle: list[Line] = []
        self._places = asyncio.Semaphore(most)
        self._rests_until = 0.0
        event.listen(engine.sync_engine, "engine_disposed", self._dispose)

    async def take(self) -> Line | None:
        """Give a connection that is in no transaction, to be given back so; None if there is none.

        That says nothing of the database: others have places left, and drivers that know more kinds of URLs.
        """
        if monotonic() < self._rests_until or not await self._admitted():
            return None
        if self._idle:
            return self._idle.pop()
        try:
            return Line(await self._engine.connect())
        except Exception as error:  # noqa: BLE001 -- whatever it is, there are other connections
            self._places.release()
            self._rests_until = monotonic() + _REST_SECONDS
            _log.warning("No connection at hand: writes take longer. %s: %s", type(error).__name__, error)
            return None
        except BaseException:
            self._places.release()
            raise

    async def give_back(self, line: Line) -> None:
        """Keep the connection, or close it where it cannot be used again; what it is busy with ends so."""
        connection = line.connection
        inner = connection.sync_connection
        try:
            if inner is None or line.is_busy or inner.closed or inner.invalidated or inner.in_transaction():
                await line.end()
            else:
                self._idle.append(line)
        finally:
            self._places.release()

    async def _admitted(self) -> bool:
        if self._places.locked():
            with suppress(TimeoutError):
                async with asyncio.timeout(self._patience):
                    return await self._places.acquire()
            return False
        return await self._places.acquire()

    def _dispose(self, _engine: Engine) -> None:
        while self._idle:
            connection = self._idle.pop().connection.sync_connection
            if connection is not None:
                connection.invalidate()
                connection.close()
