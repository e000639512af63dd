"""Documents, for the write side and the sweep of what nobody refers to."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select

from models import Document
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

    async def list_known(self, document_ids: Collection[UUID]) -> set[UUID]:
        """Which of these, a few hundred at most, are documents: removed ones are."""
        return set(await self._session.scalars(select(Document.id).where(Document.id.in_(document_ids))))
