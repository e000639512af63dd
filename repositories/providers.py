"""Providers and the sealed ways to reach them, for the write side."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update

from models import Provider, ProviderConnection, ProviderStatus
from models.text import fold
from repositories.base import Repository


class ProviderRepository(Repository[Provider]):
    model = Provider

    async def get_by_name(self, name: str) -> Provider | None:
        """Read a provider by its name; case and composition do not matter."""
        return await self._session.scalar(select(Provider).where(Provider.name_fold == fold(name)))

    async def list_all(self) -> Sequence[Provider]:
        """Every provider, by name."""
        return (await self._session.scalars(select(Provider).order_by(Provider.name_fold))).all()

    async def list_active(self) -> Sequence[Provider]:
        """Active providers, by name."""
        return (
            await self._session.scalars(
                select(Provider).where(Provider.status == ProviderStatus.ACTIVE).order_by(Provider.name_fold)
            )
        ).all()

    async def get_connection(self, provider_id: UUID) -> ProviderConnection | None:
        return await self._session.get(ProviderConnection, provider_id)

    async def put_connection(self, provider_id: UUID, sealed: bytes, now: datetime) -> None:
        """Store how to reach the provider, in place of what was stored before."""
        await self._session.merge(ProviderConnection(provider_id=provider_id, sealed=sealed, updated_at=now))

    async def list_sealed_by_name(self) -> Sequence[tuple[str, bytes]]:
        """Providers' names, in order, each with the sealed way to reach it."""
        query = (
            select(Provider.name, ProviderConnection.sealed)
            .join(ProviderConnection, ProviderConnection.provider_id == Provider.id)
            .order_by(Provider.name_fold)
        )
        return [(name, sealed) for name, sealed in await self._session.execute(query)]

    async def note_news(self, provider_id: UUID, now: datetime) -> None:
        """Note that the provider told of changes; by itself that is no change of the provider."""
        await self._session.execute(
            update(Provider)
            .where(Provider.id == provider_id)
            .values(sync_wanted_at=now)
            .execution_options(synchronize_session=False)
        )

    async def forget_news(self, provider_id: UUID, until: datetime) -> None:
        """Note that a sync was started for all that the provider had told of at this instant."""
        await self._session.execute(
            update(Provider)
            .where(Provider.id == provider_id, Provider.sync_wanted_at <= until)
            .values(sync_wanted_at=None)
            .execution_options(synchronize_session=False)
        )

    async def list_with_news(self) -> Sequence[Provider]:
        """Active providers that told of changes for which no sync has been started, by id."""
        return (
            await self._session.scalars(
                select(Provider)
                .where(Provider.sync_wanted_at.is_not(None), Provider.status == ProviderStatus.ACTIVE)
                .order_by(Provider.id)
            )
        ).all()
