"""What the repositories share: reading one row by id, ready to be changed."""

from typing import Generic, TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from models import Entity

E = TypeVar("E", bound=Entity)


class Repository(Generic[E]):
    """Named questions about one kind of entity; the unit of work owns the transaction."""

    model: type[E]

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self, entity_id: UUID) -> E | None:
        """Read the row and keep others from changing it until the transaction ends.

        Rows that refer to it may be inserted meanwhile: its id does not change.
        """
        return await self._session.get(self.model, entity_id, with_for_update={"key_share": True})

    async def peek(self, entity_id: UUID) -> E | None:
        """Read the row without keeping others from changing it."""
        return await self._session.get(self.model, entity_id)
