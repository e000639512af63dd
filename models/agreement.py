"""Agreements: one customer's stand in one template's terms, and the only ways it may change."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, ClassVar, cast
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Date,
    ForeignKey,
    func,
    literal_column,
)
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, composite, mapped_column, relationship

from models.acceptance import Acceptance
from models.account import Account
from models.agreement_rules import RULES
from models.agreement_template import AgreementTemplate
from models.base import KEY_TEXT, Audited, Named, text_enum
from models.billing_contract import BillingContract
from models.enums import (
    AcceptancePath,
    AcceptanceRequestStatus,
    AgreementEvent,
    AgreementOrigin,
    AgreementStatus,
    AgreementStatusReason,
    SyncState,
)
from models.errors import DomainError, ErrorCode
from models.provider import Provider
from models.values import AcceptanceRequest, Contact

if TYPE_CHECKING:
    from models.document import Document
    from models.provider_account import ProviderAccount

# Past its address, a customer may accept at the provider all the same.
_UNANSWERED = frozenset({AcceptanceRequestStatus.OPEN, AcceptanceRequestStatus.EXPIRED})


class Agreement(Named, Audited):
    """The record that one account stands in one template: pending until accepted, never deleted."""

    __tablename__ = "agreements"
    __table_args__ = RULES
    searched: ClassVar = ("name", "number")

    serial: Mapped[int] = mapped_column(unique=True)
    number: Mapped[str] = mapped_column(KEY_TEXT, unique=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    template_id: Mapped[UUID] = mapped_column()
    provider_id: Mapped[UUID] = mapped_column(ForeignKey("providers.id"))
    provider_account_id: Mapped[UUID | None] = mapped_column()
    status: Mapped[AgreementStatus] = mapped_column(text_enum(AgreementStatus))
    status_reason: Mapped[AgreementStatusReason] = mapped_column(text_enum(AgreementStatusReason))
    template_version: Mapped[str]
    agreement_link: Mapped[str | None]
    executed_on: Mapped[date | None]
    created_on: Mapped[date | None]
    signed_by: Mapped[Contact | None] = composite(
        mapped_column("signer_first_name", nullable=True),
        mapped_column("signer_last_name", nullable=True),
        mapped_column("signer_email", nullable=True),
        mapped_column("signer_phone", nullable=True),
    )
    description: Mapped[str | None]
    origin: Mapped[AgreementOrigin] = mapped_column(text_enum(AgreementOrigin))
    sync_state: Mapped[SyncState] = mapped_column(text_enum(SyncState), default=SyncState.NOT_APPLICABLE)
    sync_error: Mapped[str | None]
    acceptance_request: Mapped[AcceptanceRequest | None] = composite(
        mapped_column("acceptance_url", nullable=True),
        mapped_column("acceptance_status", text_enum(AcceptanceRequestStatus), nullable=True),
        mapped_column("acceptance_expires_at", nullable=True),
        mapped_column("acceptance_reference", nullable=True),
    )
    deactivated_on: Mapped[date | None]
    deactivation_reason: Mapped[str | None]

    account: Mapped[Account] = relationship(
        back_populates="agreements", foreign_keys=[account_id], lazy="raise", viewonly=True
    )
    template: Mapped[AgreementTemplate] = relationship(
        back_populates="agreements",
        foreign_keys=[template_id],
        primaryjoin="Agreement.template_id == AgreementTemplate.id",
        lazy="raise",
        viewonly=True,
    )
    provider: Mapped[Provider] = relationship(foreign_keys=[provider_id], lazy="raise", viewonly=True)
    provider_account: Mapped["ProviderAccount | None"] = relationship(
        back_populates="agreements",
        foreign_keys=[provider_account_id],
        primaryjoin="Agreement.provider_account_id == ProviderAccount.id",
        lazy="raise",
        viewonly=True,
    )
    billing_contracts: Mapped[list[BillingContract]] = relationship(
        secondary="agreement_tags",
        primaryjoin="Agreement.id == AgreementTag.agreement_id",
        secondaryjoin="BillingContract.id == AgreementTag.billing_contract_id",
        back_populates="agreements",
        lazy="raise",
        viewonly=True,
    )
    acceptances: Mapped[list[Acceptance]] = relationship(back_populates="agreement", lazy="raise")
    documents: Mapped[list["Document"]] = relationship(
        back_populates="agreement", lazy="raise", viewonly=True
    )

    @hybrid_property
    def awaiting_signature(self) -> bool:
        return self.status is AgreementStatus.ACTIVE and self.status_reason is AgreementStatusReason.PENDING

    @awaiting_signature.inplace.expression
    @classmethod
    def _awaiting_signature(cls) -> ColumnElement[bool]:
        # The database sees to it that what is pending is active. The literal lets the index serve of those
        # that are not so: a bound value would not tell SQLite that all rows sought are in there.
        return cls.status_reason == literal_column("'PENDING'")

    @hybrid_property
    def executed_key(self) -> date:
        """What agreements are ordered by: those without a date come last."""
        return self.executed_on or date.max

    @executed_key.inplace.expression
    @classmethod
    def _executed_key(cls) -> ColumnElement[date]:
        # The literal stands in the statement itself, or no index on the expression would be used.
        return func.coalesce(cls.executed_on, literal_column("'9999-12-31'", Date))

    @classmethod
    def pending(  # noqa: PLR0913 -- what an agreement is made of, by keyword
        cls,
        *,
        serial: int,
        account: Account,
        template: AgreementTemplate,
        provider_account: "ProviderAccount | None",
        origin: AgreementOrigin,
        name: str | None = None,
    ) -> "Agreement":
        """A new agreement that waits for its acceptance; version and link of the terms are frozen into it."""
        return cls(
            serial=serial,
            number=agreement_number(serial),
            name=name or default_name(template.name, account.name),
            account_id=account.id,
            template_id=template.id,
            provider_id=template.provider_id,
            provider_account_id=provider_account.id if provider_account else None,
            status=AgreementStatus.ACTIVE,
            status_reason=AgreementStatusReason.PENDING,
            template_version=template.version,
            agreement_link=template.agreement_link,
            origin=origin,
            sync_state=SyncState.NOT_APPLICABLE,
        )

    def accept(
        self, *, path: AcceptancePath, contact: Contact | None, agreed_on: date, by: str, now: datetime
    ) -> Acceptance | None:
        """Record that the customer accepted.

        Args:
            path: How the acceptance came about.
            contact: Who accepted; None only where the vendor names nobody.
            agreed_on: Calendar day in UTC, not later than `now`.
            by: The actor who records it.
            now: The instant of recording.

        Returns:
            The acceptance, to be stored; None when this very acceptance was recorded before.

        Raises:
            DomainError: AGREEMENT_INACTIVE, ALREADY_ACCEPTED, SIGNER_REQUIRED, EXECUTED_ON_IN_FUTURE.
        """
        self.require_active("agreementId")
        if self.status_reason is AgreementStatusReason.ACCEPTED:
            if (contact, agreed_on) == (self.signed_by, self.executed_on):
                return None
            raise DomainError(
                f"{self.number} was accepted on {self.executed_on}.",
                code=ErrorCode.ALREADY_ACCEPTED,
                field=("agreementId",),
                entity=self.id,
            )
        if contact is None and path is not AcceptancePath.DIRECT_AT_VENDOR:
            raise DomainError(
                "Who accepted the agreement?", code=ErrorCode.SIGNER_REQUIRED, field=("signedBy",)
            )
        require_past(agreed_on, now.date())
        self.status_reason = AgreementStatusReason.ACCEPTED
        self.executed_on, self.signed_by = agreed_on, contact
        if self.acceptance_request is not None:
            self.acceptance_request = replace(
                self.acceptance_request, status=AcceptanceRequestStatus.ACCEPTED, expires_at=None
            )
        self.event = AgreementEvent.ACCEPTED
        return Acceptance(
            agreement_id=self.id,
            path=path,
            contact=contact,
            agreed_on=agreed_on,
            recorded_at=now,
            recorded_by=by,
            template_id=self.template_id,
            template_version=self.template_version,
        )

    def deactivate(self, *, on: date, today: date, reason: str | None = None) -> bool:
        """End the agreement; repeating it changes nothing.

        Returns:
            Whether anything changed.

        Raises:
            DomainError: DATE_IN_FUTURE.
        """
        if on > today:
            raise DomainError(
                "An agreement ends today or has ended before.", code=ErrorCode.DATE_IN_FUTURE, field=("on",)
            )
        if self.status is AgreementStatus.INACTIVE:
            return False
        pending = self.status_reason is AgreementStatusReason.PENDING
        self._end(
            AgreementStatusReason.WITHDRAWN if pending else AgreementStatusReason.DEACTIVATED, on, reason
        )
        return True

    def supersede(self, *, on: date, by: "Agreement") -> None:
        """End an accepted agreement because one in a newer version of its terms was accepted.

        Raises:
            DomainError: INVALID unless this agreement is accepted and active.
        """
        if (self.status, self.status_reason) != (AgreementStatus.ACTIVE, AgreementStatusReason.ACCEPTED):
            raise DomainError(f"{self.number} is not in effect: nothing supersedes it.", entity=self.id)
        self._end(AgreementStatusReason.SUPERSEDED, on, f"Superseded by {by.number}.")

    def expire(self, *, on: date) -> None:
        """End a pending agreement whose template has expired.

        Raises:
            DomainError: INVALID unless this agreement is pending and active.
        """
        if not self.awaiting_signature:
            raise DomainError(f"{self.number} is not pending: it does not expire.", entity=self.id)
        self._end(AgreementStatusReason.EXPIRED, on, "Its template expired.")

    def reactivate(self, *, acceptance: Acceptance | None) -> None:
        """Bring a deactivated or withdrawn agreement back into force; what it waited for, it waits for again.

        Args:
            acceptance: The agreement's acceptance that still stands, if there is one.

        Raises:
            DomainError: NOT_REACTIVATABLE.
        """
        if self.status_reason not in {
            AgreementStatusReason.DEACTIVATED,
            AgreementStatusReason.WITHDRAWN,
        }:
            raise DomainError(
                f"{self.number} is {self.status_reason.value.lower()}: only a deactivated or withdrawn"
                " agreement can be brought back.",
                code=ErrorCode.NOT_REACTIVATABLE,
                field=("agreementId",),
                entity=self.id,
            )
        stands = self.status_reason is AgreementStatusReason.DEACTIVATED and acceptance is not None
        self.status = AgreementStatus.ACTIVE
        self.status_reason = AgreementStatusReason.ACCEPTED if stands else AgreementStatusReason.PENDING
        self.deactivated_on = self.deactivation_reason = None
        if self.sync_state is SyncState.NOT_APPLICABLE:
            self._wait_again()
        self.event = AgreementEvent.REACTIVATED

    def edit(self, changes: Mapping[str, object], *, today: date) -> None:
        """Fill in or correct what may still be changed; never accepts silently.

        Args:
            changes: New values by attribute: name, description, signed_by, executed_on, created_on. What
                is as it was counts as no change.
            today: The current UTC date.

        Raises:
            DomainError: INVALID, AGREEMENT_INACTIVE, SIGNATURE_LOCKED, EXECUTED_ON_IN_FUTURE.
        """
        changes = {key: value for key, value in changes.items() if getattr(self, key) != value}
        if changes.keys() - {"description"}:
            self.require_active("agreementId")
        if "name" in changes and not str(changes["name"] or "").strip():
            raise DomainError("An agreement needs a name.", field=("name",))
        if changes.get("executed_on") is not None:
            require_past(cast("date", changes["executed_on"]), today)
        if self.status_reason is AgreementStatusReason.ACCEPTED:
            self._keep_the_signature(changes)
        for attribute, value in changes.items():
            setattr(self, attribute, value)

    def require_active(self, *field: str) -> None:
        """Raises DomainError AGREEMENT_INACTIVE unless the agreement is in force or pending."""
        if self.status is not AgreementStatus.ACTIVE:
            raise DomainError(
                f"{self.number} is inactive ({self.status_reason.value.lower()}).",
                code=ErrorCode.AGREEMENT_INACTIVE,
                field=field,
                entity=self.id,
            )

    def _keep_the_signature(self, changes: Mapping[str, Any]) -> None:
        for attribute, name in (("signed_by", "signedBy"), ("executed_on", "executedOn")):
            present = getattr(self, attribute)
            if attribute in changes and present is not None:
                raise DomainError(
                    f"{self.number} is accepted: its signer and date stand.",
                    code=ErrorCode.SIGNATURE_LOCKED,
                    field=(name,),
                    entity=self.id,
                )

    def _wait_again(self) -> None:
        """Take up what `_end` ended: the request to the customer, or telling the provider.

        A provisioning's agreement is pending only while its provider has not confirmed. It is not told by
        itself, since the end may have been meant for good, but it can be pushed again.
        """
        request = self.acceptance_request
        if request is not None and request.status in _UNANSWERED:
            self.sync_state = SyncState.AWAITING_CUSTOMER
        elif (
            self.awaiting_signature
            and self.origin is AgreementOrigin.PROVISIONING
            and self.provider_account_id is not None
        ):
            self.sync_state = SyncState.PUSH_FAILED
            self.sync_error = "It was deactivated before the provider had confirmed it."

    def _end(self, reason: AgreementStatusReason, on: date, text_: str | None) -> None:
        self.status, self.status_reason = AgreementStatus.INACTIVE, reason
        self.deactivated_on, self.deactivation_reason = on, text_
        if self.sync_state is not SyncState.IN_SYNC:
            self.sync_state, self.sync_error = SyncState.NOT_APPLICABLE, None
        self.event = AgreementEvent.DEACTIVATED


def agreement_number(serial: int) -> str:
    return f"AGR-{serial:06d}"


def default_name(template_name: str, account_name: str) -> str:
    return f"{template_name} – {account_name}"  # noqa: RUF001 -- the dash that people see


def require_past(executed_on: date, today: date) -> None:
    """Raises DomainError EXECUTED_ON_IN_FUTURE when a day has not come yet in UTC."""
    if executed_on > today:
        raise DomainError(
            f"{executed_on} has not come yet (today is {today}, UTC).",
            code=ErrorCode.EXECUTED_ON_IN_FUTURE,
            field=("executedOn",),
        )
