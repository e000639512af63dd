"""The SQL of a level: conditions, orders and pages of the ordinary path, columns as they are selected."""

# pyright: standard
# Not strict: SQLAlchemy's expressions are dynamic.
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Date, Dialect, Select, Text, and_, bindparam, cast, func, select, true
from sqlalchemy.types import Uuid

from graph.binding import Association
from graph.compiler.outputs import Anomaly, decoder
from graph.compiler.plan import Cell, Level
from graph.dynamic import Alias, Value
from graph.paging import Request
from graph.source import Query
from graph.statements import (
    KEYS,
    Statement,
    alias_of,
    among,
    cut,
    id_of,
    key_list,
    link_type,
    linked,
    nested_counts,
    place_of,
    root_count,
    rows,
    scope,
)

Attribute = Callable[[str], ColumnElement[Any]]
"""An attribute of the level's own row, where the outer select has it."""


@dataclass(frozen=True, eq=False)
class Written:
    """A statement as the driver takes it: with the keys that it is asked for at `keys`, if any are."""

    text: str
    parameters: tuple[Any, ...]
    keys: int | None

    def query(self, keys: object = None) -> Query:
        if self.keys is None:
            return Query(self.text, self.parameters)
        return Query(self.text, (*self.parameters[: self.keys], keys, *self.parameters[self.keys + 1 :]))


def write(statement: Statement, dialect: Dialect) -> Written:
    """Put a statement into words; values other than keys become its parameters."""
    compiled: Any = statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
    names: Sequence[str] = compiled.positiontup or ()
    values: list[Any] = []
    for name in names:
        # The values of a list are numbered after it.
        bind = compiled.binds[name if name in compiled.binds else name.rpartition("_")[0]]
        convert = bind.type.dialect_impl(dialect).bind_processor(dialect)
        value = compiled.params[name]
        if isinstance(value, datetime) and value.replace(tzinfo=None) == datetime.max:  # noqa: DTZ901  # none here
            raise Anomaly(name)  # of which asyncpg makes infinity
        values.append(convert(value) if convert and name != KEYS else value)
    return Written(str(compiled), tuple(values), names.index(KEYS) if KEYS in names else None)


def raw_key(key: Value, dialect: Dialect) -> Value:
    """A key as rows have it in their cells."""
    if not isinstance(key, UUID):
        return key
    return key.hex if dialect.name == "sqlite" else str(key)


def raw_keys(keys: list[Any], dialect: Dialect) -> str:
    """The parameter for many keys: one text, which databases take apart more quickly than drivers a list."""
    if dialect.name == "sqlite":
        return json.dumps(keys)
    return f"{{{','.join(map(str, keys))}}}"


def decoders(request: Request, dialect: Dialect) -> tuple[Callable[[Any], Any] | None, ...]:
    """What makes the values of cursors of those of the order's columns."""
    types = [getattr(request.binding.model, key.attribute).type for key in request.keys]
    return tuple(_decoder(each, dialect) for each in types)


def row_statement(level: Level, caller: object, dialect: Dialect) -> Statement:
    """The level's rows by their keys, or by the one key there is."""
    binding = level.binding
    alias = alias_of(binding.model)
    key = id_of(binding, alias)
    wanted = key == bindparam(KEYS, None, type_=key.type) if level.one else among(key, None, dialect)
    statement = rows(binding, alias, caller).where(wanted)
    return _with_cells(statement, level, lambda name: getattr(alias, name), caller, dialect)


def page_statement(level: Level, request: Request, caller: object, dialect: Dialect) -> Statement:
    """The level's pages: cells, the place of the parent's key unless on the root, the keys of cursors."""
    more = bool(level.facts & {"has_next", "has_previous"})
    binding, page = request.binding, request.page
    alias = alias_of(binding.model)
    if page.link is None:
        statement = cut(rows(binding, alias, caller), alias, request, caller, more=more)
        return _with_cells(statement, level, lambda name: getattr(alias, name), caller, dialect, request)
    keys = key_list(None, link_type(page), dialect)
    inner = alias_of(binding.model, "inner")
    if dialect.name == "postgresql":
        names = _own(level, request)
        ids = rows(binding, inner, caller, *(getattr(inner, name).label(name) for name in names))
    else:
        ids = rows(binding, inner, caller, id_of(binding, inner))
    if dialect.name == "sqlite" and _is_in_between(request, caller):
        ids = _ids_in_between(request, keys.c.value, more=more).correlate(keys)
    else:
        ids, link = linked(ids, binding, inner, page)
        ids = ids.where(link == keys.c.value)
        ids = cut(ids, inner, request, caller, linked_on=dialect, more=more).correlate(keys)
    if dialect.name == "postgresql":
        lateral = ids.lateral("page")
        own: Attribute = lambda name: lateral.c[name]  # noqa: E731  # one of two
        source = keys.join(lateral, true())
    else:
        own = lambda name: getattr(alias, name)  # noqa: E731  # the other
        source = keys.join(alias, id_of(binding, alias).in_(ids))
    statement = select().select_from(source)
    directions = [key.descending is not request.backward for key in request.keys]
    order = [own(key.attribute) for key in request.keys]
    statement = statement.order_by(
        *(each.desc() if down else each.asc() for each, down in zip(order, directions, strict=True))
    )
    return _with_cells(statement, level, own, caller, dialect, request, place_of(keys, dialect))


