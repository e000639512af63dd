"""What is written beside the entities: audit events, idempotency records, the search index."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import JSON_VALUE, KEY_TEXT, Base, Entity


class AuditEvent(Entity):
    """That an entity changed: by whom, how, and in the course of what. Appended, never changed.

    `before` and `after` hold the changed columns only; `before` is null for a creation. `sequence` and
    `hash` stay null until the event is sealed.
    """

    __tablename__ = "audit_events"
    __table_args__ = (
        Index(None, "entity", "entity_id", "id"),
        Index(None, "entity", "id"),
        Index(None, "correlation_id"),
    )

    at: Mapped[datetime]
    actor: Mapped[str]
    entity: Mapped[str] = mapped_column(KEY_TEXT)
    entity_id: Mapped[UUID]
    type: Mapped[str]
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON_VALUE)
    after: Mapped[dict[str, Any] | None] = mapped_column(JSON_VALUE)
    correlation_id: Mapped[str | None]
    request_id: Mapped[str | None]
    sequence: Mapped[int | None] = mapped_column(unique=True)
    hash: Mapped[str | None]


class IdempotencyRecord(Base):
    """That a creating mutation was done once under a key: what it made, never what it answered."""

    __tablename__ = "idempotency_records"
    __table_args__ = (Index(None, "created_at"),)

    actor: Mapped[str] = mapped_column(primary_key=True)
    mutation: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    input_hash: Mapped[str]
    made: Mapped[dict[str, str]] = mapped_column(JSON_VALUE)
    created_at: Mapped[datetime]


class SearchWord(Base):
    """One folded word of one entity; a search is a range over words that begin with what was typed."""

    __tablename__ = "search_words"
    __table_args__ = (Index(None, "kind", "entity_id"),)

    kind: Mapped[str] = mapped_column(KEY_TEXT, primary_key=True)
    word: Mapped[str] = mapped_column(KEY_TEXT, primary_key=True)
    entity_id: Mapped[UUID] = mapped_column(primary_key=True)
