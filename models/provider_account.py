"""Provider accounts: a customer as a provider knows it."""

from datetime import datetime
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from models.account import Account
from models.base import KEY_TEXT, Audited, text_enum
from models.enums import ProviderAccountMapping, ProviderAccountStatus
from models.errors import DomainError, ErrorCode
from models.manual_work import MISSING, UNMAPPED
from models.provider import Provider
from models.text import fold

if TYPE_CHECKING:
    from models.agreement import Agreement


_UNMAPPED, _MISSING = text(UNMAPPED), text(MISSING)


class ProviderAccount(Audited):
    """A customer as the provider knows it (for Microsoft a tenant), mapped to an account of ours or not."""

    __tablename__ = "provider_accounts"
    __table_args__ = (
        UniqueConstraint("provider_id", "provider_specific_id"),
        UniqueConstraint("id", "provider_id"),
        UniqueConstraint("id", "account_id"),
        Index(None, "name_fold", "id"),
        Index(None, "created_at", "id"),
        # In the order in which they are made: see the agreements'.
        Index(None, "status", "id"),
        Index(None, "provider_id", "name_fold", "id"),
        Index(None, "provider_id", "id"),
        Index(None, "provider_id", "domain"),
        Index(None, "account_id", "id"),
        Index(None, "account_id", "provider_id", "name_fold", "id"),
        Index("ix_provider_accounts_unmapped", "status", sqlite_where=_UNMAPPED, postgresql_where=_UNMAPPED),
        Index("ix_provider_accounts_missing", "status", sqlite_where=_MISSING, postgresql_where=_MISSING),
        CheckConstraint("(account_id IS NULL) = (mapping = 'UNMAPPED')", name="mapped_has_account"),
    )
    searched: ClassVar = ("provider_name", "domain")
    OFFBOARDED: ClassVar = "OFFBOARDED"

    provider_id: Mapped[UUID] = mapped_column(ForeignKey("providers.id"))
    provider_specific_id: Mapped[str] = mapped_column(KEY_TEXT)
    provider_name: Mapped[str]
    name_fold: Mapped[str] = mapped_column(KEY_TEXT)
    domain: Mapped[str | None]
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    mapping: Mapped[ProviderAccountMapping] = mapped_column(
        text_enum(ProviderAccountMapping), default=ProviderAccountMapping.UNMAPPED
    )
    sync_enabled: Mapped[bool] = mapped_column(default=True)
    status: Mapped[ProviderAccountStatus] = mapped_column(
        text_enum(ProviderAccountStatus), default=ProviderAccountStatus.ACTIVE
    )
    missing_since: Mapped[datetime | None]
    last_synced_at: Mapped[datetime | None]

    account: Mapped[Account | None] = relationship(back_populates="provider_accounts", lazy="raise")
    provider: Mapped[Provider] = relationship(lazy="raise")
    agreements: Mapped[list["Agreement"]] = relationship(
        back_populates="provider_account",
        primaryjoin="ProviderAccount.id == Agreement.provider_account_id",
        foreign_keys="Agreement.provider_account_id",
        lazy="raise",
        viewonly=True,
    )

    @validates("provider_name")
    def _keep_the_folded_name(self, _key: str, value: str) -> str:
        self.name_fold = fold(value)
        return value

    @validates("domain")
    def _fold_the_domain(self, _key: str, value: str | None) -> str | None:
        return (value or "").strip().casefold() or None

    def map_to(self, account: Account, how: ProviderAccountMapping) -> bool:
        """Say whose tenant this is; repeating it changes nothing.

        Returns:
            Whether anything changed.

        Raises:
            DomainError: ACCOUNT_INACTIVE, or ALREADY_MAPPED when it is another customer's.
        """
        if self.account_id == account.id:
            return False
        if self.account_id is not None:
            raise DomainError(
                f"«{self.provider_name}» is mapped to another account; unmap it first.",
                code=ErrorCode.ALREADY_MAPPED,
                field=("providerAccountId",),
                entity=self.id,
            )
        account.require_active("accountId")
        self.account_id, self.mapping = account.id, how
        return True

    def leave(self) -> bool:
        """Put it out of use because its customer is no customer at the provider any more.

        Its agreements and whose it is stay as they are. Repeating it changes nothing.

        Returns:
            Whether anything changed.
        """
        if self.status is ProviderAccountStatus.INACTIVE:
            return False
        self.status, self.missing_since = ProviderAccountStatus.INACTIVE, None
        self.event = self.OFFBOARDED
        return True

    def unmap(self, *, has_agreements: bool) -> bool:
        """Forget whose tenant this is; an agreement never moves to another customer.

        Returns:
            Whether anything changed.

        Raises:
            DomainError: HAS_AGREEMENTS.
        """
        if self.account_id is None:
            return False
        if has_agreements:
            raise DomainError(
                f"«{self.provider_name}» has agreements, which belong to its account.",
                code=ErrorCode.HAS_AGREEMENTS,
                field=("providerAccountId",),
                entity=self.id,
            )
        self.account_id, self.mapping = None, ProviderAccountMapping.UNMAPPED
        return True
