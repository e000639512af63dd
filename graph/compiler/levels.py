"""Collects what one level of a plan needs, while the selection is walked that it is made of."""

from sqlalchemy import Integer, Uuid

from graph.binding import Association, Binding, Page
from graph.compiler.plan import Below, Cell, Connection, Fact, Join, Level, Link, Object


class Unplannable(Exception):
    """Nothing is wrong with the query, but it takes graphql-core: the message says why."""


class LevelMaker:
    """A level in the making.

    Attributes:
        binding: Of its own rows.
        shared: Whether two parents may have the same row.
        rows: Whether rows are selected.
        cursors: Whether cursors are selected.
        joins: So far.
    """

    def __init__(self, binding: Binding, page: Page | None = None) -> None:
        self.binding = binding
        self.shared = page is None or isinstance(page.link, Association)
        self.rows = page is None
        self.cursors = False
        self.joins: list[Join] = []
        self._cells: dict[Cell, int] = {}
        self._shown: set[Cell] = set()
        self._below: list[Link] = []
        self._facts: set[str] = set()

    def cell(self, row: int, attribute: str, *, presence: bool = False) -> int:
        """The number of a cell, which is read once however often it is asked for."""
        return self._cells.setdefault(Cell(row, attribute, presence), len(self._cells))

    def is_shown(self, row: int, attribute: str) -> bool:
        """Whether this was asked before."""
        cell = Cell(row, attribute)
        known = cell in self._shown
        self._shown.add(cell)
        return known

    def join(self, row: int, link: str, target: Binding) -> int:
        """Join the row that another refers to; its number. What is joined already is not joined again."""
        for number, known in enumerate(self.joins, 1):
            if (known.parent, known.link) == (row, link):
                return number
        self.joins.append(Join(row, link, target))
        return len(self.joins)

    def link(self, level: Level, cell: int, *, required: bool) -> Below:
        """Hang a level below this one.

        Raises:
            Unplannable: Its keys cannot be handed on as text.
        """
        stored = self._type(cell)
        if not isinstance(stored, Uuid | Integer):
            raise Unplannable(f"{self.binding.name} refers to {level.binding.name} by keys of another kind.")
        self._below.append(Link(level, cell))
        return Below(len(self._below) - 1, cell, required)

    def _type(self, cell: int) -> object:
        row, attribute = list(self._cells)[cell].row, list(self._cells)[cell].attribute
        binding = self.joins[row - 1].target if row else self.binding
        return getattr(binding.model, attribute).type

    def fact(self, name: str) -> Fact:
        """Ask for something about each page as a whole."""
        self._facts.add(name)
        self.rows |= name != "count"
        return Fact(name)

    def made(self, number: int, connection: Connection | None, shape: Object, *, few: bool = False) -> Level:
        """The level."""
        if self.rows and not self._cells:
            self.cell(0, self.binding.key[0])  # a statement has to select something
        return Level(
            number,
            self.binding,
            connection,
            tuple(self.joins),
            tuple(self._cells),
            tuple(self._below),
            shape,
            few,
            self.rows,
            frozenset(self._facts),
            self.cursors or bool(self._facts & {"start", "end"}),
        )
