"""Renames an account as people do with SQLAlchemy: a session gets it, and commits what was changed."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import DateTime
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from benchmarks.peers.strawberry_rows import Row


class Base(DeclarativeBase):
    pass


class Account(Base):
    """What the schema shows of an account, and what a change of its name changes."""

    __tablename__ = "accounts"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    name_fold: Mapped[str]
    status: Mapped[str]
    domain: Mapped[str | None]
    country: Mapped[str | None] = mapped_column("address_country")
    external_ref: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    updated_by: Mapped[str]
    revision: Mapped[int]


class Sessions:
    """Makes a session for each rename; the engine must leave transactions to it."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._begin = async_sessionmaker(engine, expire_on_commit=False)

    async def rename(self, id: str, name: str) -> Row | None:
        async with self._begin() as session:
            account = await session.get(Account, UUID(id))
            if account is None:
                return None
            account.name, account.name_fold = name, name.lower()
            account.updated_at, account.updated_by = datetime.now(UTC), "benchmark"
            account.revision += 1
            await session.commit()
        return str(account.id), account.name