def _is_in_between(request: Request, caller: object) -> bool:
    """Whether the table of a many-to-many relationship says by itself which rows a page has."""
    binding = request.binding
    bounds = request.conditions or request.after is not None or request.before is not None
    by_key = [key.attribute for key in request.keys] == list(binding.key)
    seen = scope(binding, alias_of(binding.model), caller)
    return isinstance(request.page.link, Association) and by_key and not bounds and seen is None


def _ids_in_between(request: Request, parent: ColumnElement[Any], *, more: bool) -> Statement:
    """Such a page; SQLite would look each row up in its own table, to find the id that it began with."""
    link: Any = request.page.link
    between = link.table.alias()
    child = between.c[link.child.key]
    down = request.keys[0].descending is not request.backward
    ids = select(child).where(between.c[link.parent.key] == parent)
    return ids.order_by(child.desc() if down else child.asc()).limit(request.size + more)


def count_statement(request: Request, caller: object, dialect: Dialect) -> Statement:
    """How many rows there are: one number, or (parent's key, number) for each parent that has any."""
    if request.page.link is None:
        return root_count(request, caller)
    statement = nested_counts(request, None, caller, dialect)
    parent = next(iter(statement.selected_columns))
    return statement.with_only_columns(_read(parent, dialect), func.count(), maintain_column_froms=True)


def _with_cells(  # noqa: PLR0913, PLR0917  # what its columns depend on
    statement: Select[Any],
    level: Level,
    own: Attribute,
    caller: object,
    dialect: Dialect,
    request: Request | None = None,
    parent: ColumnElement[Any] | None = None,
) -> Statement:
    """The statement with the level's joins and columns."""
    joined: list[Alias] = []

    def attribute(cell: Cell) -> ColumnElement[Any]:
        found = own(cell.attribute) if cell.row == 0 else getattr(joined[cell.row - 1], cell.attribute)
        return found.is_not(None) if cell.presence else found

    for number, join in enumerate(level.joins, 1):
        alias = alias_of(join.target.model, f"row_{number}")
        link = attribute(Cell(join.parent, join.link))
        seen = scope(join.target, alias, caller)
        on = id_of(join.target, alias) == link
        statement = statement.outerjoin(alias, on if seen is None else and_(on, seen))
        joined.append(alias)
    columns = [attribute(cell) for cell in level.cells]
    if parent is not None:
        columns.append(parent)
    if request is not None and level.cursors:
        columns += [own(key.attribute) for key in request.keys]
    # Numbered, or a column that is selected twice would be read once.
    return statement.add_columns(*(_read(each, dialect).label(f"c{n}") for n, each in enumerate(columns)))


def _own(level: Level, request: Request) -> list[str]:
    """The attributes of the level's own rows that the outer select needs."""
    names = [cell.attribute for cell in level.cells if cell.row == 0]
    names += [join.link for join in level.joins if join.parent == 0]
    return list(dict.fromkeys([*names, *(key.attribute for key in request.keys)]))


def _read(item: ColumnElement[Any], dialect: Dialect) -> ColumnElement[Any]:
    """The column, as text where the driver would make an object of it that is only asked for its text."""
    return cast(item, Text) if _is_cast(item.type, dialect) else item


def _is_cast(stored: object, dialect: Dialect) -> bool:
    return isinstance(stored, Uuid) and dialect.name == "postgresql"


def _decoder(stored: Any, dialect: Dialect) -> Callable[[Any], Any] | None:  # noqa: ANN401  # a type
    if dialect.name == "postgresql" and isinstance(stored, Date):
        return date.fromisoformat  # see the source's connections
    return UUID if _is_cast(stored, dialect) else decoder(stored, dialect)
