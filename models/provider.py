"""Providers: the sources that cloud services come from, and how to reach them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, composite, mapped_column

from models.base import Audited, Base, Named, text_enum
from models.enums import ProviderConnector, ProviderKind, ProviderRole, ProviderStatus
from models.errors import DomainError, ErrorCode
from models.values import ProviderCapabilities


class Provider(Named, Audited):
    """A source of services: reached by an API, or by a person's hands."""

    __tablename__ = "providers"
    __table_args__ = (
        Index(None, "name_fold", unique=True),
        CheckConstraint(
            "kind = 'AUTOMATIC' OR NOT (customer_sync OR customer_creation"
            " OR agreement_confirmation OR agreement_sync)",
            name="manual_has_no_capability",
        ),
    )

    kind: Mapped[ProviderKind] = mapped_column(text_enum(ProviderKind))
    connector: Mapped[ProviderConnector] = mapped_column(
        text_enum(ProviderConnector), default=ProviderConnector.NONE
    )
    role: Mapped[ProviderRole] = mapped_column(text_enum(ProviderRole))
    capabilities: Mapped[ProviderCapabilities] = composite(
        mapped_column("customer_sync"),
        mapped_column("customer_creation"),
        mapped_column("agreement_confirmation"),
        mapped_column("agreement_sync"),
    )
    status: Mapped[ProviderStatus] = mapped_column(text_enum(ProviderStatus), default=ProviderStatus.ACTIVE)
    last_synced_at: Mapped[datetime | None]
    listed_at: Mapped[datetime | None]
    """When the last sync began that read the whole list of customers to its end."""
    changes_read_until: Mapped[datetime | None]
    """What changed at the provider before this instant is known here."""
    sync_wanted_at: Mapped[datetime | None]
    """When the provider last told that its customers changed, until a sync has been started for it."""

    @property
    def is_automatic(self) -> bool:
        return self.kind is ProviderKind.AUTOMATIC

    def configure(
        self, kind: ProviderKind, connector: ProviderConnector, capabilities: ProviderCapabilities
    ) -> None:
        """Set how the provider is worked with.

        Raises:
            DomainError: CAPABILITY_NOT_ALLOWED for a manual provider with a capability or a connector,
                CONNECTOR_UNKNOWN for an automatic one without a connector.
        """
        if kind is ProviderKind.MANUAL and (capabilities.any() or connector is not ProviderConnector.NONE):
            raise DomainError(
                "A manual provider has no connector and no capabilities.",
                code=ErrorCode.CAPABILITY_NOT_ALLOWED,
                field=("capabilities",),
            )
        if kind is ProviderKind.AUTOMATIC and connector is ProviderConnector.NONE:
            raise DomainError(
                "An automatic provider needs a connector.",
                code=ErrorCode.CONNECTOR_UNKNOWN,
                field=("connector",),
            )
        self.kind, self.connector, self.capabilities = kind, connector, capabilities

    def require_active(self, *field: str) -> None:
        """Raises DomainError PROVIDER_INACTIVE unless the provider may be worked with."""
        if self.status is not ProviderStatus.ACTIVE:
            raise DomainError(
                f"Provider «{self.name}» is inactive.", code=ErrorCode.PROVIDER_INACTIVE, field=field
            )


class ProviderConnection(Base):
    """How to reach a provider and with which credentials, sealed: nothing in it can be read here."""

    __tablename__ = "provider_connections"

    provider_id: Mapped[UUID] = mapped_column(ForeignKey("providers.id"), primary_key=True)
    sealed: Mapped[bytes]
    updated_at: Mapped[datetime]
