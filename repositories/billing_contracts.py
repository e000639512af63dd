"""Billing contracts and their tags, for the write side."""

from uuid import UUID

from sqlalchemy import select

from models import AgreementTag, BillingContract
from repositories.base import Repository


class BillingContractRepository(Repository[BillingContract]):
    model = BillingContract

    async def get_default(self, account_id: UUID) -> BillingContract | None:
        """Read the account's default contract."""
        return await self._session.scalar(
            select(BillingContract).where(
                BillingContract.account_id == account_id, BillingContract.is_default
            )
        )

    async def get_tag(self, *, billing_contract_id: UUID, agreement_id: UUID) -> AgreementTag | None:
        return await self._session.get(AgreementTag, (billing_contract_id, agreement_id))

    async def remove_tag(self, tag: AgreementTag) -> None:
        await self._session.delete(tag)
