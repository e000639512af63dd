"""What a transaction changed: system fields filled in, one audit event an entity, the search index kept."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Connection, delete, insert
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import instance_state
from sqlalchemy.orm.base import NO_VALUE
from uuid_utils.compat import uuid7

from models import AgreementTag, Audited, AuditEvent, Base, SearchWord
from models.text import words
from repositories.rows import Row, insert_missing

_SYSTEM_FIELDS = frozenset({"created_at", "created_by", "updated_at", "updated_by", "revision"})
_UPDATED = "UPDATED"


@dataclass
class Change:
    """What became of one entity in the transaction so far; `before` holds changed columns as they were."""

    entity: Audited | AgreementTag
    type: str
    created: bool = False
    deleted: bool = False
    before: Row = field(default_factory=Row)
    beside: Row = field(default_factory=Row)

    @property
    def after(self) -> Row | None:
        """The changed columns as they are now; of a new entity all that are set, of a deleted one nothing."""
        if self.deleted:
            return None
        shown = self.before
        if self.created:
            shown = [key for key in _columns(self.entity) if key not in _SYSTEM_FIELDS]
        values = {key: getattr(self.entity, key) for key in shown if key not in self.beside} | self.beside
        return {key: value for key, value in values.items() if value is not None or not self.created}


@dataclass
class History:
    """Collects the changes of one transaction from its flushes, and writes what follows from them.

    An entity that is flushed several times still gives one event, from its first value to its last.
    """

    actor: str
    now: datetime
    request_id: str | None
    correlation_id: str | None
    changes: dict[tuple[object, ...], Change] = field(default_factory=dict[tuple[object, ...], Change])

    def before_flush(self, session: Session, *_: object) -> None:
        for entity in session.new:
            if isinstance(entity, Audited):
                entity.created_at = entity.updated_at = self.now
                entity.created_by = entity.updated_by = self.actor
            if isinstance(entity, Audited | AgreementTag):
                self._change(entity, entity.created_event, created=True)
        for entity in session.dirty:
            if isinstance(entity, Audited) and session.is_modified(entity):
                entity.updated_at, entity.updated_by = self.now, self.actor
                self.updated(entity, changed_columns(entity))
        for entity in session.deleted:
            if isinstance(entity, AgreementTag):
                change = self._change(entity, AgreementTag.deleted_event, created=False)
                change.deleted = True
                change.before.update({key: getattr(entity, key) for key in _columns(entity)})

    def write(self, connection: Connection) -> None:
        """Append the audit events and renew the index of what changed; call it after the last flush."""
        changes = list(self.changes.values())
        if changes:
            connection.execute(insert(AuditEvent), [self.event(change) for change in changes])
        _index(connection, changes)

    def row(
        self, entity: str, entity_id: UUID, type_: str, *, before: Row | None = None, after: Row | None = None
    ) -> Row:
        """Make a row of the audit trail; for what is written in bulk, past the session."""
        return {
            "id": uuid7(),
            "at": self.now,
            "actor": self.actor,
            "entity": entity,
            "entity_id": entity_id,
            "type": type_,
            "before": before,
            "after": after,
            "correlation_id": self.correlation_id,
            "request_id": self.request_id,
        }

    def updated(self, entity: Audited, changed: Row) -> Change:
        """Take up what was changed of an entity since the last time.

        Args:
            entity: Which.
            changed: Its `changed_columns`.
        """
        change = self._change(entity, _UPDATED, created=False)
        if not change.created:
            for key, old in changed.items():
                if key not in _SYSTEM_FIELDS:
                    change.before.setdefault(key, old)
        return change

    def event(self, change: Change) -> Row:
        """Make the row of the audit trail that tells of the change."""
        kind, entity_id = change.entity.audit_subject
        before = None if change.created else _jsonable(change.before)
        after = change.after
        after = None if after is None else _jsonable(after)
        return self.row(kind, entity_id, change.type, before=before, after=after)

    def _change(self, entity: Audited | AgreementTag, type_: str, *, created: bool) -> Change:
        key = (type(entity), *_identity(entity))
        change = self.changes.setdefault(key, Change(entity, type_, created=created))
        if isinstance(entity, Audited):
            if entity.event is not None and not change.created:
                change.type = entity.event
            for name, (before, after) in (entity.beside or {}).items():
                change.before.setdefault(name, before)
                change.beside[name] = after
        return change


def _columns(entity: Audited | AgreementTag) -> list[str]:
    return [attribute.key for attribute in instance_state(entity).mapper.column_attrs]


def _identity(entity: Audited | AgreementTag) -> tuple[UUID, ...]:
    if isinstance(entity, AgreementTag):
        return entity.billing_contract_id, entity.agreement_id
    return (entity.id,)


def changed_columns(entity: Base) -> Row:
    """The columns that were given another value since the entity was read or flushed, as they were then."""
    state = instance_state(entity)
    columns = state.mapper.column_attrs
    return {
        key: old
        for key, old in state.committed_state.items()
        if key in columns and old is not NO_VALUE and old != state.dict.get(key)
    }


def search_words(kind: str, entity_id: UUID, texts: Sequence[str | None]) -> list[Row]:
    """Make the index rows of an entity from its searched texts."""
    return [{"kind": kind, "word": word, "entity_id": entity_id} for word in _words(texts)]


@dataclass(frozen=True)
class Reindexed:
    """Which words the index loses, and which it gains, by a change of one entity."""

    gone: Sequence[str]
    come: Sequence[str]

    @classmethod
    def by(cls, change: Change) -> "Reindexed":
        entity = change.entity
        searched = entity.searched if isinstance(entity, Audited) else ()
        if not (change.created or change.before.keys() & set(searched)):
            return cls((), ())
        before = {} if change.created else change.before
        kept = _words(getattr(entity, key) for key in searched if key not in before and not change.created)
        old = _words(before[key] for key in searched if key in before)
        new = _words(getattr(entity, key) for key in searched if key in before or change.created)
        return cls(
            [each for each in old if each not in new and each not in kept],
            [each for each in new if each not in old and each not in kept],
        )


def _words(texts: Iterable[str | None]) -> Mapping[str, None]:
    """The words of the texts that there are, each once, in order of appearance."""
    return dict.fromkeys(word for text in texts if text for word in words(text))


def _index(connection: Connection, changes: Sequence[Change]) -> None:
    """Renew the words of the entities whose searched columns changed, in one insert for all of them."""
    rows: list[Row] = []
    for change in changes:
        kind, entity_id = type(change.entity).__name__, _identity(change.entity)[0]
        words_ = Reindexed.by(change)
        if words_.gone:
            connection.execute(
                delete(SearchWord).where(
                    SearchWord.kind == kind,
                    SearchWord.entity_id == entity_id,
                    SearchWord.word.in_(words_.gone),
                )
            )
        rows += [{"kind": kind, "word": word, "entity_id": entity_id} for word in words_.come]
    if rows:
        connection.execute(insert_missing(connection.dialect.name, SearchWord), rows)


def _jsonable(values: Mapping[str, object]) -> Row:
    return {key: _plain(value) for key, value in values.items()}


def _plain(value: object) -> object:
    if isinstance(value, date):  # instants too
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    return value
