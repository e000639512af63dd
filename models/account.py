"""Accounts: the partner's customers."""

from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, composite, mapped_column, relationship, validates

from models.base import KEY_TEXT, Audited, Entity, Named, text_enum
from models.enums import AccountStatus
from models.errors import DomainError, ErrorCode
from models.values import Address, Contact

if TYPE_CHECKING:
    from models.agreement import Agreement
    from models.billing_contract import BillingContract
    from models.provider_account import ProviderAccount


class Account(Named, Audited):
    """A customer in the partner's books."""

    __tablename__ = "accounts"
    __table_args__ = (
        Index(None, "name_fold", "id"),
        Index(None, "created_at", "id"),
        Index(None, "status", "id"),
        Index(None, "status", "name_fold", "id"),
    )
    searched: ClassVar = ("name", "domain", "external_ref")

    status: Mapped[AccountStatus] = mapped_column(text_enum(AccountStatus), default=AccountStatus.ACTIVE)
    primary_contact: Mapped[Contact | None] = composite(
        mapped_column("primary_first_name", nullable=True),
        mapped_column("primary_last_name", nullable=True),
        mapped_column("primary_email", nullable=True),
        mapped_column("primary_phone", nullable=True),
    )
    primary_email_domain: Mapped[str | None] = mapped_column(index=True)
    domain: Mapped[str | None] = mapped_column(index=True)
    address: Mapped[Address | None] = composite(
        mapped_column("address_line1", nullable=True),
        mapped_column("address_line2", nullable=True),
        mapped_column("address_city", nullable=True),
        mapped_column("address_region", nullable=True),
        mapped_column("address_postal_code", nullable=True),
        mapped_column("address_country", nullable=True),
    )
    organization_registration_number: Mapped[str | None]
    external_ref: Mapped[str | None] = mapped_column(KEY_TEXT, unique=True)

    agreements: Mapped[list["Agreement"]] = relationship(
        back_populates="account", foreign_keys="Agreement.account_id", lazy="raise", viewonly=True
    )
    billing_contracts: Mapped[list["BillingContract"]] = relationship(back_populates="account", lazy="raise")
    provider_accounts: Mapped[list["ProviderAccount"]] = relationship(back_populates="account", lazy="raise")
    contacts: Mapped[list["AccountContact"]] = relationship(
        lazy="raise", order_by="AccountContact.position", cascade="all, delete-orphan"
    )

    @validates("primary_email")  # the composite's column: composites have no validators of their own
    def _keep_the_email_domain(self, _key: str, value: str | None) -> str | None:
        self.primary_email_domain = value.rpartition("@")[2].casefold() if value else None
        return value

    @validates("domain")
    def _fold_the_domain(self, _key: str, value: str | None) -> str | None:
        return (value or "").strip().casefold() or None

    def require_active(self, *field: str) -> None:
        """Raises DomainError ACCOUNT_INACTIVE unless new work may be taken on for this customer."""
        if self.status is not AccountStatus.ACTIVE:
            raise DomainError(
                f"Account «{self.name}» is inactive.", code=ErrorCode.ACCOUNT_INACTIVE, field=field
            )


class AccountContact(Entity):
    """A further person of an account; its e-mail domain tells whose tenant a sync has found."""

    __tablename__ = "account_contacts"
    __table_args__ = (Index(None, "account_id", "position", unique=True),)

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    position: Mapped[int]
    contact: Mapped[Contact] = composite(
        mapped_column("first_name"),
        mapped_column("last_name"),
        mapped_column("email"),
        mapped_column("phone"),
    )
    email_domain: Mapped[str] = mapped_column(index=True)
