"""PostgreSQL by asyncpg: half the processor time of a statement, where SQLAlchemy is not asked for it."""

# pyright: standard
# Not strict: asyncpg is untyped.
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from repositories.compiled import Values

if TYPE_CHECKING:
    import asyncpg

    from repositories.alone_drivers import Bound

# Exchanged as text, to be what psycopg has: asyncpg makes infinity of the greatest day and instant, and has a
# class of its own for ids.
_AS_TEXT: Mapping[str, Callable[[str], object]] = {
    "date": date.fromisoformat,
    "timestamptz": datetime.fromisoformat,
    "uuid": UUID,
}


async def connect(dsn: str, options: str) -> "asyncpg.Connection":
    """Open a connection for `Postgresql`.

    Args:
        dsn: Where to, as libpq takes it.
        options: Of the session, as libpq takes them: in UTC.

    Raises:
        PostgresError: It cannot be opened.
    """
    import asyncpg  # noqa: PLC0415  # where PostgreSQL is used

    try:
        connection = await asyncpg.connect(dsn, server_settings={"options": options})
    except OSError as error:  # which SQLAlchemy does not take for an error of a database
        raise asyncpg.CannotConnectNowError(str(error)) from error
    for kind, decode in _AS_TEXT.items():
        await connection.set_type_codec(kind, schema="pg_catalog", encoder=str, decoder=decode, format="text")
    return connection


class Postgresql:
    """Sends statements that are transactions of their own: without BEGIN and COMMIT around them."""

    def __init__(self, connection: "asyncpg.Connection") -> None:
        self._connection = connection

    async def read(self, text: str, values: Values) -> Sequence[Any] | None:
        return await self._connection.fetchrow(text, *values)

    async def write(self, statements: "Bound") -> bool:
        [(text, values)] = statements
        return await self._connection.fetchrow(text, *values) is not None
