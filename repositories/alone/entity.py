"""The one entity that a unit of work is about."""

from uuid import UUID

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm.attributes import instance_state

from models import Audited
from repositories.alone.drivers import Bound
from repositories.alone.line import Line
from repositories.alone.statements import E, reading_of, writing_of
from repositories.history import History, Reindexed, changed_columns


class Alone:
    """The one entity of a unit of work, as long as that does nothing else.

    Attributes:
        line: To the database; the entity stays when it is given back.
        id: Of the entity that was asked for.
        entity: What was read; None before, and where there is no such row.
    """

    def __init__(self, line: Line, entity_id: UUID) -> None:
        self.line, self.id = line, entity_id
        self.entity: Audited | None = None

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

    def bound(self, history: History) -> Bound | None:
        """Bind what was changed, its audit event and the index; None if nothing was.

        The entity is then as it will be, with its new revision.
        """
        entity = self.entity
        changed = None if entity is None else changed_columns(entity)
        if entity is None or not changed:
            return None
        change = history.updated(entity, changed)
        # Past the instrumentation, which keeps former values for flushes: there will be none.
        vars(entity).update(updated_at=history.now, updated_by=history.actor, revision=entity.revision + 1)
        index = Reindexed.by(change)
        indexed = bool(index.gone or index.come)
        writing = writing_of(type(entity), tuple(change.before), self.line.dialect, indexed=indexed)
        return writing.bound(entity, history.event(change), index)

    async def _read(self, model: type[E]) -> E | None:
        reading = reading_of(model, self.line.dialect)
        values = reading.values(self.id)
        row = await self.line.driven(lambda driver: driver.read(reading.text, values))
        entity = None if row is None else reading.entity(self.id, row)
        self.entity = entity
        return entity
