"""The statements that read one entity and write its changes past the session, each made ready once."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

import orjson
from sqlalchemy import (
    CTE,
    JSON,
    BindParameter,
    ClauseElement,
    ColumnElement,
    Delete,
    Dialect,
    FromClause,
    Insert,
    Select,
    String,
    Update,
    bindparam,
    delete,
    exists,
    func,
    insert,
    inspect,
    select,
    true,
    update,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm.attributes import instance_state

from models import Audited, AuditEvent, SearchWord
from repositories.alone.compiled import Compiled, Values, result_processors
from repositories.history import Reindexed
from repositories.rows import Row, insert_missing, table_of

E = TypeVar("E", bound=Audited)

_EVENTS, _WORDS = table_of(AuditEvent), table_of(SearchWord)
_EVENT: Final[Mapping[str, str]] = {
    "id": "event",
    "at": "set_updated_at",
    "actor": "set_updated_by",
    "entity": "kind",
    "entity_id": "entity",
    "type": "type",
    "before": "before",
    "after": "after",
    "correlation_id": "correlation",
    "request_id": "request",
}
"""Where the values of an audit event come from, by column; each value is sent once."""

_LISTS: Final = ("gone", "come")
_SYSTEM_COLUMNS: Final = ("updated_at", "updated_by", "revision")
_KINDS_OF_CHANGE: Final = 512
"""More than the combinations of columns that mutations change."""


class Reading(Generic[E]):
    """How one entity is read by its id, with all its other columns."""

    def __init__(self, model: type[E], dialect: Dialect) -> None:
        mapper = inspect(model)
        read = [attribute for attribute in mapper.column_attrs if attribute.key != "id"]
        columns = [attribute.columns[0] for attribute in read]
        self._mapper, self._keys = mapper, [attribute.key for attribute in read]
        self._processors = result_processors(columns, dialect)
        self._statement = Compiled(select(*columns).where(table_of(model).c.id == bindparam("id")), dialect)

    @property
    def text(self) -> str:
        return self._statement.text

    def values(self, entity_id: UUID) -> Values:
        return self._statement.values({"id": entity_id})

    def entity(self, entity_id: UUID, row: Sequence[Any]) -> E:
        """Make the entity as a session would that has just read it; no session has it."""
        values = [*row]
        for place, process in self._processors:
            values[place] = process(values[place])
        entity: E = self._mapper.class_manager.new_instance()
        state = instance_state(entity)
        state.dict.update(zip(self._keys, values, strict=True), id=entity_id)
        state.key = self._mapper.identity_key_from_primary_key((entity_id,))
        return entity


class Writing:
    """How the changes of some columns of one entity are written, with all that follows from them.

    The first of the statements gives or touches one row if the entity had the revision that was read, none
    if not; then nothing may be written.
    """

    def __init__(
        self, model: type[Audited], columns: Sequence[str], dialect: Dialect, *, indexed: bool
    ) -> None:
        columns = [*columns, *_SYSTEM_COLUMNS]
        self._set, self._indexed = [(each, f"set_{each}") for each in columns], indexed
        of_one = _postgresql if dialect.name == "postgresql" else _sqlite
        self._statements = [Compiled(each, dialect) for each in of_one(model, columns, indexed=indexed)]

    def bound(self, entity: Audited, event: Row, index: Reindexed) -> Sequence[tuple[str, Values]]:
        """Bind the statements to a change: texts and values, in the order of their execution.

        Args:
            entity: As it is after the change, with its new revision.
            event: The row of the audit trail.
            index: The words that come and go.
        """
        given: Row = {
            "entity": event["entity_id"],
            "kind": event["entity"],
            "read_revision": entity.revision - 1,
            "event": event["id"],
            "type": event["type"],
            "before": _json(event["before"]),
            "after": _json(event["after"]),
            "correlation": event["correlation_id"],
            "request": event["request_id"],
        }
        for column, name in self._set:
            given[name] = getattr(entity, column)
        if self._indexed:
            given |= {"gone": _json(index.gone), "come": _json(index.come)}
        return [(each.text, each.values(given)) for each in self._statements]


@lru_cache(_KINDS_OF_CHANGE)
def reading_of(model: type[E], dialect: Dialect) -> Reading[E]:
    return Reading(model, dialect)


@lru_cache(_KINDS_OF_CHANGE)
def writing_of(model: type[Audited], columns: tuple[str, ...], dialect: Dialect, *, indexed: bool) -> Writing:
    return Writing(model, columns, dialect, indexed=indexed)


def _postgresql(model: type[Audited], columns: Sequence[str], *, indexed: bool) -> Sequence[ClauseElement]:
    """Make one statement of everything, which is a transaction of its own: it writes all or nothing."""
    table = table_of(model)
    changed = _update(model, columns).returning(table.c.revision).cte("changed")
    parts: list[CTE] = [
        _record(select(*_event(lambda text: sql_cast(text, JSONB))).select_from(changed)).cte("recorded")
    ]
    if indexed:
        gone, come = (
            func.json_array_elements_text(sql_cast(_text(name), JSON)).table_valued("value")
            for name in _LISTS
        )
        parts.append(_forget(gone).where(exists().select_from(changed)).cte("forgotten"))
        parts.append(_remember("postgresql", come, changed).cte("remembered"))
    return [select(changed.c.revision).add_cte(*parts)]


def _sqlite(model: type[Audited], columns: Sequence[str], *, indexed: bool) -> Sequence[ClauseElement]:
    id_, *others = _event(lambda text: text)
    # Given where it is written, so that ids ascend in the order of commits: who follows relies on that.
    event = select(func.uuid7().label(id_.key), *others)
    statements: list[ClauseElement] = [_update(model, columns), _record(event)]
    if indexed:
        gone, come = (func.json_each(_text(name)).table_valued("value") for name in _LISTS)
        statements += [_forget(gone), _remember("sqlite", come)]
    return statements


def _update(model: type[Audited], columns: Sequence[str]) -> Update:
    table = table_of(model)
    as_read = (table.c.id == bindparam("entity"), table.c.revision == bindparam("read_revision"))
    return update(table).where(*as_read).values({key: bindparam(f"set_{key}") for key in columns})


def _event(as_json: Callable[[ColumnElement[str]], ColumnElement[Any]]) -> Sequence[ColumnElement[Any]]:
    return [
        as_json(_text(name)) if key in {"before", "after"} else bindparam(name, type_=_EVENTS.c[key].type)
        for key, name in _EVENT.items()
    ]


def _record(event: Select[Any]) -> Insert:
    return insert(_EVENTS).from_select([*_EVENT], event, include_defaults=False)


def _forget(gone: FromClause) -> Delete:
    return delete(_WORDS).where(
        _WORDS.c.kind == bindparam("kind"),
        _WORDS.c.entity_id == bindparam("entity"),
        _WORDS.c.word.in_(select(gone.c.value)),
    )


def _remember(dialect: str, come: FromClause, *where: FromClause) -> Insert:
    kind, entity = (
        bindparam(n, type_=_WORDS.c[c].type) for n, c in (("kind", "kind"), ("entity", "entity_id"))
    )
    # The condition is for SQLite's parser, which would take ON CONFLICT for a join.
    rows = select(kind, come.c.value, entity).select_from(come, *where).where(true())
    return insert_missing(dialect, SearchWord).from_select(("kind", "word", "entity_id"), rows)


def _text(name: str) -> BindParameter[str]:
    return bindparam(name, type_=String())


def _json(value: object) -> str | None:
    return None if value is None else orjson.dumps(value).decode()
