"""Agreement templates, for the write side."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import or_, select

from models import AgreementTemplate, AgreementTemplateKind, AgreementTemplateStatus
from repositories.base import Repository


class TemplateRepository(Repository[AgreementTemplate]):
    model = AgreementTemplate

    async def get_version(
        self, *, provider_id: UUID, template_id: str, version: str
    ) -> AgreementTemplate | None:
        return await self._session.scalar(
            select(AgreementTemplate).where(
                AgreementTemplate.provider_id == provider_id,
                AgreementTemplate.template_id == template_id,
                AgreementTemplate.version == version,
            )
        )

    async def list_in_force(self, provider_id: UUID, *, today: date) -> Sequence[AgreementTemplate]:
        """Active templates of the provider that are in date, oldest first."""
        return (
            await self._session.scalars(
                select(AgreementTemplate)
                .where(
                    AgreementTemplate.provider_id == provider_id,
                    AgreementTemplate.status == AgreementTemplateStatus.ACTIVE,
                    or_(AgreementTemplate.effective_on.is_(None), AgreementTemplate.effective_on <= today),
                    or_(AgreementTemplate.expires_on.is_(None), AgreementTemplate.expires_on >= today),
                )
                .order_by(AgreementTemplate.id)
            )
        ).all()

    async def get_default_customer_agreement(self, *, today: date) -> AgreementTemplate | None:
        """Read the Microsoft Customer Agreement in force: the seeded provider's, in its newest version."""
        found = (
            await self._session.scalars(
                select(AgreementTemplate)
                .where(
                    AgreementTemplate.kind == AgreementTemplateKind.MICROSOFT_CUSTOMER_AGREEMENT,
                    AgreementTemplate.status == AgreementTemplateStatus.ACTIVE,
                )
                .order_by(AgreementTemplate.provider_id, AgreementTemplate.id.desc())
            )
        ).all()
        return next((template for template in found if template.in_date(today)), None)
