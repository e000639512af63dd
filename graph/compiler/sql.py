"""The SQL of a level: conditions, orders and pages of the ordinary path, columns as they are selected."""

# pyright: standard
# Not strict: SQLAlchemy's expressions are dynamic.
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import (
    Boolean,
    ColumnElement,
    Date,
    DateTime,
    Dialect,
    FromClause,
    Integer,
    Select,
    String,
    TableValuedAlias,
    Text,
    and_,
    cast,
    func,
    literal_column,
    select,
    true,
)
from sqlalchemy.types import TypeDecorator, Uuid

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
    keys_first,
    link_type,
    linked,
    nested_counts,
    place_of,
    root_count,
    rows,
    scope,
)

_PLACE = "place of parent"
"""No attribute is called so."""
_PACKED = "packed"
"""The option of statements whose rows are: see `Query`."""
_MOST_PACKED = 100
"""Values that a function of SQLite takes, unless it was built to take more."""
_EXACT = (Boolean, Date, DateTime, Integer, String, Uuid)
"""Types of values that are the same in SQLite's JSON, which drops digits of fractions."""

Attribute = Callable[[str], ColumnElement[Any]]
"""An attribute of the level's own row, where the outer select has it."""


@dataclass(frozen=True, eq=False)
class Written:
    """A statement as the driver takes it: with the keys that it is asked for at `keys`, if any are.

    Packed: as `Query`.
    """

    text: str
    parameters: tuple[Any, ...]
    keys: int | None
    packed: bool = False

    def query(self, keys: object = None) -> Query:
        given = self.parameters
        if self.keys is not None:
            given = (*self.parameters[: self.keys], keys, *self.parameters[self.keys + 1 :])
        return Query(self.text, given, self.packed)


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
    packed = bool(statement.get_execution_options().get(_PACKED))
    return Written(str(compiled), tuple(values), names.index(KEYS) if KEYS in names else None, packed)


def raw_key(key: Value, dialect: Dialect) -> Value:
    """A key as rows have it in their cells."""
    if not isinstance(key, UUID):
        return key
    return key.hex if dialect.name == "sqlite" else str(key)


def raw_keys(keys: list[Any], dialect: Dialect) -> str | list[Any]:
    """The parameter for many keys; those of SQLite are one text, as it has no arrays."""
    return orjson.dumps(keys).decode() if dialect.name == "sqlite" else keys


def decoders(request: Request, dialect: Dialect) -> tuple[Callable[[Any], Any] | None, ...]:
    """What makes the values of cursors of those of the order's columns."""
    types = [getattr(request.binding.model, key.attribute).type for key in request.keys]
    return tuple(_decoder(each, dialect) for each in types)


def row_statement(level: Level, caller: object, dialect: Dialect) -> Statement:
    """The level's rows by their keys."""
    binding = level.binding
    alias = alias_of(binding.model)
    key = id_of(binding, alias)
    statement = rows(binding, alias, caller)
    if dialect.name == "postgresql":
        statement = statement.where(among(key, None, dialect))
    else:  # SQLite would put the keys of `IN` in order first
        keys = key_list(None, key.type, dialect)
        statement = statement.select_from(keys_first(keys, alias, key == keys.c.value))
    return _with_cells(statement, level, lambda name: getattr(alias, name), caller, dialect)


def page_statement(level: Level, request: Request, caller: object, dialect: Dialect) -> Statement:
    """The level's pages: cells, the place of the parent's key unless on the root, the keys of cursors."""
    more = bool(level.facts & {"has_next", "has_previous"})
    if request.page.link is None:
        alias = alias_of(request.binding.model)
        statement = cut(rows(request.binding, alias, caller), alias, request, caller, more=more)
        return _with_cells(statement, level, lambda name: getattr(alias, name), caller, dialect, request)
    keys = key_list(None, link_type(request.page), dialect)
    nested = _on_postgresql if dialect.name == "postgresql" else _on_sqlite
    source, own, place = nested(_Pages(level, request, caller, dialect, keys, more))
    statement = select().select_from(source)
    if not left_to_sort(level, request, dialect):
        directions = [key.descending is not request.backward for key in request.keys]
        order = [own(key.attribute) for key in request.keys]
        statement = statement.order_by(
            *(each.desc() if down else each.asc() for each, down in zip(order, directions, strict=True))
        )
    return _with_cells(statement, level, own, caller, dialect, request, place)


def left_to_sort(level: Level, request: Request, dialect: Dialect) -> tuple[int, ...]:
    """The columns by which the rows of `page_statement` have yet to be sorted; none if they come in order.

    PostgreSQL copies what it sorts: up to a sixth of all that it does for the pages of a level with 250 rows.
    Where these are in the rising order of a key alone, and that is selected anyway, it is left to Python: it
    moves nothing but references, and looks once at rows in order, which the database finds them in nearly
    always, though SQL does not promise it.
    """
    key, *others = request.keys
    cell = Cell(0, key.attribute)
    nested = request.page.link is not None
    if dialect.name != "postgresql" or not nested or others or cell not in level.cells:
        return ()
    is_alike = isinstance(getattr(request.binding.model, key.attribute).type, Uuid | Integer)
    rises = key.descending is request.backward
    return (len(level.cells), level.cells.index(cell)) if is_alike and rises else ()


