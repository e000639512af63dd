"""PostgreSQL by asyncpg: half the processor time of a statement, where SQLAlchemy is not asked for it."""

# pyright: standard
# Not strict: asyncpg is untyped.
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from repositories.alone.compiled import Values
from repositories.alone.drivers import Change

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.prepared_stmt import PreparedStatement

# Exchanged as text, to be what psycopg has: asyncpg makes infinity of the greatest day and instant.
_AS_TEXT: Mapping[str, Callable[[str], object]] = {
    "date": date.fromisoformat,
    "timestamptz": datetime.fromisoformat,
}

_MOST_KEPT: Final = 100
"""Statements of one connection, as asyncpg would."""


def _uuid(raw: bytes) -> UUID:
    return UUID(bytes=raw)


async def connected(connect: "Callable[[], Awaitable[asyncpg.Connection]]") -> "asyncpg.Connection":
    """Open a connection for `Postgresql`.

    Args:
        connect: Opens one, in UTC.

    Raises:
        PostgresError: It cannot be opened.
    """
    import asyncpg  # noqa: PLC0415  # where PostgreSQL is used

    try:
        connection = await connect()
    except OSError as error:  # which SQLAlchemy does not take for an error of a database
        raise asyncpg.CannotConnectNowError(str(error)) from error
    for kind, decode in _AS_TEXT.items():
        await connection.set_type_codec(kind, schema="pg_catalog", encoder=str, decoder=decode, format="text")
    # asyncpg has a class of its own for ids.
    await connection.set_type_codec(
        "uuid", schema="pg_catalog", encoder=attrgetter("bytes"), decoder=_uuid, format="binary"
    )
    return connection


class Postgresql:
    """Sends statements that are transactions of their own: without BEGIN and COMMIT around them.

    Each is prepared when it first comes, and kept as long as the connection. asyncpg's own `fetchrow` looks
    for it in a cache, through four coroutines: half as much again as it takes to send it.
    """

    def __init__(self, connection: "asyncpg.Connection") -> None:
        from asyncpg import InvalidCachedStatementError  # noqa: PLC0415  # where PostgreSQL is used

        self._connection, self._outdated = connection, InvalidCachedStatementError
        protocol: Any = connection._protocol  # noqa: SLF001  # no way that is public is as short
        self._execute = protocol.bind_execute
        self._kept: dict[str, PreparedStatement] = {}

    async def read(self, text: str, values: Values) -> Sequence[Any] | None:
        rows = await self._rows(text, values)
        return rows[0] if rows else None

    async def write(self, changes: Sequence[Change]) -> Sequence[bool]:
        [change] = changes  # one at a time: commits wait for each other in the database
        statements = change()
        if statements is None:
            return [False]
        [(text, values)] = statements
        return [bool(await self._rows(text, values))]

    async def _rows(self, text: str, values: Values) -> Sequence[Any]:
        statement = self._kept.get(text)
        if statement is None:
            return await self._prepared(text, values)
        try:
            return await self._execute(statement._state, values, "", 0, False, None)  # noqa: FBT003, SLF001  # as above
        except self._outdated:  # by a migration; nothing was done
            self._kept.clear()
            return await self._prepared(text, values)

    async def _prepared(self, text: str, values: Values) -> Sequence[Any]:
        statement = await self._connection.prepare(text)
        rows = await statement.fetch(*values)
        if len(self._kept) >= _MOST_KEPT:
            # asyncpg closes it in the database, too, when it prepares the next one.
            del self._kept[next(iter(self._kept))]
        self._kept[text] = statement
        return rows
