"""How a type says what it shows: markers that `bind_all` turns into bindings and fields."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, dataclass_transform

from strawberry.types.base import StrawberryOptional

from graph.binding import Binding, Visible
from graph.binding import Page as PageBinding
from graph.dynamic import Declared
from graph.fields import NodeField, NodesField, OneField, PageField, ReferenceField
from graph.filters import Criterion, criteria
from graph.node import Node
from graph.order import Key, Order
from graph.weights import ASSUMED_SIZE, ListSize

T = TypeVar("T")


@dataclass(frozen=True)
class ColumnMark:
    description: str
    source: str | None = None


@dataclass(frozen=True)
class ValueMark:
    description: str
    parts: Mapping[str, str] | None = None
    source: str | None = None


@dataclass(frozen=True)
class RelationMark:
    description: str
    source: str | None = None
    arguments: type[Any] | None = None
    takes_filter: bool = True
    takes_order: bool = True
    default_size: int | None = None


@dataclass(frozen=True)
class Declaration:
    """A decorated class, before it is bound."""

    cls: type[Any]
    model: type[Any]
    description: str
    filter: type[Any] | None
    order: Order | None
    default_order: tuple[Key, ...]
    visible: tuple[str | Visible, ...]


@dataclass
class Registry:
    """The types of one schema. There is a default one; tests of graph itself use others."""

    pending: list[Declaration] = field(default_factory=list[Declaration])
    bindings: dict[str, Binding] = field(default_factory=dict[str, Binding])


DEFAULT = Registry()


def column(*, description: str, source: str | None = None) -> Declared:
    """Show a column or hybrid of the field's name, or of the name `source`."""
    return ColumnMark(description, source)


def value(*, description: str, source: str | None = None, parts: Mapping[str, str] | None = None) -> Declared:
    """Show several columns as one value.

    Args:
        description: For the schema.
        source: A composite of the model; the field's name by default.
        parts: Instead of a composite: the value type's fields and the columns or hybrids they show. The value
            is null when all parts are.
    """
    return ValueMark(description, parts, source)


def relation(  # noqa: PLR0913  # options of a declaration, all by name
    *,
    description: str,
    source: str | None = None,
    arguments: type[Any] | None = None,
    filter: bool = True,
    order: bool = True,
    default_size: int | None = None,
) -> Declared:
    """Show a relationship: one row, or with `Connection[X]` a page of many.

    Args:
        description: For the schema.
        source: The model's relationship; the field's name by default.
        arguments: For a page: an input class, declared like a filter, of which the fields become arguments.
        filter: For a page: whether it takes the filter of its nodes.
        order: For a page: whether it takes the order of its nodes.
        default_size: For a page: rows without `first` and `last`, instead of the reader's default.
    """
    return RelationMark(description, source, arguments, filter, order, default_size)


@dataclass_transform(kw_only_default=True, field_specifiers=(column, value, relation))
def shows(  # noqa: PLR0913  # options of a declaration, all by name
    model: type[Any],
    *,
    description: str,
    filter: type[Any] | None = None,
    order: Order | None = None,
    default_order: Sequence[Key] = (),
    visible: str | Visible | Sequence[str | Visible] = (),
    registry: Registry = DEFAULT,
) -> Callable[[type[T]], type[T]]:
    """Declare that the class shows a model. Its fields and relations exist once `bind_all` has run.

    Args:
        model: A mapped class.
        description: For the schema.
        filter: Input whose fields `equal`, `has`, … made: offered by every connection to the type.
        order: What `order` made: offered by every connection to the type.
        default_order: The order without `orderBy`; by id, that is by creation, when empty.
        visible: Which rows a caller sees: `function(alias, caller) -> condition | None`, or a to-one
            relationship of the model («as visible as the row it belongs to»), or several of which all must
            hold. Everyone sees everything when empty.
        registry: Whose schema the type belongs to.
    """
    rules = (visible,) if isinstance(visible, str) or callable(visible) else tuple(visible)

    def declare(cls: type[T]) -> type[T]:
        registry.pending.append(
            Declaration(cls, model, description, filter, order, tuple(default_order), rules)
        )
        return cls

    return declare


def root_one(cls: type[Node], *, description: str) -> Declared:
    """A root field: one row by its global id, null if there is none that the caller sees."""
    return OneField(cls, description)


def root_page(  # noqa: PLR0913  # options of a declaration, all by name
    cls: type[Any],
    *,
    description: str,
    arguments: type[Any] | None = None,
    filter: bool = True,
    order: bool = True,
    default_size: int | None = None,
    forward_only: bool = False,
) -> Declared:
    """A root field: all rows that the caller sees, a page at a time.

    Args:
        cls: Decorated with `shows`.
        description: For the schema.
        arguments: An input class, declared like a filter, of which the fields become arguments. A field that
            must not be null is required.
        filter: Whether it takes the filter of its nodes.
        order: Whether it takes the order of its nodes.
        default_size: Rows without `first` and `last`, instead of the reader's default.
        forward_only: Without `last` and `before`.
    """
    page = PageBinding("", cls, default_size, *flat_arguments(arguments), filter, order, forward_only)
    return PageField(description, page, "Query")


def root_node(*, description: str = "Any row by its global id.", registry: Registry = DEFAULT) -> Declared:
    """`node`: any row by its global id, null if there is none that the caller sees."""
    return NodeField(description, registry.bindings.get)


def root_nodes(
    *, description: str = "Rows by their global ids, in the same order.", registry: Registry = DEFAULT
) -> Declared:
    """`nodes`: rows by their global ids; one statement for each type among them."""
    return NodesField(description, registry.bindings.get)


def reference(*, description: str) -> Declared:
    """A payload's entity: takes `X.ref(id)` or None, serves the row as it is when it is read."""
    return ReferenceField(description=description, default=None)


def references(*, description: str, assumed_size: int = ASSUMED_SIZE) -> Declared:
    """A payload's entities: takes a list of `X.ref(id)`, serves the rows that exist and the caller sees.

    Args:
        description: For the schema.
        assumed_size: For how many rows it counts in a query's cost.
    """
    return ReferenceField(
        description=description, default_factory=list, directives=[ListSize(assumed_size=assumed_size)]
    )


def flat_arguments(
    cls: type[Any] | None,
) -> tuple[dict[str, Criterion], dict[str, tuple[Any, str, bool]]]:
    """The fields of an input class as direct arguments: what they mean, and how they are served."""
    known, flat = criteria(cls) if cls else {}, dict[str, tuple[Any, str, bool]]()
    for item in cls.__strawberry_definition__.fields if cls else ():
        if known[item.python_name].through is not None:
            raise TypeError(f"{item.python_name}: has and lacks are for filters.")
        annotation: Any = item.type
        optional = isinstance(annotation, StrawberryOptional)
        flat[item.python_name] = (
            annotation.of_type if optional else annotation,
            item.description,
            not optional,
        )
    return known, flat
