"""Values of arguments: as JSON for variables, and as literals in which variables may stand."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Any, TypeAlias

from graphql import (
    GraphQLEnumType,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    Undefined,
    get_named_type,
)
from support.differential.stock import Stock

Json: TypeAlias = Any
WRONG: tuple[Json, ...] = (
    0,
    1.5,
    True,
    "x",
    "",
    [],
    ["x", None],
    {},
    {"field": "NAME"},
    2**31,
    -(2**63),
    3.0,
    1e300,
    "3",
    "\x00",
)
INSTANTS = ("2025-06-07T08:09:10.123456Z", "2001-02-03T04:05:06+00:00")


@dataclass(frozen=True)
class Variable:
    """A variable of an operation.

    Attributes:
        name: Without the dollar sign.
        type: As the operation declares it.
        position: The type of the places where it stands, and the name of the argument there.
        default: As a literal; None for none.
        connection: Where in an answer the connection is of which it takes a cursor, by response names.
    """

    name: str
    type: str
    position: tuple[GraphQLInputType, str]
    default: str | None = None
    connection: tuple[str, ...] | None = None

    @property
    def declaration(self) -> str:
        return f"${self.name}: {self.type}" + (f" = {self.default}" if self.default is not None else "")


@dataclass(frozen=True)
class Chances:
    """How often, from 0 to 1: a variable stands in place of a literal, a value is null, or is wrong."""

    variable: float = 0.3
    null: float = 0.1
    wrong: float = 0.0


class Values:
    """Draws values of input types; the same ones for the same random numbers."""

    def __init__(self, stock: Stock, random: Random, chances: Chances) -> None:
        self._stock, self._random, self._chances = stock, random, chances
        self.variables: dict[str, Variable] = {}
        self.room = 10
        """The size of pages that still fits."""

    def json(self, type_: GraphQLInputType, name: str, chances: Chances | None = None) -> Json:  # noqa: PLR0911  # one for each kind
        """A value for a variable.

        Args:
            type_: That it must be of.
            name: Of the argument or field that takes it; for an id, the type that it must name.
            chances: Others than the document's.
        """
        chances = chances or self._chances
        if self._happens(chances.wrong):
            return self._random.choice(WRONG)
        match type_:
            case GraphQLNonNull(of_type=inner):
                return self.json(inner, name, replace(chances, null=0))
            case _ if self._happens(chances.null):
                return None
            case GraphQLList(of_type=inner):
                if self._happens(0.05):
                    return self.json(inner, name, replace(chances, null=0))
                return [self.json(inner, name, chances) for _ in range(self._random.choice((0, 1, 1, 2, 3)))]
            case GraphQLInputObjectType():
                fields = self._fields(type_)
                return {key: self.json(field.type, key, chances) for key, field in fields.items()}
            case GraphQLEnumType():
                return self._random.choice(list(type_.values))
            case _:
                return self._scalar(type_.name, name)

    def text(self, type_: GraphQLInputType, name: str, *, default: bool = False) -> str:
        """A value for a place in a document: a literal, or one in which variables stand.

        Args:
            type_: That it must be of.
            name: Of the argument or field that takes it.
            default: Whether the place has a default, so that it takes a variable that may be null.
        """
        if self._happens(self._chances.variable):
            return f"${self._variable(type_, name, default=default).name}"
        inner = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
        if inner is type_ and self._happens(self._chances.null):
            return "null"
        if isinstance(inner, GraphQLList) and not self._happens(0.05):
            items = [self.text(inner.of_type, name) for _ in range(self._random.choice((0, 1, 1, 2, 3)))]
            return f"[{', '.join(items)}]"
        if isinstance(inner, GraphQLInputObjectType):
            return self._object(inner)
        return literal(self.json(inner, name, Chances(null=0)), inner)

    def cursor(self, connection: tuple[str, ...], type_: GraphQLInputType) -> str:
        """A variable for a cursor of an earlier answer."""
        name = f"v{len(self.variables)}"
        self.variables[name] = Variable(name, "String", (type_, "after"), connection=connection)
        return f"${name}"

    def _object(self, type_: GraphQLInputObjectType) -> str:
        parts = [
            f"{key}: {self.text(field.type, key, default=field.default_value is not Undefined)}"
            for key, field in self._fields(type_).items()
        ]
        return f"{{{', '.join(parts)}}}"

    def _fields(self, type_: GraphQLInputObjectType) -> Mapping[str, GraphQLInputField]:
        """Fields to give: those that must be given, and some of the others."""
        avoided = self._stock.avoided
        optional = [key for key, field in type_.fields.items() if not _required(field) and key not in avoided]
        chosen = set(
            self._random.sample(optional, min(len(optional), self._random.choice((0, 1, 1, 1, 2, 3))))
        )
        keys = [key for key, field in type_.fields.items() if key in chosen or _required(field)]
        self._random.shuffle(keys)
        return {key: type_.fields[key] for key in keys}

    def _variable(self, type_: GraphQLInputType, name: str, *, default: bool) -> Variable:
        """A variable that may stand at such a place, new or used before."""
        known = [each for each in self.variables.values() if each.position == (type_, name) and not default]
        if known and self._happens(0.3):
            return self._random.choice(known)
        inner = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
        required = inner is not type_
        written: str | None = None
        if self._happens(0.3):
            given = GraphQLNonNull(inner) if required or self._happens(0.8) else inner
            written = literal(self.json(given, name, Chances(null=1)), inner)
        nullable = written is not None or default or not required
        strict = not nullable or self._happens(0.2)
        if strict and written == "null":
            written = None
        declared = Variable(
            f"v{len(self.variables)}", f"{inner}{'!' if strict else ''}", (type_, name), written
        )
        self.variables[declared.name] = declared
        return declared

    def _scalar(self, type_: str, name: str) -> Json:
        stock, choose = self._stock, self._random.choice
        makers: dict[str, Callable[[], Json]] = {
            "ID": lambda: self._id(name),
            "Int": lambda: self._size() if name in {"first", "last"} else choose((0, 1, -1, 2**31 - 1)),
            "Float": lambda: choose((0.0, 1.5)),
            "Boolean": lambda: choose((True, False)),
            "Date": lambda: choose(stock.days),
            "DateTime": lambda: choose(INSTANTS),
            "String": lambda: choose(stock.texts),
        }
        return makers.get(type_, makers["String"])()

    def _size(self) -> int:
        if self._happens(0.02):
            return self._random.choice((-1, -(2**31), 201, 2**31 - 1))
        return self._random.randint(0, max(1, self.room))

    def _id(self, name: str) -> str:
        """An id of the type that is asked for; sometimes one of nothing, of another type, or none at all."""
        ids, choose = self._stock.ids, self._random.choice
        type_ = self._stock.named.get(name, name)
        if type_ not in ids:
            type_ = choose(list(ids))
        chance = self._random.random()
        if chance < 0.88:
            return choose(ids[type_])
        if chance < 0.93:
            return self._stock.absent[type_]
        return choose(
            (choose(ids[choose(list(ids))]), "", "x", "QWNjb3VudDo=", ids[type_][0].rstrip("="), "é")
        )

    def _happens(self, chance: float) -> bool:
        return self._random.random() < chance


def _required(field: GraphQLInputField) -> bool:
    return isinstance(field.type, GraphQLNonNull) and field.default_value is Undefined


def literal(value: Json, type_: GraphQLInputType) -> str:  # noqa: PLR0911  # one for each kind
    """JSON as GraphQL writes it: names of enums and of fields bare."""
    match value, type_:
        case None, _:
            return "null"
        case list(), GraphQLList(of_type=inner):
            return f"[{', '.join(literal(item, inner) for item in value)}]"
        case _, GraphQLNonNull(of_type=inner) | GraphQLList(of_type=inner):
            return literal(value, inner)
        case dict(), GraphQLInputObjectType(fields=fields):
            return (
                f"{{{', '.join(f'{key}: {literal(item, fields[key].type)}' for key, item in value.items())}}}"
            )
        case str(), _ if isinstance(get_named_type(type_), GraphQLEnumType):
            return value
        case str(), _:
            return json.dumps(value.encode("utf-8", "replace").decode(), ensure_ascii=False)
        case _:
            return json.dumps(value)
