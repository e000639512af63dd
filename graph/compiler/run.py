"""Runs a plan: reads level after level, all keys of a level at once, and makes the answer from below."""

# pyright: standard
# Not strict: rows are as the driver gives them.
from collections.abc import Mapping, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any

from graphql import GraphQLError
from graphql.execution.values import VariableValues, get_argument_values
from sqlalchemy import Dialect

from graph.compiler.bound import Binder, BoundPage, Given
from graph.compiler.outputs import Anomaly
from graph.compiler.plan import Constant, Level, Plan, RootPage, RootReference, RootRows
from graph.compiler.projector import Projector, projector
from graph.compiler.sql import raw_key, raw_keys
from graph.errors import CodedError
from graph.ids import split_text_id
from graph.reader import Slice
from graph.source import ASIDE, Rows, SourceFailed, Steps

ABANDONED = GraphQLError, Anomaly, LookupError, SourceFailed
"""What a run raises where something is out of the ordinary, for graphql-core to tell."""

_FEW_ROWS = 8
_MOST_CHARACTERS = 8 * 1024 * 1024
_MANY_ROWS, _MANY_CHARACTERS = 1_000, 256 * 1024
"""What is made of so much takes milliseconds."""


class PageFacts:
    """What the projector may ask about one page."""

    __slots__ = ("_bound", "_keys", "_slice", "count", "rows")

    def __init__(self, bound: BoundPage, rows: list[Any], count: int, keys: slice) -> None:
        self._bound, self._keys, self.count = bound, keys, count
        self._slice: Any = Slice(bound.request, rows)
        self.rows = self._slice.rows

    @property
    def has_next(self) -> bool:
        return self._slice.has_next

    @property
    def has_previous(self) -> bool:
        return self._slice.has_previous

    @property
    def start(self) -> str | None:
        return self.cursor(self.rows[0][self._keys]) if self.rows else None

    @property
    def end(self) -> str | None:
        return self.cursor(self.rows[-1][self._keys]) if self.rows else None

    def cursor(self, values: Sequence[Any]) -> str:
        pairs = zip(self._bound.decoders, values, strict=True)
        return self._bound.request.cursors.encode(
            [decode(value) if decode and value is not None else value for decode, value in pairs]
        )


