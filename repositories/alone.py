"""One entity, read and changed by itself: past the session, in two trips to the database.

A session locks the row, reads it, and writes its changes, their audit event and the search index one after
the other. Most mutations change one entity and nothing else. For them the row is read without a lock, and
everything is written at once, if the entity still has the revision that was read. What is written is the
same: the model checks, and `History` says what follows.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar
from uuid import UUID

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm.attributes import instance_state

from models import Audited
from repositories.alone_drivers import Driver, Sqlite, as_dbapi
from repositories.alone_postgresql import Postgresql
from repositories.alone_statements import E, reading_of, writing_of
from repositories.errors import Conflict
from repositories.history import History, Reindexed, changed_columns

R = TypeVar("R")

_DRIVER: Final = "driver of what is alone"


class Alone:
    """The one entity of a unit of work, as long as that does nothing else.

    Attributes:
        id: Of the entity that was asked for.
        entity: What was read; None before, and where there is no such row.
        is_busy: Whether the connection was left before the database had answered.
    """

    def __init__(self, connection: AsyncConnection, entity_id: UUID) -> None:
        self.connection, self.id = connection, entity_id
        self._dialect = connection.dialect
        self.entity: Audited | None = None
        self.is_busy = False

    async def read(self, model: type[E]) -> E | None:
        """Read the entity; repeated if the connection turns out to be dead, which nobody has asked it."""
        try:
            return await self._read(model)
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
        return await self._read(model)

    @property
    def is_simple(self) -> bool:
        """Whether what was changed is the entity's own columns: anything else takes a session."""
        if self.entity is None or self.entity.beside is not None:
            return False
        state = instance_state(self.entity)
        return all(key in state.mapper.column_attrs for key in state.committed_state)

    async def write(self, history: History) -> None:
        """Commit what was changed, its audit event and the index; if nothing was, nothing.

        Raises:
            Conflict: The entity has been changed since it was read; nothing was written.
        """
        entity = self.entity
        changed = None if entity is None else changed_columns(entity)
        if entity is None or not changed:
            return
        change = history.updated(entity, changed)
        # Past the instrumentation, which keeps former values for flushes: there will be none.
        vars(entity).update(updated_at=history.now, updated_by=history.actor, revision=entity.revision + 1)
        index = Reindexed.by(change)
        indexed = bool(index.gone or index.come)
        writing = writing_of(type(entity), tuple(change.before), self._dialect, indexed=indexed)
        bound = writing.bound(entity, history.event(change), index)
        if not await self._driven(lambda driver: driver.write(bound)):
            raise Conflict("The entity was changed after it had been read.")

    async def _read(self, model: type[E]) -> E | None:
        reading = reading_of(model, self._dialect)
        values = reading.values(self.id)
        row = await self._driven(lambda driver: driver.read(reading.text, values))
        entity = None if row is None else reading.entity(self.id, row)
        self.entity = entity
        return entity

    async def _driven(self, call: Callable[[Driver], Awaitable[R]]) -> R:
        """Call the driver itself; its errors are raised as SQLAlchemy's."""
        connection = self.connection.sync_connection
        if connection is None or connection.invalidated:
            pooled = await self.connection.get_raw_connection()
        else:
            pooled = connection.connection
        driver = pooled.info.get(_DRIVER)  # which the pool forgets together with the connection
        if driver is None:
            raw: Any = pooled.driver_connection
            driver = Postgresql(raw) if self._dialect.name == "postgresql" else Sqlite(raw)
            pooled.info[_DRIVER] = driver
        try:
            return await call(driver)
        except Exception as error:
            raise await self._told(error, pooled.dbapi_connection) from error
        except BaseException:  # a cancellation
            self.is_busy = True
            raise

    async def _told(self, error: Exception, connection: Any) -> Exception:  # noqa: ANN401  # the dialect's
        """The driver's error as SQLAlchemy's; any other as it is."""
        dialect = self._dialect
        known = as_dbapi(error, connection, dialect)
        if known is None:
            return error
        lost = dialect.is_disconnect(known, connection, None)
        if lost:
            await self.connection.invalidate(known)
        general = dialect.loaded_dbapi.Error
        return DBAPIError.instance(  # pyright: ignore[reportUnknownVariableType]  # SQLAlchemy's
            None, None, known, general, hide_parameters=True, connection_invalidated=lost, dialect=dialect
        )
