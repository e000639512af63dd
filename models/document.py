"""Documents: files attached to an agreement, of which the content never changes."""

from datetime import datetime
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from models.base import Audited, Entity, text_enum
from models.enums import DocumentKind
from models.errors import DomainError, ErrorCode

if TYPE_CHECKING:
    from models.agreement import Agreement

_KEPT = text("removed_at IS NULL")


class Document(Audited):
    """A file that belongs to an agreement; removed, it is hidden but kept.

    What it holds is stored under its id, elsewhere: here are the digest to know it by, and what it is.
    """

    __tablename__ = "documents"
    __table_args__ = (
        Index(None, "agreement_id", "id"),
        Index(
            "uq_documents_kept",
            "agreement_id",
            "sha256",
            unique=True,
            sqlite_where=_KEPT,
            postgresql_where=_KEPT,
        ),
        CheckConstraint("size > 0", name="is_not_empty"),
    )
    created_event: ClassVar = "ATTACHED"

    agreement_id: Mapped[UUID] = mapped_column(ForeignKey("agreements.id"))
    file_name: Mapped[str]
    content_type: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    kind: Mapped[DocumentKind] = mapped_column(text_enum(DocumentKind))
    visible_to_customer: Mapped[bool]
    note: Mapped[str | None]
    removed_at: Mapped[datetime | None]

    agreement: Mapped["Agreement"] = relationship(back_populates="documents", lazy="raise")

    @validates("agreement_id", "file_name", "content_type", "size", "sha256")
    def _keep(self, key: str, value: object) -> object:
        if getattr(self, key) not in {None, value}:
            raise AttributeError(f"The {key} of a document never changes.")
        return value

    def remove(self, *, now: datetime) -> bool:
        """Take the document off its agreement; repeating it changes nothing.

        Returns:
            Whether anything changed.

        Raises:
            DomainError: DOCUMENT_IS_EVIDENCE.
        """
        if self.removed_at is not None:
            return False
        if self.kind is DocumentKind.EVIDENCE:
            raise DomainError(
                f"«{self.file_name}» is evidence of an acceptance: it stays.",
                code=ErrorCode.DOCUMENT_IS_EVIDENCE,
                field=("documentId",),
                entity=self.id,
            )
        self.removed_at = now
        self.event = "REMOVED"
        return True


class DocumentUpload(Entity):
    """That the content of a document with this id is being stored, or was in vain.

    It is there before the content is, and goes with the commit of the document. Once it is abandoned, the
    document is not committed any more.
    """

    __tablename__ = "document_uploads"
    __table_args__ = (Index(None, "begun_at"),)

    begun_at: Mapped[datetime]
    abandoned: Mapped[bool]
