"""Inserts very many rows: sent as one JSON value, so that neither driver nor compiler touches each value."""

import json
from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any, cast

from sqlalchemy import Table, column, func, literal, select, true
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.types import JSON

from models import Base

Row = dict[str, Any]


def insert_rows(
    dialect: str, entity: type[Base], rows: Sequence[Row], shared: Mapping[str, object]
) -> postgresql.Insert | sqlite.Insert:
    """Make one statement that inserts all the rows, in their order.

    A third of the time of an insert with a list of rows, and the more so the more columns are shared.

    Args:
        dialect: "postgresql" or "sqlite".
        entity: Where to.
        rows: What differs, at least one row, all with the same columns: text, numbers, ids, JSON.
        shared: The columns that are the same in every row: any value.
    """
    table = cast("Table", entity.__table__)
    sent = literal(json.dumps(rows, default=attrgetter("hex"), ensure_ascii=False))
    constants = [literal(value, table.c[name].type) for name, value in shared.items()]
    names = [*rows[0]]
    if dialect == "postgresql":
        typed = [column(name, table.c[name].type) for name in names]
        source = func.json_to_recordset(sql_cast(sent, JSON))
        derived = source.table_valued(*typed).render_derived(name="sent", with_types=True)
        values = [derived.c[name] for name in names]
        chosen = select(*values, *constants)
        return postgresql.insert(table).from_select([*names, *shared], chosen)
    each = func.json_each(sent).table_valued("value")
    extracted = [func.json_extract(each.c.value, f"$.{name}") for name in names]
    # The condition is for SQLite's parser, which would take ON CONFLICT for a join.
    chosen = select(*extracted, *constants).where(true())
    return sqlite.insert(table).from_select([*names, *shared], chosen)


def insert_missing(dialect: str, entity: type[Base]) -> postgresql.Insert | sqlite.Insert:
    """Begin a statement that inserts what is not there yet, by its keys, and leaves what is."""
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return insert(cast("Table", entity.__table__)).on_conflict_do_nothing()
