"""Writes documents as clients do, and stranger ones; the same one for the same seed."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    Undefined,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    is_required_argument,
)
from support.differential.scope import Scope, Taken
from support.differential.stock import Stock
from support.differential.values import Chances, Json, Values, Variable

META = ("__schema { queryType { name } }", '__type(name: "Account") { kind fields { name } }')
MOST_ROWS, MOST_DEPTH = 600, 13
_PAGING = {"first", "after", "last", "before"}
_VARIABLE = re.compile(r"\$(v\d+)")


@dataclass(frozen=True)
class Written:
    """A document and how to ask it.

    Attributes:
        text: The document.
        names: Names of its operations; None for one without a name.
        variables: Those that its operations declare.
        draw: Draws a value for one of them.
    """

    text: str
    names: tuple[str | None, ...]
    variables: tuple[Variable, ...]
    draw: Callable[[Variable, Chances], Json]


@dataclass
class _Fragment:
    name: str
    type: str
    text: str
    scope: Scope
    used: set[str]
    spreads: set[str]


@dataclass
class _Place:
    """Where the writer is: what is selected there, how deep, in how many rows at most, and its path."""

    type: GraphQLNamedType
    scope: Scope = field(default_factory=Scope)
    depth: int = 0
    rows: int = 1
    path: tuple[str, ...] = ()


class Writer:
    """Writes one document.

    Args:
        schema: Over which.
        stock: What its arguments may name.
        seed: Of all choices.
    """

    def __init__(self, schema: GraphQLSchema, stock: Stock, seed: int) -> None:
        self._schema, self._stock = schema, stock
        self._random = Random(seed)  # noqa: S311  # no secrets
        choose = self._random.choice
        self._values = Values(
            stock, self._random, Chances(choose((0, 0.15, 0.5)), choose((0, 0.1)), choose((0, 0, 0, 0.03)))
        )
        self._spread, self._conditional, self._again, self._strange = (
            choose(some) for some in ((0, 0.15, 0.4), (0, 0, 0.05, 0.2), (0, 0.1), (0, 0, 0, 0.1))
        )
        self._left = self._random.choice((5, 10, 20, 40))
        self._fragments: list[_Fragment] = []
        self._used: set[str] = set()
        self._spreads: set[str] = set()

    def write(self) -> Written:
        query = self._schema.query_type
        assert query is not None
        count = self._random.choice((1, 1, 1, 1, 1, 1, 2, 3))
        names = [f"Q{at}" for at in range(count)] if count > 1 or self._happens(0.4) else [None]
        parts: list[str] = []
        used, spreads = set[str](), set[str]()
        for name in names:
            self._left = max(self._left, 6)
            self._used, self._spreads = set(), set()
            selections = self._selections(_Place(query))
            declared = [self._values.variables[each].declaration for each in sorted(self._used)]
            head = f"query {name or ''}" + (f" ({', '.join(declared)})" if declared else "")
            parts.append(selections if name is None and not declared else f"{head} {selections}")
            used |= self._used
            spreads |= self._spreads
        parts.extend(each.text for each in self._fragments if each.name in spreads)
        variables = tuple(self._values.variables[each] for each in sorted(used))
        return Written("\n".join(parts), tuple(names), variables, self._draw)

    def _draw(self, variable: Variable, chances: Chances) -> Json:
        type_, name = variable.position
        return self._values.json(type_, name, chances)

    def _selections(self, place: _Place) -> str:
        few = self._left <= 0 or place.depth > 9
        count = 1 if few else self._random.choice((1, 2, 2, 3, 3, 4, 6))
        return "{ " + " ".join(self._selection(place) for _ in range(count)) + " }"

    def _selection(self, place: _Place) -> str:
        self._left -= 1
        abstract = is_abstract_type(place.type)
        if self._left > 0 and self._happens(0.7 if abstract else self._spread):
            return self._fragment(place) if self._happens(0.5) else self._inline(place)
        written = self._field(place)
        if self._happens(self._again):
            written += f" {self._field(place)}"
        return written

    def _inline(self, place: _Place) -> str:
        condition = self._condition(place.type)
        head = "..." if condition is place.type and self._happens(0.3) else f"... on {condition.name}"
        inner = _Place(condition, place.scope, place.depth, place.rows, place.path)
        return f"{head}{self._directives(fragment=True)} {self._selections(inner)}"

    def _fragment(self, place: _Place) -> str:
        """Spread a fragment: one that is there, if it fits, or a new one."""
        fitting = [
            each
            for each in self._fragments
            if self._meet(each.type, place.type.name) and each.scope.fits(place.scope)
        ]
        if fitting and self._happens(0.5):
            found = self._random.choice(fitting)
        else:
            found = self._new_fragment(place)
            if not found.scope.fits(place.scope):
                return self._field(place)
        found.scope.spread(place.scope)
        self._used |= found.used
        self._spreads |= {found.name, *found.spreads}
        return f"...{found.name}{self._directives(fragment=True)}"

    def _new_fragment(self, place: _Place) -> _Fragment:
        outer = self._used, self._spreads
        self._used, self._spreads = set(), set()
        condition = self._condition(place.type)
        inner = _Place(condition, Scope(), place.depth, place.rows, place.path)
        selections = self._selections(inner)
        name = f"F{self._random.randrange(10**9)}"
        text = f"fragment {name} on {condition.name} {selections}"
        made = _Fragment(name, condition.name, text, inner.scope, self._used, self._spreads)
        self._used, self._spreads = outer
        self._fragments.append(made)
        return made

    def _field(self, place: _Place) -> str:
        fields = _fields(place.type)
        again = [
            name
            for name, each in place.scope.taken.items()
            if each.beneath.taken and each.name in fields and fields[each.name].type == each.field.type
        ]
        if again and self._happens(self._again):
            name = self._random.choice(again)
            return self._selected(place, name, place.scope.taken[name])
        name = self._name(place)
        if name == "__typename":
            return f"__typename{self._directives()}"
        if name == "__schema":
            return self._random.choice(META)
        served = fields[name]
        wanted = f"a{self._random.randrange(9)}" if self._happens(self._again) else name
        self._values.room = min(10, MOST_ROWS // place.rows)
        arguments, follows = self._arguments(served, (*place.path, wanted), name)
        rows = place.rows * max(1, self._values.room) if "first" in served.args else place.rows
        what = Taken(name, served, arguments, rows, Scope())
        alias = place.scope.take(wanted, what)
        return self._selected(place, alias, place.scope.taken[alias], follows=follows)

    def _selected(self, place: _Place, alias: str, what: Taken, *, follows: bool = False) -> str:
        """A field, once more or for the first time, with what is selected beneath it."""
        inner = get_named_type(what.field.type)
        self._used |= set(_VARIABLE.findall(what.arguments))
        text = f"{'' if alias == what.name else f'{alias}: '}{what.name}{what.arguments}{self._directives()}"
        if is_leaf_type(inner):
            return text
        path = (*place.path, alias)
        selections = self._selections(_Place(inner, what.beneath, place.depth + 1, what.rows, path))
        if follows:
            selections = selections[:-1] + "pageInfo { startCursor endCursor } }"
        return f"{text} {selections}"

    def _name(self, place: _Place) -> str:
        """A field of the type: leaves where there is no room for more."""
        if self._happens(0.05):
            return "__typename"
        if place.type is self._schema.query_type and self._happens(0.02):
            return "__schema"
        left_out = self._stock.avoided | (frozenset() if self._happens(0.1) else self._stock.rare)
        fields = {name: each for name, each in _fields(place.type).items() if name not in left_out}
        leaves = [name for name, each in fields.items() if is_leaf_type(get_named_type(each.type))]
        deeper = [name for name in fields if name not in leaves and self._has_room(place, fields[name])]
        usual = "edges" if "totalCount" in fields else "node" if "cursor" in fields else ""
        if usual in deeper and self._happens(0.8):
            return usual
        if leaves and (not deeper or self._happens(0.65)):
            return self._random.choice(leaves)
        return self._random.choice(deeper) if deeper else "__typename"

    def _has_room(self, place: _Place, served: GraphQLField) -> bool:
        levels, paged = (4, True) if "first" in served.args else (2, False)
        wide = paged and place.rows > MOST_ROWS // 2
        return place.depth + levels <= MOST_DEPTH and not wide and (self._left > 0 or place.depth < 1)

    def _arguments(self, served: GraphQLField, path: tuple[str, ...], name: str) -> tuple[str, bool]:
        """Arguments of a field, and whether a variable among them follows the pages of its connection."""
        args, given = served.args, dict[str, str]()
        follows = False
        if "first" in args:
            size = self._random.choice(("first", "first", "first", "last" if "last" in args else "first"))
            if self._values.room < 10 or self._happens(0.7):
                given[size] = self._values.text(args[size].type, size)
            if self._happens(0.25):
                cursor = self._random.choice([each for each in ("after", "before") if each in args])
                given[cursor], follows = self._cursor(args[cursor], path, name)
        for key, each in args.items():
            often = 0.3 if key not in _PAGING else 0.02
            if key not in given and (is_required_argument(each) or self._happens(often)):
                about = get_named_type(served.type).name if key == "id" else key
                given[key] = self._values.text(each.type, about, default=each.default_value is not Undefined)
        written = [f"{key}: {text}" for key, text in given.items()]
        self._random.shuffle(written)
        return (f"({', '.join(written)})" if written else ""), follows

    def _cursor(self, argument: GraphQLArgument, path: tuple[str, ...], name: str) -> tuple[str, bool]:
        if self._happens(0.6):
            return self._values.cursor(path, argument.type), True
        known = self._stock.cursors.get(name) or [
            each for some in self._stock.cursors.values() for each in some
        ]
        if known and self._happens(0.9):
            return f'"{self._random.choice(known)}"', False
        return self._random.choice(('"bad"', '""', "null")), False

    def _directives(self, *, fragment: bool = False) -> str:
        if self._happens(self._strange / 5):
            return " @defer" if fragment else ""
        if not self._happens(self._conditional):
            return ""
        chosen = self._random.sample(("skip", "include"), self._random.choice((1, 1, 1, 2)))
        written = ""
        for name in chosen:
            [directive] = (each for each in self._schema.directives if each.name == name)
            if self._happens(0.5):
                text = self._values.text(directive.args["if"].type, "if")
                self._used |= set(_VARIABLE.findall(text))
            else:
                text = "false" if name == "skip" else "true"
            written += f" @{name}(if: {text})"
        return written

    def _condition(self, type_: GraphQLNamedType) -> GraphQLNamedType:
        """A type condition that may hold: mostly a concrete type."""
        known = [each for each in self._schema.type_map if self._meet(each, type_.name)]
        if type_.name not in known or self._happens(0.6):
            concrete = [each for each in known if isinstance(self._schema.type_map[each], GraphQLObjectType)]
            return self._schema.type_map[self._random.choice(concrete or known)]
        return self._schema.type_map[self._random.choice(known)]

    def _meet(self, one: str, other: str) -> bool:
        """Whether an object can be of both types."""
        return not self._objects(one).isdisjoint(self._objects(other))

    def _objects(self, name: str) -> set[str]:
        type_ = self._schema.type_map[name]
        if is_abstract_type(type_):
            return {each.name for each in self._schema.get_possible_types(type_)}
        return {name} if isinstance(type_, GraphQLObjectType) else set()

    def _happens(self, chance: float) -> bool:
        return self._random.random() < chance


def _fields(type_: GraphQLNamedType) -> dict[str, GraphQLField]:
    return getattr(type_, "fields", {})
