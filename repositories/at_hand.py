"""Connections that are kept at hand between units of work which need no session."""

from typing import Any, Final

from sqlalchemy import Connection, Engine, event
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
        if engine.dialect.name == "postgresql":
            event.listen(engine.sync_engine, "begin", _leave_autocommit)

    async def take(self) -> AsyncConnection:
        """Give a connection that is in no transaction, to be given back so."""
        return self._idle.pop() if self._idle else await self._engine.connect()

    async def give_back(self, connection: AsyncConnection) -> None:
        """Keep the connection, or close it where it cannot be used again."""
        inner = connection.sync_connection
        usable = inner is not None and not (inner.closed or inner.invalidated or inner.in_transaction())
        if usable and len(self._idle) < MOST:
            self._idle.append(connection)
        else:
            await connection.close()

    def _dispose(self, _engine: Engine) -> None:
        while self._idle:
            connection = self._idle.pop().sync_connection
            if connection is not None:
                connection.invalidate()
                connection.close()


def _leave_autocommit(connection: Connection) -> None:
    """Make transactions again of what a connection does on which single statements were run.

    Only when SQLAlchemy begins one: to say so before and after each single statement costs too much.
    """
    raw: Any = connection.connection.dbapi_connection
    if raw.autocommit:
        raw.autocommit = False
