"""The SQL of every read. All take their rows from `rows`, the one place that asks what the caller sees."""

import json
from collections.abc import Sequence
from typing import Any, TypeAlias

from sqlalchemy import (
    ARRAY,
    BindParameter,
    ColumnElement,
    Dialect,
    FromClause,
    Integer,
    Join,
    Select,
    TableValuedAlias,
    and_,
    any_,
    bindparam,
    cast,
    column,
    exists,
    func,
    inspect,
    literal,
    literal_column,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import aliased
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

from graph.binding import Association, Binding, Owner, Page, binding_of
from graph.dynamic import Alias, Value
from graph.filters import Through
from graph.order import Key
from graph.paging import Request

Statement: TypeAlias = Select[*tuple[Any, ...]]

KEYS = "keys"
"""The parameter of all keys that a statement is asked for: one, so that it is the same for any number."""


def scope(binding: Binding, alias: Alias, caller: object) -> ColumnElement[bool] | None:
    """Which rows of the alias the caller sees; None when all of them."""
    conditions: list[ColumnElement[bool]] = []
    for rule in binding.visible:
        if isinstance(rule, Owner):
            owner = binding_of(rule.target)
            owners = aliased(owner.model)
            seen = scope(owner, owners, caller)
            condition = (
                None
                if seen is None
                else getattr(alias, rule.link).in_(select(id_of(owner, owners)).where(seen))
            )
        else:
            condition = rule(alias, caller)
        if condition is not None:
            conditions.append(condition)
    return and_(*conditions) if conditions else None


def rows(binding: Binding, alias: Alias, caller: object, *columns: ColumnElement[Any]) -> Statement:
    """The rows of the alias that the caller sees."""
    statement = select(*columns).select_from(alias)
    seen = scope(binding, alias, caller)
    return statement if seen is None else statement.where(seen)


def selected(binding: Binding, *keys: Key) -> tuple[str, ...]:
    """The attributes that a read of the binding under this order selects, in the order of its columns."""
    return tuple(dict.fromkeys([*binding.attributes, *(key.attribute for key in keys)]))


def by_id(binding: Binding, ids: Sequence[Value], caller: object, dialect: Dialect) -> Statement:
    """The rows with these ids."""
    alias = alias_of(binding.model)
    columns = [getattr(alias, name) for name in selected(binding)]
    return rows(binding, alias, caller, *columns).where(among(id_of(binding, alias), ids, dialect))


def root_page(request: Request, caller: object) -> Statement:
    """One page of all rows."""
    alias = alias_of(request.binding.model)
    columns = [getattr(alias, name) for name in selected(request.binding, *request.keys)]
    return cut(rows(request.binding, alias, caller, *columns), alias, request, caller)


def root_count(request: Request, caller: object) -> Statement:
    """How many rows the connection has, whatever the page."""
    alias = alias_of(request.binding.model)
    statement = rows(request.binding, alias, caller, func.count())
    return statement.where(*asked(request, alias, caller))


def nested_pages(request: Request, parents: Sequence[Value], caller: object, dialect: Dialect) -> Statement:
    """One page for each parent, in one statement; the first column is the parent, pages come interleaved.

    The inner select of ids is the same on every database; only how it is applied to each parent differs.
    """
    binding = request.binding
    page, inner = alias_of(binding.model), alias_of(binding.model, "inner")
    keys = key_list(parents, link_type(request.page), dialect)
    ids = rows(binding, inner, caller, id_of(binding, inner).label("id"))
    ids, link = linked(ids, binding, inner, request.page)
    ids = cut(ids.where(link == keys.c.value), inner, request, caller, linked_on=dialect).correlate(keys)
    if dialect.name == "postgresql":
        lateral = ids.lateral()
        source = keys.join(lateral, true()).join(page, id_of(binding, page) == lateral.c.id)
    else:
        source = keys_first(keys, page, id_of(binding, page).in_(ids))
    columns = [getattr(page, name) for name in selected(binding, *request.keys)]
    return select(keys.c.value, *columns).select_from(source).order_by(*ordering(page, request))


def nested_counts(
    request: Request, parents: Sequence[Value] | None, caller: object, dialect: Dialect
) -> Statement:
    """The size of each parent's connection, as (parent, count); parents without rows are missing."""
    binding = request.binding
    alias = alias_of(binding.model)
    statement, link = linked(rows(binding, alias, caller, func.count()), binding, alias, request.page)
    conditions = _after_link(asked(request, alias, caller), request.page, dialect)
    statement = statement.where(among(link, parents, dialect), *conditions).group_by(link)
    return statement.with_only_columns(link, func.count(), maintain_column_froms=True)


def alias_of(model: type[Any], name: str | None = None) -> Alias:
    """The alias that statements about the model select from; for others in the same statement, by name.

    Made once: adapting a model's columns to an alias costs more than running a small statement. It is the
    same in every thread, or a statement would have two aliases, and the product of their rows.
    """
    known = _aliases.get((model, name))
    return _aliases.setdefault((model, name), aliased(model, name=name)) if known is None else known


_aliases: dict[tuple[type[Any], str | None], Alias] = {}


def id_of(binding: Binding, alias: Alias) -> ColumnElement[Any]:
    """What identifies a row of the alias."""
    return getattr(alias, binding.key[0])


def linked(
    statement: Statement, binding: Binding, alias: Alias, page: Page
) -> tuple[Statement, ColumnElement[Any]]:
    """The statement with its link to the parents in reach, and that link."""
    if isinstance(page.link, Association):
        between = page.link.table.alias()
        statement = statement.join(between, between.c[page.link.child.key] == id_of(binding, alias))
        return statement, between.c[page.link.parent.key]
    return statement, getattr(alias, str(page.link))


def link_type(page: Page) -> TypeEngine[Any]:
    """The type of the keys that parents have for their rows."""
    if isinstance(page.link, Association):
        return page.link.parent.type
    return getattr(binding_of(page.target).model, str(page.link)).type


def cut(  # noqa: PLR0913  # what a page depends on
    statement: Statement,
    alias: Alias,
    request: Request,
    caller: object,
    *,
    linked_on: Dialect | None = None,
    more: bool = True,
) -> Statement:
    """One page of the statement.

    Args:
        statement: Of all rows, or of those linked to one parent.
        alias: What it selects from.
        request: The page.
        caller: Whoever asks.
        linked_on: For rows linked to one parent: the database.
        more: With one row more, to tell whether others follow.
    """
    conditions = asked(request, alias, caller)
    statement = statement.where(
        *(_after_link(conditions, request.page, linked_on) if linked_on else conditions)
    )
    if request.after is not None:
        statement = statement.where(_beyond(alias, request.keys, request.after, ascending=True))
    if request.before is not None:
        statement = statement.where(_beyond(alias, request.keys, request.before, ascending=False))
    size: int | BindParameter[int] = request.size + more
    if linked_on is None:
        # In words: as long as it does not know how many, PostgreSQL plans such a statement anew each time.
        size = bindparam(None, size, Integer(), literal_execute=True)
    return statement.order_by(*ordering(alias, request)).limit(size)


def ordering(alias: Alias, request: Request) -> list[ColumnElement[Any]]:
    """The order of the request, in the direction in which its rows are read."""
    columns = [
        (getattr(alias, key.attribute), key.descending is not request.backward) for key in request.keys
    ]
    return [item.desc() if descending else item.asc() for item, descending in columns]


def _beyond(
    alias: Alias, keys: Sequence[Key], values: Sequence[Value], *, ascending: bool
) -> ColumnElement[bool]:
    """Rows after the values in the order, or before them when not `ascending`.

    With one direction throughout it is one comparison of row values. With mixed directions a range on the
    first key comes first, because that is what an index can serve; SQLite needs one also where that key is an
    expression, which it does not look for among row values.
    """
    columns = [getattr(alias, key.attribute) for key in keys]
    bounds = [literal(value, item.type) for value, item in zip(values, columns, strict=True)]
    up = [key.descending is not ascending for key in keys]
    if len(set(up)) == 1:
        left, right = tuple_(*columns), tuple_(*bounds)
        beyond = left > right if up[0] else left < right
        if keys[0].attribute in inspect(alias).mapper.column_attrs:
            return beyond
        return and_(_OnSqlite(columns[0] >= bounds[0] if up[0] else columns[0] <= bounds[0]), beyond)
    condition: ColumnElement[bool] | None = None
    for item, bound, greater in reversed(list(zip(columns, bounds, up, strict=True))):
        strict = item > bound if greater else item < bound
        loose = item >= bound if greater else item <= bound
        condition = strict if condition is None else and_(loose, or_(strict, condition))
    return true() if condition is None else condition


def _after_link(
    conditions: Sequence[ColumnElement[bool]], page: Page, dialect: Dialect
) -> Sequence[ColumnElement[bool]]:
    """The conditions on rows that are found by their link to a parent.

    SQLite knows nothing of how rows are spread: it takes an index on a filter for as good as the one on
    the link, and would read half the table anew for each parent. So it is told that the conditions hold for
    nearly every row, and uses an index on them only together with the link. Where a table stands between,
    it is given conditions that no index serves.
    """
    if dialect.name != "sqlite":
        return conditions
    if isinstance(page.link, Association):
        return [func.ifnull(condition, literal_column("0")) for condition in conditions]
    return [func.likelihood(condition, literal_column("1.0")) for condition in conditions]


class _OnSqlite(FunctionElement[Any]):
    """A condition that follows from others: PostgreSQL would think it keeps fewer rows than they do."""

    inherit_cache = True


@compiles(_OnSqlite)
def _say_nothing(_element: _OnSqlite, _compiler: SQLCompiler, **_options: object) -> str:
    return "true"


@compiles(_OnSqlite, "sqlite")
def _say_it(element: _OnSqlite, compiler: SQLCompiler, **options: object) -> str:
    return compiler.process(element.clauses, **options)


def asked(request: Request, alias: Alias, caller: object) -> list[ColumnElement[bool]]:
    """What a client asks of the rows."""
    conditions: list[ColumnElement[bool]] = []
    for item in request.conditions:
        if item.criterion.condition is not None:
            condition = item.criterion.condition(alias, item.value)
        else:
            relation = request.binding.relations[str(item.criterion.attribute)]
            lacks = item.criterion.through is Through.LACKS
            condition = _related(relation, alias, item.value, caller, lacks=lacks)
        if condition is not None:
            conditions.append(condition)
    return conditions


def _related(relation: Page, alias: Alias, id: Value, caller: object, *, lacks: bool) -> ColumnElement[bool]:
    """Rows related to the row with this id, as far as the caller sees it."""
    target = binding_of(relation.target)
    row = aliased(target.model)
    parent = getattr(alias, str(relation.source))
    if isinstance(relation.link, Association):
        between = relation.link.table.alias()
        link, child = between.c[relation.link.parent.key], between.c[relation.link.child.key]
        related = select(link).where(child == id)
        seen = scope(target, row, caller)
        if seen is not None:
            related = related.where(child.in_(select(id_of(target, row)).where(seen)))
    else:
        link = getattr(row, str(relation.link))
        related = rows(target, row, caller, link).where(id_of(target, row) == id)
    return ~exists(related.where(link == parent)) if lacks else parent.in_(related)


def among(item: ColumnElement[Any], values: Sequence[Value] | None, dialect: Dialect) -> ColumnElement[bool]:
    """Membership in a list that is one parameter, so that its length changes neither statement nor limits."""
    if dialect.name == "postgresql":
        return item == any_(_array(values, item.type))
    return item.in_(select(key_list(values, item.type, dialect).c.value))


def key_list(values: Sequence[Value] | None, type_: TypeEngine[Any], dialect: Dialect) -> TableValuedAlias:
    """A table with one column, `value`. Without values they are given later: to SQLite as text, of JSON."""
    if dialect.name == "postgresql":
        array = func.unnest(_array(values, type_))
        return array.table_valued(column("value", type_), with_ordinality="place").render_derived()
    convert = type_.dialect_impl(dialect).bind_processor(dialect)
    stored = [convert(value) if convert else value for value in values or ()]
    table = func.json_each(bindparam(KEYS, json.dumps(stored)))
    return table.table_valued(column("value", type_), column("key", Integer()))


def keys_first(keys: TableValuedAlias, rows: Alias, on: ColumnElement[bool]) -> FromClause:
    """Keys joined to rows, which SQLite looks up for each key, whatever it knows of either."""
    return _KeysFirst(keys, inspect(rows).selectable, on)


class _KeysFirst(Join):
    """A join in this order, which SQLite keeps of a CROSS JOIN alone.

    By statistics of when a table was small it would look through the table as it is now instead, and at each
    row of that through all keys.
    """

    inherit_cache = True


@compiles(_KeysFirst)
def _in_order(element: _KeysFirst, compiler: Any, **options: object) -> str:  # noqa: ANN401  # untyped there
    return compiler.visit_join(element, **options).replace(" JOIN ", " CROSS JOIN ", 1)


def place_of(keys: TableValuedAlias, dialect: Dialect) -> ColumnElement[int]:
    """Where the key of a row of `key_list` stands among the keys, counted from 0."""
    return keys.c.place - literal_column("1") if dialect.name == "postgresql" else keys.c.key


def _array(values: Sequence[Value] | None, type_: TypeEngine[Any]) -> ColumnElement[Any]:
    if values is not None:
        return bindparam(KEYS, list(values), type_=ARRAY(type_))
    # Selected, so that PostgreSQL plans for any number of them. For one it would find a plan of its own
    # cheaper, and make that anew each time, which takes five times as long as to run it.
    given = select(bindparam(KEYS, None, type_=ARRAY(type_)).label(KEYS))
    return cast(given.scalar_subquery(), ARRAY(type_))
