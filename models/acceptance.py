"""Acceptances: that a customer said yes, by which path, to which version; appended, never changed."""

from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, text
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, composite, mapped_column, relationship

from models.base import Entity, text_enum
from models.enums import AcceptancePath
from models.values import Contact

if TYPE_CHECKING:
    from models.agreement import Agreement

_CURRENT = text("voided_by_id IS NULL")


class Acceptance(Entity):
    """The evidence that a customer accepted an agreement; at most one of an agreement is not voided."""

    __tablename__ = "acceptances"
    __table_args__ = (
        Index(None, "agreement_id", "id"),
        Index(
            "uq_acceptances_current",
            "agreement_id",
            unique=True,
            sqlite_where=_CURRENT,
            postgresql_where=_CURRENT,
        ),
        CheckConstraint("path = 'DIRECT_AT_VENDOR' OR email IS NOT NULL", name="names_a_person"),
    )

    agreement_id: Mapped[UUID] = mapped_column(ForeignKey("agreements.id"))
    path: Mapped[AcceptancePath] = mapped_column(text_enum(AcceptancePath))
    contact: Mapped[Contact | None] = composite(
        mapped_column("first_name", nullable=True),
        mapped_column("last_name", nullable=True),
        mapped_column("email", nullable=True),
        mapped_column("phone", nullable=True),
    )
    agreed_on: Mapped[date]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]
    template_id: Mapped[UUID] = mapped_column(ForeignKey("agreement_templates.id"))
    template_version: Mapped[str]
    external_ref: Mapped[str | None]
    voided_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("acceptances.id"))

    agreement: Mapped["Agreement"] = relationship(back_populates="acceptances", lazy="raise")

    @hybrid_property
    def voided(self) -> bool:
        return self.voided_by_id is not None

    @voided.inplace.expression
    @classmethod
    def _voided(cls) -> ColumnElement[bool]:
        return cls.voided_by_id.is_not(None)
