"""Agreement templates: a kind and version of a provider's terms."""

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from models.base import KEY_TEXT, Audited, Named, text_enum
from models.enums import AgreementTemplateKind, AgreementTemplateStatus
from models.errors import DomainError, ErrorCode
from models.provider import Provider

if TYPE_CHECKING:
    from models.agreement import Agreement

MICROSOFT_CUSTOMER_AGREEMENT_ID = "117a77b0-9360-443b-8795-c6dedc750cf9"
MICROSOFT_CLOUD_AGREEMENT_ID = "998b88de-aa99-4388-a42c-1b3517d49490"

_KINDS = {
    MICROSOFT_CUSTOMER_AGREEMENT_ID: AgreementTemplateKind.MICROSOFT_CUSTOMER_AGREEMENT,
    MICROSOFT_CLOUD_AGREEMENT_ID: AgreementTemplateKind.MICROSOFT_CLOUD_AGREEMENT,
}


def template_kind(template_id: str) -> AgreementTemplateKind:
    """The kind of terms that a provider's template id stands for; the id alone decides it."""
    return _KINDS.get(template_id.casefold(), AgreementTemplateKind.CUSTOM)


def checked_link(link: str | None, *field: str) -> str | None:
    """A link to terms, or None; raises DomainError INVALID_URL unless it is http or https with a host."""
    link = (link or "").strip()
    if not link:
        return None
    try:
        parts = urlsplit(link)
        valid = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        valid = False
    if not valid or any(character.isspace() for character in link):
        raise DomainError(
            f"«{link}» is not an http or https address.", code=ErrorCode.INVALID_URL, field=field
        )
    return link


class AgreementTemplate(Named, Audited):
    """Terms that customers accept, in one version."""

    __tablename__ = "agreement_templates"
    __table_args__ = (
        UniqueConstraint("provider_id", "template_id", "version"),
        UniqueConstraint("id", "provider_id"),
        Index(None, "name_fold", "id"),
        Index(None, "created_at", "id"),
        Index(None, "status", "id"),
        Index(None, "provider_id", "id"),
    )
    searched: ClassVar = ("name", "template_id")

    provider_id: Mapped[UUID] = mapped_column(ForeignKey("providers.id"))
    template_id: Mapped[str] = mapped_column(KEY_TEXT)
    version: Mapped[str] = mapped_column(KEY_TEXT, default="1")
    kind: Mapped[AgreementTemplateKind] = mapped_column(text_enum(AgreementTemplateKind))
    status: Mapped[AgreementTemplateStatus] = mapped_column(
        text_enum(AgreementTemplateStatus), default=AgreementTemplateStatus.ACTIVE
    )
    effective_on: Mapped[date | None]
    expires_on: Mapped[date | None]
    agreement_link: Mapped[str | None]
    display_inline: Mapped[bool] = mapped_column(default=False)
    portal_instructions: Mapped[str | None]
    is_default: Mapped[bool] = mapped_column(default=False)
    supersedes_id: Mapped[UUID | None] = mapped_column(ForeignKey("agreement_templates.id"), index=True)

    provider: Mapped[Provider] = relationship(lazy="raise")
    supersedes: Mapped["AgreementTemplate | None"] = relationship(
        remote_side="AgreementTemplate.id", lazy="raise"
    )
    agreements: Mapped[list["Agreement"]] = relationship(
        back_populates="template",
        primaryjoin="AgreementTemplate.id == Agreement.template_id",
        foreign_keys="Agreement.template_id",
        lazy="raise",
        viewonly=True,
    )

    @validates("template_id")
    def _derive_the_kind(self, _key: str, value: str) -> str:
        self.kind = template_kind(value)
        return value

    def set_period(self, effective_on: date | None, expires_on: date | None) -> None:
        """Say when the terms may be entered into; raises DomainError DATES_REVERSED."""
        if effective_on and expires_on and expires_on < effective_on:
            raise DomainError(
                "A template cannot expire before it takes effect.",
                code=ErrorCode.DATES_REVERSED,
                field=("expiresOn",),
            )
        self.effective_on, self.expires_on = effective_on, expires_on

    @property
    def acceptable_since(self) -> date | None:
        """The first day on which anybody can have accepted this version; None where it may be any day.

        A version that follows another and says nothing of its own day was not there before it was entered.
        """
        if self.effective_on is not None or self.supersedes_id is None:
            return self.effective_on
        return self.created_at.date()

    def is_expired(self, today: date) -> bool:
        return self.expires_on is not None and self.expires_on < today

    def in_date(self, today: date) -> bool:
        return not self.is_expired(today) and (self.effective_on is None or self.effective_on <= today)

    def require_usable(self, today: date, *field: str) -> None:
        """Raises DomainError TEMPLATE_INACTIVE or TEMPLATE_EXPIRED unless new agreements may use it.

        Terms that are not in effect yet are refused as inactive.
        """
        if self.status is not AgreementTemplateStatus.ACTIVE:
            raise DomainError(
                f"Template «{self.name}» is inactive.", code=ErrorCode.TEMPLATE_INACTIVE, field=field
            )
        if self.is_expired(today):
            raise DomainError(
                f"Template «{self.name}» expired on {self.expires_on}.",
                code=ErrorCode.TEMPLATE_EXPIRED,
                field=field,
            )
        if not self.in_date(today):
            raise DomainError(
                f"Template «{self.name}» takes effect on {self.effective_on}.",
                code=ErrorCode.TEMPLATE_INACTIVE,
                field=field,
            )


def microsoft_templates(provider_id: UUID) -> Sequence[AgreementTemplate]:
    """Make the terms that every provider reached through Partner Center has from the start."""

    def made(name: str, template_id: str, status: AgreementTemplateStatus, link: str) -> AgreementTemplate:
        return AgreementTemplate(
            provider_id=provider_id,
            name=name,
            template_id=template_id,
            status=status,
            agreement_link=link,
            is_default=True,
        )

    return (
        made(
            "Microsoft Customer Agreement",
            MICROSOFT_CUSTOMER_AGREEMENT_ID,
            AgreementTemplateStatus.ACTIVE,
            "https://aka.ms/customeragreement",
        ),
        # Microsoft takes no new ones: it is here for the agreements that customers still have.
        made(
            "Microsoft Cloud Agreement",
            MICROSOFT_CLOUD_AGREEMENT_ID,
            AgreementTemplateStatus.INACTIVE,
            "https://docs.microsoft.com/partner-center/agreements",
        ),
    )
