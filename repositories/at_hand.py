"""Connections that are kept at hand between units of work which need no session."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

from sqlalchemy import Engine, event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

MOST: Final = 5
"""As many as the pool keeps open anyway; those it opens beyond stay for all others."""


class AtHand:
    """A few connections that are taken from the pool once, and given back when the engine is disposed of.

    The pool asks the server each time whether it is still there, and rolls back what was never begun: a
    third of what a small write costs. Who takes one from here must be ready to find it dead.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._idle: list[AsyncConnection] = []
        event.listen(engine.sync_engine, "engine_disposed", self._dispose)

    @asynccontextmanager
    async def connection(self) -> AsyncGenerator[AsyncConnection]:
        """Give a connection that is in no transaction; leave it so."""
        taken = self._idle.pop() if self._idle else await self._engine.connect()
        try:
            yield taken
        finally:
            if taken.closed or taken.invalidated or taken.in_transaction() or len(self._idle) >= MOST:
                await taken.close()
            else:
                self._idle.append(taken)

    def _dispose(self, _engine: Engine) -> None:
        while self._idle:
            connection = self._idle.pop().sync_connection
            if connection is not None:
                connection.invalidate()
                connection.close()
