"""Runs a plan: reads level after level, all keys of a level at once, and makes the answer from below."""

# pyright: standard
# Not strict: rows are as the driver gives them.
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

from graphql import GraphQLError
from graphql.execution.values import get_argument_values

from graph.compiler.bound import Bound, BoundPage, Given
from graph.compiler.outputs import Anomaly
from graph.compiler.plan import Constant, Level, Plan, RootPage, RootRows
from graph.compiler.projector import Projector, projector
from graph.compiler.sql import raw_key, raw_keys
from graph.errors import CodedError
from graph.ids import parse_id, split_id
from graph.reader import Slice
from graph.source import Rows, Steps


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
        bound: Its levels' statements, by number.
        given: By the request.
    """

    def __init__(self, plan: Plan, bound: Sequence[Bound], given: Given) -> None:
        self._plan, self._bound, self._given = plan, bound, given
        self._dialect = given.source.dialect

    def steps(self) -> Steps[dict[str, Any]]:
        """The work; it returns the query's data.

        Raises:
            GraphQLError, Anomaly, LookupError: graphql-core has to answer, as no plan tells errors.
        """
        data: dict[str, Any] = {}
        for name, root in self._plan.roots:
            data[name] = root.value if isinstance(root, Constant) else (yield from self._root(root))
        return data

    def _root(self, root: RootPage | RootRows) -> Steps[Any]:
        if isinstance(root, RootPage):
            [connection] = (yield from self._pages(root.level, [None])).values()
            return connection
        given = get_argument_values(root.definition, root.node, self._given.variables)
        if not root.many:
            [row] = yield from self._rows_by_id(root, [given["id"]])
            return row
        limit = self._given.reader.limits.ids
        if len(given["ids"]) > limit:
            raise CodedError(f"More than {limit} ids.", code="TOO_MANY_IDS")
        return (yield from self._rows_by_id(root, given["ids"]))

    def _rows_by_id(self, root: RootRows, ids: Sequence[str]) -> Steps[list[Any]]:
        """The rows of global ids, in their order; None for those that are not there."""
        places = [_place(root, each) for each in ids]
        found: dict[str, Mapping[Any, Any]] = {}
        for name, level in root.levels.items():
            keys = dict.fromkeys(raw_key(key, self._dialect) for each, key in places if each == name)
            if not keys:
                continue
            if level is None:
                raise Anomaly(name)
            found[name] = yield from self._rows(level, list(keys))
        return [found.get(name, {}).get(raw_key(key, self._dialect)) for name, key in places]

    def _rows(self, level: Level, keys: list[Any]) -> Steps[Mapping[Any, Any]]:
        """A level's rows by their keys, as JSON."""
        bound: Any = self._bound[level.number]
        rows = yield bound.rows.query(keys[0] if level.one else raw_keys(keys, self._dialect))
        below = yield from self._below(level, rows)
        return _projector(self._plan, level)(rows, None, *below)

    def _pages(self, level: Level, keys: list[Any]) -> Steps[Mapping[Any, Any]]:
        """A level's connections by their parents' keys, as JSON; on the root the key is None."""
        bound: Any = self._bound[level.number]
        if isinstance(bound, GraphQLError):
            raise bound
        asked = None if keys == [None] else raw_keys(keys, self._dialect)
        groups: dict[Any, list[Any]] = {key: [] for key in keys}
        counts: Mapping[Any, int] = {}
        if bound.rows is not None:
            _group(groups, (yield bound.rows.query(asked)), len(level.cells), nested=asked is not None)
        if bound.count is not None:
            found: Any = yield bound.count.query(asked)
            counts = {None: found[0][0]} if asked is None else dict(found)
        pages = _pages_of(level, bound, groups, counts)
        below = yield from self._below(level, chain.from_iterable(groups.values()))
        project = _projector(self._plan, level)
        return {key: project(rows, pages.get(key), *below) for key, rows in groups.items()}

    def _below(self, level: Level, rows: Iterable[Sequence[Any]]) -> Steps[list[Mapping[Any, Any]]]:
        """What the levels below have for these rows."""
        found: list[Mapping[Any, Any]] = []
        if not level.below:
            return found
        rows = list(rows)
        for link in level.below:
            keys = dict.fromkeys([row[link.cell] for row in rows])
            keys.pop(None, None)
            read = self._rows if link.level.connection is None else self._pages
            found.append((yield from read(link.level, list(keys))) if keys else {})
        return found


def _place(root: RootRows, text: str) -> tuple[str, Any]:
    """The type and the key that a global id names.

    Raises:
        CodedError: It is no id, or of a type that may not be asked for.
    """
    try:
        if root.any_type:
            return split_id(text)
        [name] = root.levels
        return name, parse_id(text, name)
    except ValueError as error:
        raise CodedError(str(error), code="BAD_ID") from error


def _group(groups: dict[Any, list[Any]], rows: Rows, parent: int, *, nested: bool) -> None:
    """Put rows to their parents, in their order; `parent` is the column that holds its key."""
    if not nested:
        groups[None] = list(rows)
        return
    for row in rows:
        groups[row[parent]].append(row)


def _pages_of(
    level: Level, bound: BoundPage, groups: dict[Any, list[Any]], counts: Mapping[Any, int]
) -> Mapping[Any, PageFacts]:
    """Bring each group into its order and size; what is known of each page, if that is selected."""
    if level.facts or level.cursors:
        columns = len(level.cells) + (bound.request.page.link is not None)
        keys = slice(columns, None)
        pages = {key: PageFacts(bound, rows, counts.get(key, 0), keys) for key, rows in groups.items()}
        groups.update({key: page.rows for key, page in pages.items()})
        return pages
    if bound.request.backward:
        for rows in groups.values():
            rows.reverse()
    return {}


def _projector(plan: Plan, level: Level) -> Projector:
    made = plan.projectors.get(level.number)
    if made is None:
        made = plan.projectors[level.number] = projector(level)
    return made
