"""What a plan is: levels, each one statement, and shapes that say what becomes of its rows. Frozen data.

A level reads the rows of one binding: a page of a connection for each of its parents, or rows by their keys.
Rows that each of them refers to are joined to it, so that row 0 is the level's own and the others follow.
What its rows refer to in turn is read by the levels below, each of them once for all rows together.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from typing import Any, TypeAlias

from graphql import FieldNode, GraphQLField

from graph.binding import Binding, Page
from graph.compiler.outputs import Output
from graph.fields import PageField
from graph.source import Habit


@dataclass(frozen=True)
class Cell:
    """One column of a level's statement: an attribute of one of its rows; `presence`: whether it is there."""

    row: int
    attribute: str
    presence: bool = False


@dataclass(frozen=True, eq=False)
class Join:
    """A row that is joined to the level: `link`, an attribute of the row `parent`, holds its key."""

    parent: int
    link: str
    target: Binding


@dataclass(frozen=True)
class Constant:
    """The same text for every row: the name of a type."""

    value: str


@dataclass(frozen=True)
class Value:
    """A cell, put as JSON by its output. Required: its NULL is an anomaly; `unsure` if there may be one."""

    cell: int
    output: Output
    required: bool
    unsure: bool


@dataclass(frozen=True)
class GlobalId:
    cell: int
    type_name: str


@dataclass(frozen=True)
class Object:
    """Fields by response name.

    It is null if all the cells of `absent` are, or that of `present` says so; required: that is an anomaly.
    """

    fields: tuple[tuple[str, "Shape"], ...]
    absent: tuple[int, ...] = ()
    present: int | None = None
    required: bool = False


@dataclass(frozen=True)
class Below:
    """What a level below has for the key in a cell: a connection, or a row.

    Where the cell is NULL it is null. Required: that, or a row that is not found, is an anomaly.
    """

    level: int
    cell: int
    required: bool


@dataclass(frozen=True)
class Edges:
    """The rows of a page, each as this object."""

    edge: Object


@dataclass(frozen=True)
class Cursor:
    """Of the row of an edge; the cells hold the keys of the order."""


@dataclass(frozen=True)
class Fact:
    """What is known of a page as a whole: an attribute of `PageFacts`."""

    name: str


Shape: TypeAlias = Constant | Value | GlobalId | Object | Below | Edges | Cursor | Fact


@dataclass(frozen=True, eq=False)
class Connection:
    """Which page a level reads.

    Attributes:
        page: The connection.
        field: Its field in the schema: makes the page's request of the arguments.
        definition: The same, as graphql-core knows it.
        node: Where the document selects it: holds the arguments.
        variables: Those that the arguments use.
    """

    page: Page
    field: PageField
    definition: GraphQLField
    node: FieldNode
    variables: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Level:
    """One statement, and what becomes of its rows.

    Attributes:
        number: Its place among all levels of the plan.
        binding: Of its own rows.
        connection: Which page it reads for each parent; None: rows by their keys.
        joins: Rows joined to each of its own; row `n + 1` is the join `n`.
        cells: Columns of the statement.
        below: The levels that its rows refer to.
        shape: Of a connection, or of a row.
        few: Whether it is asked for one key, or for one by each of a few requests.
        rows: Whether rows are read at all, and not only counted.
        facts: Those of its pages that are selected, beside what `Edges` gives.
        cursors: Whether cursors are selected.
    """

    number: int
    binding: Binding
    connection: Connection | None
    joins: tuple[Join, ...]
    cells: tuple[Cell, ...]
    below: tuple["Link", ...]
    shape: Object
    few: bool = False
    rows: bool = True
    facts: frozenset[str] = frozenset()
    cursors: bool = False

    @cached_property
    def is_flat(self) -> bool:
        """Whether its rows are all that is selected of its pages, which are not on the root."""
        nested = self.connection is not None and self.connection.page.link is not None
        edges = sum(isinstance(each, Edges) for _, each in self.shape.fields)
        return nested and edges == 1 and not self.facts and not self.cursors


@dataclass(frozen=True, eq=False)
class Link:
    """A level below, and the cell that holds its key."""

    level: Level
    cell: int


@dataclass(frozen=True, eq=False)
class RootPage:
    """A root field that is a connection."""

    level: Level


@dataclass(frozen=True, eq=False)
class RootRows:
    """A root field that is one row by its global id, or a list of them.

    Attributes:
        levels: The level for each type that an id may name; None where such a row cannot be planned.
        definition: The field, as graphql-core knows it.
        node: Where the document selects it: holds the ids.
        variable: That they are taken from, if they are not written there.
        any_type: Whether ids of other types are null, and not an error.
        many: Whether it is a list.
    """

    levels: Mapping[str, Level | None]
    definition: GraphQLField
    node: FieldNode
    variable: str | None = None
    any_type: bool = False
    many: bool = False


@dataclass(frozen=True, eq=False)
class RootReference:
    """A row that is known by its key: `name` is the attribute of the payload that refers to it."""

    level: Level
    name: str


Root: TypeAlias = RootPage | RootRows | RootReference | Constant


@dataclass(frozen=True, eq=False)
class Plan:
    """How a query is answered: its root fields by response name.

    `levels` are all there are, by number. `repeats`: what is read once may be in the answer many times.
    `projectors` are made when they are first needed, `written` for each kind of database where a row need not
    be read. `habit` is of its runs. `serial` is no other plan's.
    """

    roots: tuple[tuple[str, Root], ...]
    levels: tuple[Level, ...]
    repeats: bool = False
    projectors: dict[int, Any] = field(default_factory=dict[int, Any])
    written: dict[str, Any] = field(default_factory=dict[str, Any])
    habit: Habit = field(default_factory=Habit)
    serial: int = field(default_factory=count(1).__next__)

    @cached_property
    def is_one_statement(self) -> bool:
        """Whether at most one statement is run: it needs no transaction to see one state of the data."""
        match [root for _, root in self.roots]:
            case [RootPage(level)]:
                return not level.below and not (level.rows and "count" in level.facts)
            case [RootReference(level)]:
                return not level.below
            case [RootRows(levels=levels, many=False)]:
                return not any(level.below for level in levels.values() if level is not None)
            case _:
                return False

    @cached_property
    def row(self) -> tuple[str, RootRows] | None:
        """Its only root, by response name, where that is one row by its id, with nothing below."""
        match self.roots:
            case [(name, RootRows(many=False) as root)] if self.is_one_statement:
                return name, root
            case _:
                return None
