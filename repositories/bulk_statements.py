"""The statements of bulk creation, each made once: new agreements, and what follows from them."""

from functools import lru_cache
from typing import Any, Final

from sqlalchemy import ColumnElement, String, Uuid, bindparam, func, select, text, true
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert
from sqlalchemy.types import JSON

from models import Agreement, AuditEvent, JobItem, SearchWord
from repositories.rows import Sent, insert_into, insert_sent, table_of

Insert = postgresql.Insert | sqlite.Insert

OWN: Final = ("id", "name", "name_fold", "serial", "number", "account_id", "provider_account_id")
"""What differs from one new agreement to the next."""

EVENT_ID: Final = "event_id"
WORDS: Final = "words"
SHOWN: Final = "shown"
"""What is sent beside."""

_SAME_OF_EVENTS: Final = ("at", "actor", "entity", "type", "correlation_id", "request_id")

# The partial unique index that lets parallel runs make each agreement once.
_ACTIVE_AT_PROVIDER: Final = text("status = 'ACTIVE' AND provider_account_id IS NOT NULL")


@lru_cache
def insert_agreements(dialect: str, shared: tuple[str, ...]) -> ReturningInsert[int]:
    """Insert the agreements for which there is no active one; gives the serials of those."""
    return (
        insert_sent(dialect, Agreement, OWN, shared)
        .on_conflict_do_nothing(
            index_elements=["provider_account_id", "template_id"], index_where=_ACTIVE_AT_PROVIDER
        )
        .returning(Agreement.serial)
    )


@lru_cache
def insert_events(dialect: str) -> Insert:
    """Record new agreements: what each has of its own, and with it `SHOWN`, what all have in common."""
    own = {name: _as_shown(name) for name in OWN}
    sent = Sent(dialect, {EVENT_ID: Uuid(), **own})
    mine = [part for name in OWN for part in (name, sent.text(name))]
    same = bindparam(SHOWN, type_=String())
    after: ColumnElement[Any]
    if dialect == "sqlite":
        after = func.json_patch(same, func.json_object(*mine))
    else:
        after = sql_cast(same, postgresql.JSONB).op("||")(func.jsonb_build_object(*mine))
    table = table_of(AuditEvent)
    entity_id = sql_cast(sent["id"], Uuid()) if dialect == "postgresql" else func.replace(sent["id"], "-", "")
    constants = [bindparam(name, type_=table.c[name].type) for name in _SAME_OF_EVENTS]
    chosen = select(sent[EVENT_ID], entity_id, after, *constants).select_from(sent.rows)
    names = ["id", "entity_id", "after", *_SAME_OF_EVENTS]
    return insert_into(dialect, AuditEvent).from_select(names, chosen, include_defaults=False)


@lru_cache
def insert_words(dialect: str) -> Insert:
    """Index new agreements by the words that each is sent with."""
    sent = Sent(dialect, {"id": Uuid(), WORDS: JSON()})
    word = sent.elements(WORDS)
    kind = bindparam("kind", type_=table_of(SearchWord).c.kind.type)
    chosen = select(kind, word.c.value, sent["id"]).select_from(sent.rows.join(word, true()))
    return insert_into(dialect, SearchWord).from_select(["kind", "word", "entity_id"], chosen)


def insert_items(dialect: str) -> Insert:
    columns = ("id", "key", "outcome", "reason", "agreement_id", "provider_account_id")
    return insert_sent(dialect, JobItem, columns, ("job_id",))


def _as_shown(name: str) -> Any:  # noqa: ANN401  # a column's type
    """Ids are shown as text in the audit trail; the rest is what it is."""
    type_ = table_of(Agreement).c[name].type
    return String() if isinstance(type_, Uuid) else type_