@dataclass(frozen=True, eq=False)
class _Pages:
    """Of many parents: what is asked of each, and the table of their keys."""

    level: Level
    request: Request
    caller: object
    dialect: Dialect
    keys: TableValuedAlias
    more: bool

    @property
    def are_in_between(self) -> bool:
        """Whether the table of a many-to-many relationship says by itself which rows a page has."""
        request, binding = self.request, self.request.binding
        bounds = request.conditions or request.after is not None or request.before is not None
        by_key = [key.attribute for key in request.keys] == list(binding.key)
        seen = scope(binding, alias_of(binding.model), self.caller)
        return isinstance(request.page.link, Association) and by_key and not bounds and seen is None

    def ids_in_between(self) -> Statement:
        """Such a page; databases would look each row up in its own table, for the id that it began with."""
        link: Any = self.request.page.link
        between = link.table.alias()
        child = between.c[link.child.key]
        down = self.request.keys[0].descending is not self.request.backward
        ids = select(child).where(between.c[link.parent.key] == self.keys.c.value)
        ids = ids.order_by(child.desc() if down else child.asc())
        return ids.limit(self.request.size + self.more).correlate(self.keys)

    def rows(self, names: Sequence[str]) -> Statement:
        """The page of one parent, with these attributes of its rows."""
        binding = self.request.binding
        inner = alias_of(binding.model, "inner")
        found = rows(binding, inner, self.caller, *(getattr(inner, name).label(name) for name in names))
        found, link = linked(found, binding, inner, self.request.page)
        found = found.where(link == self.keys.c.value)
        found = cut(found, inner, self.request, self.caller, linked_on=self.dialect, more=self.more)
        return found.correlate(self.keys)


class _Source(NamedTuple):
    """Where the rows of pages come from, in no order, and which parent each is of."""

    rows: FromClause
    own: Attribute
    place: ColumnElement[int]


def _on_sqlite(pages: _Pages) -> _Source:
    binding, keys = pages.request.binding, pages.keys
    alias = alias_of(binding.model, "page")
    if pages.are_in_between:
        wanted = id_of(binding, alias).in_(pages.ids_in_between())
    else:
        # By the number of the row in its table, which the index has: an id would be looked up for it.
        found = pages.rows([]).add_columns(literal_column('"inner".rowid'))
        wanted = literal_column("page.rowid").in_(found)
    source = keys_first(keys, alias, wanted)
    return _Source(source, lambda name: getattr(alias, name), place_of(keys, pages.dialect))


def _on_postgresql(pages: _Pages) -> _Source:
    binding, keys = pages.request.binding, pages.keys
    place = place_of(keys, pages.dialect)
    if pages.are_in_between:
        alias = alias_of(binding.model)
        ids = pages.ids_in_between().lateral("page")
        [child] = ids.c
        source = keys.join(ids, true()).join(alias, id_of(binding, alias) == child)
        return _Source(source, lambda name: getattr(alias, name), place)
    page: FromClause = pages.rows(_own(pages.level, pages.request)).lateral("page")
    source = keys.join(page, true())
    if pages.level.joins:
        # Else PostgreSQL would join the rows of each page by themselves: half as long again for fifty pages.
        fenced = select(*page.c, place.label(_PLACE)).select_from(source).offset(literal_column("0"))
        source = page = fenced.subquery("page")
        place = page.c[_PLACE]
    return _Source(source, lambda name: page.c[name], place)


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
    if dialect.name == "sqlite" and not level.few and _can_be_packed(columns):
        return _packed(statement, columns)
    # Numbered, or a column that is selected twice would be read once.
    return statement.add_columns(*(_read(each, dialect).label(f"c{n}") for n, each in enumerate(columns)))


def _packed(statement: Select[Any], columns: Sequence[ColumnElement[Any]]) -> Statement:
    """The rows as elements of a JSON array, all in one text.

    Python's driver takes a lock three times for each value, and with each row gives up Python's own: as text
    rows cost a third less, and nothing else that Python does is held up by them. They stay in order: for
    functions that depend on it, SQLite keeps that of a subquery.
    """
    found = statement.add_columns(func.json_array(*columns).label("cells")).subquery("found")
    return select(func.group_concat(found.c.cells)).execution_options(**{_PACKED: True})


def _can_be_packed(columns: Sequence[ColumnElement[Any]]) -> bool:
    types = [each.type.impl if isinstance(each.type, TypeDecorator) else each.type for each in columns]
    return len(columns) <= _MOST_PACKED and all(isinstance(each, _EXACT) for each in types)


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
