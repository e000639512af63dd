"""Documents, for the write side, and what was begun to be stored for them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, exists, insert, select, update

from models import Document, DocumentUpload
from repositories.base import Repository


class DocumentRepository(Repository[Document]):
    model = Document

    async def get_kept(self, *, agreement_id: UUID, sha256: str) -> Document | None:
        """Read the agreement's document with this content, unless it was removed."""
        return await self._session.scalar(
            select(Document).where(
                Document.agreement_id == agreement_id,
                Document.sha256 == sha256,
                Document.removed_at.is_(None),
            )
        )

    async def begin_upload(self, document_id: UUID, begun_at: datetime) -> None:
        """Record that the document's content is about to be stored."""
        values = {"id": document_id, "begun_at": begun_at, "abandoned": False}
        await self._session.execute(insert(DocumentUpload).values(values))

    async def end_upload(self, document_id: UUID) -> bool:
        """Forget that the content was being stored; False if that is abandoned: it may be gone already."""
        ended = await self._session.scalar(
            delete(DocumentUpload)
            .where(DocumentUpload.id == document_id, DocumentUpload.abandoned.is_(False))
            .returning(DocumentUpload.id)
        )
        return ended is not None

    async def abandon_uploads(self, before: datetime, *, after: UUID | None, limit: int) -> Sequence[UUID]:
        """Abandon what was begun before the instant and is no document; `after` is the last id seen."""
        found = select(DocumentUpload.id).where(
            DocumentUpload.begun_at < before, ~exists().where(Document.id == DocumentUpload.id)
        )
        if after is not None:
            found = found.where(DocumentUpload.id > after)
        ids = (await self._session.scalars(found.order_by(DocumentUpload.id).limit(limit))).all()
        abandoned = await self._session.scalars(
            update(DocumentUpload)
            .where(DocumentUpload.id.in_(ids))
            .values(abandoned=True)
            .returning(DocumentUpload.id)
            .execution_options(synchronize_session=False)
        )
        return sorted(abandoned)  # those whose documents were not committed meanwhile

    async def forget_uploads(self, document_ids: Collection[UUID]) -> None:
        """Forget what was begun to be stored and is gone again; a few hundred at most."""
        await self._session.execute(
            delete(DocumentUpload)
            .where(DocumentUpload.id.in_(document_ids))
            .execution_options(synchronize_session=False)
        )
