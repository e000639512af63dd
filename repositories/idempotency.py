"""Idempotency records: a creating mutation takes effect once under a key."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import CursorResult, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from models import DomainError, ErrorCode, IdempotencyRecord
from repositories.history import History


class IdempotencyRepository:
    """Keys are scoped to the actor and the mutation."""

    def __init__(self, session: AsyncSession, history: History) -> None:
        self._session, self._history = session, history

    async def claim(self, mutation: str, key: str, input_hash: str) -> Mapping[str, UUID] | None:
        """Take the key for this transaction, or learn what was made under it.

        A twin that is under way is waited for. Claim before anything else is written.

        Returns:
            None when the key is new: do the work and `keep` what it made. Otherwise the ids made then.

        Raises:
            DomainError: IDEMPOTENCY_CONFLICT when the key was used with other input.
        """
        record: dict[str, object] = {
            "actor": self._history.actor,
            "mutation": mutation,
            "key": key,
            "input_hash": input_hash,
            "made": {},
            "created_at": self._history.now,
        }
        dialect = postgresql if self._session.get_bind().dialect.name == "postgresql" else sqlite
        claimed = await self._session.execute(
            dialect.insert(IdempotencyRecord)
            .values(record)
            .on_conflict_do_nothing()
            .returning(IdempotencyRecord.key)
        )
        if claimed.first() is not None:
            return None
        return await self.recall(mutation, key, input_hash)

    async def recall(self, mutation: str, key: str, input_hash: str) -> Mapping[str, UUID] | None:
        """Learn what was made under the key, without taking it; None when nothing was.

        Raises:
            DomainError: IDEMPOTENCY_CONFLICT when the key was used with other input.
        """
        found = (
            await self._session.execute(
                select(IdempotencyRecord.input_hash, IdempotencyRecord.made).where(
                    IdempotencyRecord.actor == self._history.actor,
                    IdempotencyRecord.mutation == mutation,
                    IdempotencyRecord.key == key,
                )
            )
        ).first()
        if found is None:
            return None
        if found.input_hash != input_hash:
            raise DomainError(
                "This idempotency key was used with other input.",
                code=ErrorCode.IDEMPOTENCY_CONFLICT,
                field=("idempotencyKey",),
            )
        return {name: UUID(value) for name, value in found.made.items()}

    async def keep(self, mutation: str, key: str, made: Mapping[str, UUID]) -> None:
        """Record what was made under a key that this transaction claimed."""
        await self._session.execute(
            update(IdempotencyRecord)
            .where(
                IdempotencyRecord.actor == self._history.actor,
                IdempotencyRecord.mutation == mutation,
                IdempotencyRecord.key == key,
            )
            .values(made={name: str(value) for name, value in made.items()})
        )

    async def forget_before(self, instant: datetime) -> int:
        """Delete records older than the instant.

        Returns:
            How many there were.
        """
        result = await self._session.execute(
            delete(IdempotencyRecord).where(IdempotencyRecord.created_at < instant)
        )
        return result.rowcount if isinstance(result, CursorResult) else 0