class Run:
    """One run of a plan.

    Args:
        plan: What is run.
        binder: Gives its levels the values of the request.
        given: By the request.
    """

    def __init__(self, plan: Plan, binder: Binder, given: Given) -> None:
        self.plan, self._binder, self._given = plan, binder, given
        self._dialect = given.dialect
        self._characters = self._seen = 0

    def steps(self) -> Steps[dict[str, Any]]:
        """The work; it returns the query's data.

        Raises:
            GraphQLError, Anomaly, LookupError: graphql-core has to answer, as no plan tells errors.
        """
        data: dict[str, Any] = {}
        for name, root in self.plan.roots:
            data[name] = root.value if isinstance(root, Constant) else (yield from self._root(root))
        return data

    def _root(self, root: RootPage | RootRows | RootReference) -> Steps[Any]:
        if isinstance(root, RootReference):
            return self._reference(root)
        if isinstance(root, RootPage):
            return self._page(root)
        return self._rows_by_id(root) if root.many else self._row_by_id(root)

    def _reference(self, root: RootReference) -> Steps[Any]:
        held = getattr(self._given.held, root.name)
        if held is None:
            return None
        key = raw_key(held.id, self._dialect)
        return (yield from self.rows(root.level, [key])).get(key)

    def _page(self, root: RootPage) -> Steps[Any]:
        [connection] = (yield from self._pages(root.level, [None])).values()
        return connection

    def _row_by_id(self, root: RootRows) -> Steps[Any]:
        """The row of a global id, None if it is not there."""
        level, key = wanted(root, self._given.variables, self._dialect)
        return None if level is None else (yield from self.rows(level, [key])).get(key)

    def _rows_by_id(self, root: RootRows) -> Steps[list[Any]]:
        """The rows of global ids, in their order; None for those that are not there."""
        ids, limit = _ids(root, self._given.variables), self._given.reader.limits.ids
        if len(ids) > limit:
            raise CodedError(f"More than {limit} ids.", code="TOO_MANY_IDS")
        places = [_place(root, each, self._dialect) for each in ids]
        found: dict[str, Mapping[Any, Any]] = {}
        for name in dict.fromkeys(name for name, _ in places):
            level = _level(root, name)
            if level is not None:
                keys = dict.fromkeys(key for each, key in places if each == name)
                found[name] = yield from self.rows(level, list(keys))
        return [found[name].get(key) if name in found else None for name, key in places]

    def _bound_anew(self, level: Level) -> Steps[Any]:
        """The level with the values of the request, which no request had before."""
        yield ASIDE
        return self._binder.bind(self.plan, level, self._given)

    def rows(self, level: Level, keys: list[Any]) -> Steps[Mapping[Any, Any]]:
        """A level's rows by their keys, as JSON."""
        bound: Any = self._binder.kept(self.plan, level, self._given)
        if bound is None:
            bound = yield from self._bound_anew(level)
        rows = yield bound.rows.query(raw_keys(keys, self._dialect))
        if self._is_much(rows):
            yield ASIDE
        below = (yield from self._below(level, rows)) if level.below else ()
        return _projector(self.plan, level)(rows, None, *below)

    def _pages(self, level: Level, keys: list[Any]) -> Steps[Mapping[Any, Any]]:
        """A level's connections by their parents' keys, as JSON; on the root the key is None."""
        bound: Any = self._binder.kept(self.plan, level, self._given)
        if bound is None:
            bound = yield from self._bound_anew(level)
        if isinstance(bound, str):
            raise Anomaly(bound)
        asked = None if keys == [None] else raw_keys(keys, self._dialect)
        rows: Rows = (yield bound.rows.query(asked)) if bound.rows is not None else ()
        if self._is_much(rows):
            yield ASIDE
        if bound.left_to_sort:
            rows = sorted(rows, key=itemgetter(*bound.left_to_sort))
        project = _projector(self.plan, level)
        if level.is_flat:
            if bound.request.backward:
                rows = rows[::-1]
            below = yield from self._below(level, rows)
            return dict(zip(keys, project(rows, [[] for _ in keys], *below), strict=True))
        counts: Mapping[Any, int] = {}
        if bound.count is not None:
            found: Any = yield bound.count.query(asked)
            counts = {None: found[0][0]} if asked is None else dict(found)
        groups = [rows] if asked is None else _grouped(rows, len(keys), len(level.cells))
        pages = _facts(level, bound, groups, [counts.get(key, 0) for key in keys])
        below = yield from self._below(level, list(chain.from_iterable(page.rows for page in pages)))
        return {key: project(page.rows, page, *below) for key, page in zip(keys, pages, strict=True)}

    def _is_much(self, rows: Rows) -> bool:
        """Whether it takes long to make JSON of all rows so far; a few of these are looked at.

        Raises:
            Anomaly: They hold far more text than an answer may: joined ones hold theirs once for each row.
        """
        if len(rows) < _FEW_ROWS:
            return False
        self._seen += len(rows)
        some = rows[:: len(rows) // _FEW_ROWS]  # as far apart as they are
        held = sum(len(value) for row in some for value in row if isinstance(value, str))
        self._characters += held * len(rows) // len(some)
        if self._characters > _MOST_CHARACTERS:
            raise Anomaly(f"{self._characters} characters")
        return self._seen > _MANY_ROWS or self._characters > _MANY_CHARACTERS

    def _below(self, level: Level, rows: Rows) -> Steps[list[Mapping[Any, Any]]]:
        """What the levels below have for these rows."""
        found: list[Mapping[Any, Any]] = []
        for link in level.below:
            keys = dict.fromkeys([row[link.cell] for row in rows])
            keys.pop(None, None)
            read = self.rows if link.level.connection is None else self._pages
            found.append((yield from read(link.level, list(keys))) if keys else {})
        return found


def wanted(root: RootRows, variables: VariableValues, dialect: Dialect) -> tuple[Level | None, str]:
    """The level and the key of the one row that a root asks for; no level where there is no such row.

    Raises:
        GraphQLError, Anomaly: graphql-core has to answer.
    """
    name, key = _place(root, _ids(root, variables), dialect)
    return _level(root, name), key


def _ids(root: RootRows, variables: VariableValues) -> Any:  # noqa: ANN401  # a text, or a list of them
    if root.variable is not None and variables.coerced.get(root.variable) is not None:
        return variables.coerced[root.variable]
    [given] = get_argument_values(root.definition, root.node, variables).values()
    return given


def _level(root: RootRows, name: str) -> Level | None:
    """The level of a type, None if no type of that name has rows.

    Raises:
        Anomaly: They cannot be planned.
    """
    level = root.levels.get(name)
    if level is None and name in root.levels:
        raise Anomaly(name)
    return level


def _place(root: RootRows, text: str, dialect: Dialect) -> tuple[str, str]:
    """The type and the key, as rows have it, that a global id names.

    Raises:
        CodedError: It is no id, or of a type that may not be asked for.
    """
    try:
        name, key = split_text_id(text)
    except ValueError as error:
        raise CodedError(str(error), code="BAD_ID") from error
    if not root.any_type and name not in root.levels:
        raise CodedError(f"«{text:.80}» is of another type.", code="BAD_ID")
    return name, key.replace("-", "") if dialect.name == "sqlite" else key


def _grouped(rows: Rows, parents: int, place: int) -> list[list[Any]]:
    """The rows of each parent, in their order; `place` is the column that says which one it is."""
    groups: list[list[Any]] = [[] for _ in range(parents)]
    for row in rows:
        groups[row[place]].append(row)
    return groups


def _facts(level: Level, bound: BoundPage, groups: Sequence[Rows], counts: Sequence[int]) -> list[PageFacts]:
    """Each group in the order asked for, cut to its size, and what is known of it."""
    columns = len(level.cells) + (bound.request.page.link is not None)
    keys = slice(columns, None)
    return [PageFacts(bound, list(rows), count, keys) for rows, count in zip(groups, counts, strict=True)]


def _projector(plan: Plan, level: Level) -> Projector:
    made = plan.projectors.get(level.number)
    if made is None:
        made = plan.projectors[level.number] = projector(level)
    return made
