"""Provider accounts, for the write side."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from models import Agreement, ProviderAccount, ProviderAccountStatus
from repositories.base import Repository
from repositories.history import History


class ProviderAccountRepository(Repository[ProviderAccount]):
    model = ProviderAccount

    def __init__(self, session: AsyncSession, history: History) -> None:
        super().__init__(session)
        self._history = history

    async def get_by_specific_id(
        self, *, provider_id: UUID, provider_specific_id: str
    ) -> ProviderAccount | None:
        return await self._session.scalar(
            select(ProviderAccount).where(
                ProviderAccount.provider_id == provider_id,
                ProviderAccount.provider_specific_id == provider_specific_id,
            )
        )

    async def get_active_by_domain(self, *, provider_id: UUID, domain: str) -> ProviderAccount | None:
        """Read an active provider account of this provider with exactly this domain, in lower case."""
        return await self._session.scalar(
            select(ProviderAccount).where(
                ProviderAccount.provider_id == provider_id,
                ProviderAccount.domain == domain,
                ProviderAccount.status == ProviderAccountStatus.ACTIVE,
            )
        )

    async def list_active_of_account(
        self, *, account_id: UUID, provider_id: UUID
    ) -> Sequence[ProviderAccount]:
        """Active provider accounts of the customer at the provider, by name."""
        return (
            await self._session.scalars(
                select(ProviderAccount)
                .where(
                    ProviderAccount.account_id == account_id,
                    ProviderAccount.provider_id == provider_id,
                    ProviderAccount.status == ProviderAccountStatus.ACTIVE,
                )
                .order_by(ProviderAccount.name_fold, ProviderAccount.id)
            )
        ).all()

    async def has_agreements(self, provider_account_id: UUID) -> bool:
        """Whether there is any agreement of it, in whatever state."""
        return bool(
            await self._session.scalar(
                select(exists().where(Agreement.provider_account_id == provider_account_id))
            )
        )
