"""Agreements, their acceptances and their numbers, for the write side."""

from collections.abc import Collection, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models import (
    Acceptance,
    Agreement,
    AgreementStatus,
    AgreementStatusReason,
    AgreementTag,
    AgreementTemplate,
    BillingContract,
    BillingContractStatus,
    Counter,
)
from repositories.base import FOR_CHANGE, Repository
from repositories.history import History


class AgreementRepository(Repository[Agreement]):
    model = Agreement

    def __init__(self, session: AsyncSession, history: History) -> None:
        super().__init__(session)
        self._history = history

    async def take_serials(self, count: int = 1) -> range:
        """Take the next numbers; they are given out for good when the transaction commits."""
        last = await self._session.scalar(
            update(Counter)
            .where(Counter.name == Counter.AGREEMENTS)
            .values(value=Counter.value + count)
            .returning(Counter.value)
        )
        if last is None:
            raise LookupError("The counter of agreements is missing: the database was not seeded.")
        return range(last - count + 1, last + 1)

    async def list_for_change(self, agreement_ids: Collection[UUID]) -> Sequence[Agreement]:
        """Read these agreements, a few hundred at most, and keep others from changing them; by id."""
        return (
            await self._session.scalars(
                select(Agreement)
                .where(Agreement.id.in_(agreement_ids))
                .order_by(Agreement.id)
                .with_for_update(**FOR_CHANGE)
            )
        ).all()

    async def get_active(
        self, *, account_id: UUID, template_id: UUID, provider_account_id: UUID | None
    ) -> Agreement | None:
        """Read the one agreement in force or pending for this customer, template and provider account."""
        place = (
            Agreement.provider_account_id == provider_account_id
            if provider_account_id is not None
            else (Agreement.account_id == account_id) & Agreement.provider_account_id.is_(None)
        )
        return await self._session.scalar(
            select(Agreement).where(
                Agreement.template_id == template_id, Agreement.status == AgreementStatus.ACTIVE, place
            )
        )

    async def list_places(
        self, *, provider_account_ids: Collection[UUID], template_ids: Collection[UUID]
    ) -> set[tuple[UUID, UUID]]:
        """Pairs of provider account and template, of these, that have an agreement in whatever state."""
        rows = await self._session.execute(
            select(Agreement.provider_account_id, Agreement.template_id).where(
                Agreement.provider_account_id.in_(provider_account_ids),
                Agreement.template_id.in_(template_ids),
            )
        )
        return {(place, template) for place, template in rows if place is not None}

    async def get_acceptance(self, agreement_id: UUID) -> Acceptance | None:
        """Read the agreement's acceptance that stands."""
        return await self._session.scalar(
            select(Acceptance).where(
                Acceptance.agreement_id == agreement_id, Acceptance.voided_by_id.is_(None)
            )
        )

    async def list_of_older_versions(self, agreement: Agreement) -> Sequence[Agreement]:
        """Accepted, active agreements of the same customer and provider account in older versions.

        By number. Versions of a template have its provider and external id; the older was created earlier.
        The rows are kept from being changed by others.
        """
        template = await self._session.get_one(AgreementTemplate, agreement.template_id)
        return (
            await self._session.scalars(
                select(Agreement)
                .join(AgreementTemplate, AgreementTemplate.id == Agreement.template_id)
                .where(
                    Agreement.account_id == agreement.account_id,
                    Agreement.provider_account_id.is_not_distinct_from(agreement.provider_account_id),
                    Agreement.status == AgreementStatus.ACTIVE,
                    Agreement.status_reason == AgreementStatusReason.ACCEPTED,
                    AgreementTemplate.provider_id == template.provider_id,
                    AgreementTemplate.template_id == template.template_id,
                    Agreement.template_id < template.id,
                )
                .order_by(Agreement.serial)
                .with_for_update(of=Agreement, **FOR_CHANGE)
            )
        ).all()

    async def list_pending_expired(self, *, today: date, limit: int) -> Sequence[Agreement]:
        """Pending agreements whose template expired before today, by id, locked for the transaction."""
        return (
            await self._session.scalars(
                select(Agreement)
                .join(AgreementTemplate, AgreementTemplate.id == Agreement.template_id)
                .where(
                    Agreement.status == AgreementStatus.ACTIVE,
                    Agreement.status_reason == AgreementStatusReason.PENDING,
                    AgreementTemplate.expires_on < today,
                )
                .order_by(Agreement.id)
                .limit(limit)
                .with_for_update(of=Agreement, **FOR_CHANGE)
            )
        ).all()

    async def list_active_numbers(self, provider_account_id: UUID, *, limit: int) -> Sequence[str]:
        """Numbers of the active agreements made for the provider account, in order."""
        return (
            await self._session.scalars(
                select(Agreement.number)
                .where(
                    Agreement.provider_account_id == provider_account_id,
                    Agreement.status == AgreementStatus.ACTIVE,
                )
                .order_by(Agreement.serial)
                .limit(limit)
            )
        ).all()

    async def list_active_contract_names(self, agreement_id: UUID) -> Sequence[str]:
        """Names of the active billing contracts that carry the agreement, in order."""
        return (
            await self._session.scalars(
                select(BillingContract.name)
                .join(AgreementTag, AgreementTag.billing_contract_id == BillingContract.id)
                .where(
                    AgreementTag.agreement_id == agreement_id,
                    BillingContract.status == BillingContractStatus.ACTIVE,
                )
                .order_by(BillingContract.name_fold)
            )
        ).all()
