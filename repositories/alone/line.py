"""A line to the database past SQLAlchemy: a connection of its pool, spoken to by its driver."""

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar, cast

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from repositories.alone.drivers import Driver, as_dbapi
from repositories.alone.postgresql import Postgresql
from repositories.alone.sqlite import Sqlite

R = TypeVar("R")

_DRIVER: Final = "driver of what is alone"


class Line:
    """A connection that was taken from a pool, and its driver.

    Attributes:
        dialect: The database's.
        is_busy: Whether it was left before the database had answered.
    """

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection
        self.dialect = connection.dialect
        self.is_busy = False
        self._dbapi: Any = None

    async def driven(self, call: Callable[[Driver], Awaitable[R]]) -> R:
        """Call the driver itself; its errors are raised as SQLAlchemy's."""
        connection = self.connection.sync_connection
        if connection is None or connection.invalidated:
            pooled = await self.connection.get_raw_connection()
        else:
            pooled = connection.connection
        driver = pooled.info.get(_DRIVER)  # which the pool forgets together with the connection
        if driver is None:
            raw: Any = pooled.driver_connection
            driver = Postgresql(raw) if self.dialect.name == "postgresql" else Sqlite(raw)
            pooled.info[_DRIVER] = driver
        self._dbapi = pooled.dbapi_connection
        try:
            return await call(driver)
        except Exception as error:
            raise await self.told(error) from error
        except BaseException:  # a cancellation
            self.is_busy = True
            raise

    async def told(self, error: Exception) -> Exception:
        """The driver's error, raised by a call, as SQLAlchemy's; any other as it is."""
        dialect = self.dialect
        known = as_dbapi(error, self._dbapi, dialect)
        if known is None:
            return error
        lost = dialect.is_disconnect(known, self._dbapi, None)
        if lost:
            await self.connection.invalidate(known)
        general = dialect.loaded_dbapi.Error
        told = cast("Callable[..., Exception]", DBAPIError.instance)(
            None, None, known, general, hide_parameters=True, connection_invalidated=lost, dialect=dialect
        )
        told.__cause__ = error
        return told

    async def end(self) -> None:
        """Close the connection, and what it was left in the middle of with it."""
        if not (self.connection.closed or self.connection.invalidated):
            await self.connection.invalidate()
        await self.connection.close()
