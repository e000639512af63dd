"""What a GraphQL type shows of a model, as frozen data: nothing executes, so that it can be compiled."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

from sqlalchemy import Column as TableColumn
from sqlalchemy import ColumnElement, FromClause

from graph.dynamic import Alias
from graph.filters import Criterion
from graph.order import Key, Order

Visible: TypeAlias = Callable[[Alias, Any], "ColumnElement[bool] | None"]
"""`(alias, caller) -> condition`: which rows the caller sees; None, not `true`, when all of them."""


@dataclass(frozen=True)
class Column:
    """A field that is a column or a hybrid of the model."""

    name: str
    source: str


@dataclass(frozen=True)
class Composite:
    """A field that is a value made of several columns or hybrids.

    `build` makes the value. `parts` names, source by source, the value's attribute that shows it; there are
    none when `build` does more than that. `optional`: the value is None when all sources are.
    """

    name: str
    sources: tuple[str, ...]
    build: Callable[..., object]
    parts: tuple[str, ...] = ()
    optional: bool = True


@dataclass(frozen=True)
class ToOne:
    """A field that is one related row; `link` is the model's attribute that holds the related row's `id`."""

    name: str
    link: str
    target: type[Any]
    nullable: bool


@dataclass(frozen=True)
class Association:
    """The table between two models of a many-to-many relationship."""

    table: FromClause
    parent: TableColumn[Any]
    child: TableColumn[Any]


@dataclass(frozen=True)
class Page:
    """A connection to many rows.

    `criteria` are those of direct arguments, declared by `flat` as (annotation, description, required).
    `source` is the parent's attribute that the rows refer to and `link` what refers to it: an attribute of
    the target, or an association. Both are None for a connection on the root.
    """

    name: str
    target: type[Any]
    default_size: int | None
    criteria: Mapping[str, Criterion] = field(default_factory=dict[str, Criterion])
    flat: Mapping[str, tuple[Any, str, bool]] = field(default_factory=dict[str, tuple[Any, str, bool]])
    takes_filter: bool = True
    takes_order: bool = True
    forward_only: bool = False
    source: str | None = None
    link: str | Association | None = None


@dataclass(frozen=True)
class Owner:
    """As visible as the row it belongs to: `link` holds that one's id; without one, hidden once any are."""

    relationship: str
    link: str
    target: type[Any]


Field: TypeAlias = Column | Composite | ToOne | Page


@dataclass(frozen=True, eq=False)
class Binding:
    """A GraphQL type and the model it shows.

    `key` names the attributes that identify a row, never null: the tie-breaker of every order. `id` alone for
    a node.
    """

    name: str
    cls: type[Any]
    model: type[Any]
    key: tuple[str, ...]
    fields: Mapping[str, Field]
    filter: type[Any] | None
    criteria: Mapping[str, Criterion]
    relations: Mapping[str, Page]
    order: Order | None
    default_order: tuple[Key, ...]
    visible: tuple[Visible | Owner, ...]

    @cached_property
    def attributes(self) -> tuple[str, ...]:
        """The model's attributes that a read selects, each once."""
        needed = dict.fromkeys(self.key)
        for item in self.fields.values():
            match item:
                case Column(source=source):
                    needed[source] = None
                case Composite(sources=sources):
                    needed.update(dict.fromkeys(sources))
                case ToOne(link=link):
                    needed[link] = None
                case Page(source=str() as source):
                    needed[source] = None
                case _:
                    pass
        return tuple(needed)

    @cached_property
    def composites(self) -> tuple[Composite, ...]:
        return tuple(item for item in self.fields.values() if isinstance(item, Composite))

    @cached_property
    def renamed(self) -> tuple[tuple[str, str], ...]:
        """The columns served under another name, as (name, source)."""
        columns = (item for item in self.fields.values() if isinstance(item, Column))
        return tuple((item.name, item.source) for item in columns if item.name != item.source)

    def __repr__(self) -> str:
        return f"<Binding {self.name} shows {self.model.__name__}>"


def binding_of(cls: type[Any]) -> Binding:
    """The binding of a type decorated with `shows`.

    Raises:
        TypeError: `bind_all` has not run yet, or the class was never declared.
    """
    binding = cls.__dict__.get("__binding__")
    if not isinstance(binding, Binding):
        raise TypeError(f"{cls.__name__} is not bound: declare it with `shows` and call `bind_all`.")
    return binding
