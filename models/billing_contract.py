"""Billing contracts, and the agreements tagged on them."""

import re
from datetime import date, datetime
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.account import Account
from models.base import Audited, Base, Named, text_enum
from models.enums import AgreementEvent, BillingContractStatus, BillingFrequency, BillingPolicy
from models.errors import DomainError, ErrorCode

if TYPE_CHECKING:
    from models.agreement import Agreement

_CURRENCY = re.compile(r"[A-Z]{3}")
_DEFAULT = text("is_default")


class BillingContract(Named, Audited):
    """What a customer is billed for and how often."""

    __tablename__ = "billing_contracts"
    __table_args__ = (
        UniqueConstraint("id", "account_id"),
        Index(None, "name_fold", "id"),
        Index(None, "start_on", "id"),
        Index(None, "created_at", "id"),
        Index(None, "status", "id"),
        Index(None, "account_id", "id"),
        Index(
            "uq_billing_contracts_default",
            "account_id",
            unique=True,
            sqlite_where=_DEFAULT,
            postgresql_where=_DEFAULT,
        ),
    )
    searched: ClassVar = ("name",)

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    status: Mapped[BillingContractStatus] = mapped_column(
        text_enum(BillingContractStatus), default=BillingContractStatus.ACTIVE
    )
    billing_frequency: Mapped[BillingFrequency] = mapped_column(text_enum(BillingFrequency))
    billing_policy: Mapped[BillingPolicy] = mapped_column(text_enum(BillingPolicy))
    start_on: Mapped[date]
    end_on: Mapped[date | None]
    terminated_on: Mapped[date | None]
    auto_renew: Mapped[bool] = mapped_column(default=False)
    currency: Mapped[str]
    is_default: Mapped[bool] = mapped_column(default=False)

    account: Mapped[Account] = relationship(back_populates="billing_contracts", lazy="raise")
    agreements: Mapped[list["Agreement"]] = relationship(
        secondary="agreement_tags",
        primaryjoin="BillingContract.id == AgreementTag.billing_contract_id",
        secondaryjoin="Agreement.id == AgreementTag.agreement_id",
        back_populates="billing_contracts",
        lazy="raise",
        viewonly=True,
    )

    def check(self) -> None:
        """Raises DomainError: INVALID for a blank name or an odd currency, DATES_REVERSED."""
        if not self.name.strip():
            raise DomainError("A billing contract needs a name.", field=("name",))
        if not _CURRENCY.fullmatch(self.currency):
            raise DomainError(
                "A currency is written as three capitals (ISO 4217), e.g. EUR.", field=("currency",)
            )
        if self.end_on is not None and self.end_on < self.start_on:
            raise DomainError(
                "A contract cannot end before it starts.", code=ErrorCode.DATES_REVERSED, field=("endOn",)
            )

    def require_active(self, *field: str) -> None:
        """Raises DomainError CONTRACT_INACTIVE unless agreements may be tagged on it."""
        if self.status is not BillingContractStatus.ACTIVE:
            raise DomainError(
                f"Billing contract «{self.name}» is inactive.",
                code=ErrorCode.CONTRACT_INACTIVE,
                field=field,
                entity=self.id,
            )


class AgreementTag(Base):
    """An agreement tagged on a billing contract; both of one account, which the foreign keys see to."""

    __tablename__ = "agreement_tags"
    __table_args__ = (
        ForeignKeyConstraint(
            ["billing_contract_id", "account_id"], ["billing_contracts.id", "billing_contracts.account_id"]
        ),
        ForeignKeyConstraint(["agreement_id", "account_id"], ["agreements.id", "agreements.account_id"]),
        Index(None, "agreement_id", "billing_contract_id"),
    )
    created_event: ClassVar[str] = AgreementEvent.TAGGED
    deleted_event: ClassVar[str] = AgreementEvent.UNTAGGED

    billing_contract_id: Mapped[UUID] = mapped_column(primary_key=True)
    agreement_id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID]
    tagged_at: Mapped[datetime]
    tagged_by: Mapped[str]

    @property
    def audit_subject(self) -> tuple[str, UUID]:
        return "Agreement", self.agreement_id
