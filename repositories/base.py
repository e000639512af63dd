"""What the repositories share: reading one row by id, ready to be changed."""

from typing import Final, Generic, TypedDict, TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from models import Entity

E = TypeVar("E", bound=Entity)


class ForChange(TypedDict):
    key_share: bool


FOR_CHANGE: Final[ForChange] = {"key_share": True}
"""How rows to be changed are locked: others may insert rows that refer to them, as ids do not change.

The plain lock excludes even those, and with them whoever inserts agreements in bulk: a deadlock.
"""


class Repository(Generic[E]):
    """Named questions about one kind of entity; the unit of work owns the transaction."""

    model: type[E]

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self, entity_id: UUID) -> E | None:
        """Read the row and keep others from changing it until the transaction ends.

        Rows that refer to it may be inserted meanwhile: its id does not change.
        """
        return await self._session.get(self.model, entity_id, with_for_update={**FOR_CHANGE})

    async def peek(self, entity_id: UUID) -> E | None:
        """Read the row without keeping others from changing it."""
        return await self._session.get(self.model, entity_id)
