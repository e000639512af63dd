"""Inserts very many rows: sent as one JSON value, so that neither driver nor compiler touches each value."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, cast

import orjson
from sqlalchemy import (
    ColumnElement,
    FromClause,
    String,
    Table,
    Uuid,
    bindparam,
    column,
    func,
    literal_column,
    select,
    true,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.types import JSON

from models import Base

Row = dict[str, Any]

SENT: Final = "sent"
"""The parameter that takes the rows: what `as_json` makes of them."""

_KINDS: Final = 64


def table_of(entity: type[Base]) -> Table:
    return cast("Table", entity.__table__)


def as_json(rows: Sequence[Mapping[str, object]] | Mapping[str, object]) -> str:
    """Encode rows, all with the same columns, or one: text, numbers, ids, enumerations, lists."""
    return orjson.dumps(rows).decode()


def insert_into(dialect: str, entity: type[Base]) -> postgresql.Insert | sqlite.Insert:
    return (postgresql.insert if dialect == "postgresql" else sqlite.insert)(table_of(entity))


def insert_missing(dialect: str, entity: type[Base]) -> postgresql.Insert | sqlite.Insert:
    """Begin a statement that inserts what is not there yet, by its keys, and leaves what is."""
    return insert_into(dialect, entity).on_conflict_do_nothing()


@lru_cache(_KINDS)
def insert_sent(
    dialect: str, entity: type[Base], columns: tuple[str, ...], shared: tuple[str, ...] = ()
) -> postgresql.Insert | sqlite.Insert:
    """Make the statement that inserts all rows that are sent, in their order.

    A third of the time of an insert with a list of rows, and the more so the more columns are shared.

    Args:
        dialect: "postgresql" or "sqlite".
        entity: Where to.
        columns: What differs from row to row.
        shared: The columns that are the same in every row; each is a parameter of its name.
    """
    table = table_of(entity)
    sent = Sent(dialect, {name: table.c[name].type for name in columns})
    same = [bindparam(name, type_=table.c[name].type) for name in shared]
    # The condition is for SQLite's parser, which would take ON CONFLICT for a join.
    chosen = select(*(sent[name] for name in columns), *same).select_from(sent.rows).where(true())
    return insert_into(dialect, entity).from_select([*columns, *shared], chosen, include_defaults=False)


class Sent:
    """The rows that are sent, as a statement reads them.

    Attributes:
        rows: What to select from.
    """

    def __init__(self, dialect: str, columns: Mapping[str, Any]) -> None:
        """Say what is read of the rows: types by column."""
        self._is_sqlite, self._columns = dialect == "sqlite", columns
        sent = bindparam(SENT, type_=String())
        self.rows: FromClause
        if self._is_sqlite:
            self.rows = func.json_each(sent).table_valued("value", name=SENT)
        else:
            typed = [column(name, type_) for name, type_ in columns.items()]
            source = func.json_to_recordset(sql_cast(sent, JSON)).table_valued(*typed)
            self.rows = source.render_derived(name=SENT, with_types=True)

    def __getitem__(self, name: str) -> ColumnElement[Any]:
        if not self._is_sqlite:
            return self.rows.c[name]
        found = func.json_extract(self.rows.c.value, _path(name))
        # As SQLAlchemy stores ids there: without the hyphens that JSON has them with.
        return func.replace(found, "-", "") if isinstance(self._columns[name], Uuid) else found


def sent_lists(dialect: str) -> tuple[FromClause, FromClause]:
    """Read what is sent as lists of texts by key, so that SQLite parses no list twice.

    Returns:
        The lists, with `key`, and the elements of each, with `value`: to be joined to the lists.
    """
    sent = bindparam(SENT, type_=String())
    if dialect == "sqlite":
        lists = func.json_each(sent).table_valued("key", "value", name=SENT)
        return lists, func.json_each(lists.c.value).table_valued("value", name="element")
    lists = func.json_each(sql_cast(sent, JSON)).table_valued("key", "value", name=SENT)
    return lists, func.json_array_elements_text(lists.c.value).table_valued("value", name="element")


def _path(name: str) -> ColumnElement[str]:
    return literal_column(f"'$.{name}'", String())
