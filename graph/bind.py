"""Turns declarations into bindings and Strawberry types, once all classes exist and names can be resolved."""

# pyright: standard
# Not strict: what Strawberry, SQLAlchemy and JSON bring is untyped.
import sys
from collections.abc import Mapping
from dataclasses import replace
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import strawberry

from graph import mapping
from graph.binding import Binding, Column, Composite, Field, Owner, Page, ToOne, binding_of
from graph.connections import Connection, connection_type
from graph.declare import DEFAULT, ColumnMark, Declaration, Registry, RelationMark, ValueMark, flat_arguments
from graph.fields import PageField, ToOneField
from graph.filters import Criterion, criteria
from graph.node import Node
from graph.weights import ROW

Mark = ColumnMark | ValueMark | RelationMark


def bind_all(registry: Registry = DEFAULT) -> list[type[Any]]:
    """Bind every declared class; call it before the schema is built. Repeating it is harmless.

    Returns:
        All bound types, for `Schema(types=…)`.

    Raises:
        TypeError: A declaration names what the model lacks, cannot be null where the column can, orders by a
            key that is not total, or shows a row without the rows it must refer to.
    """
    pending, registry.pending = registry.pending, []
    names = {binding.cls.__name__: binding.cls for binding in registry.bindings.values()}
    names |= {item.cls.__name__: item.cls for item in pending}
    models = {binding.model: binding.cls for binding in registry.bindings.values()}
    for item in pending:
        if models.setdefault(item.model, item.cls) is not item.cls:
            raise TypeError(f"{item.model.__name__} is shown by {models[item.model].__name__} already.")
    for item in pending:
        _bind(item, names, models)
    for item in pending:
        binding = binding_of(item.cls)
        _require_closed(binding)
        registry.bindings[binding.name] = binding
    return [binding.cls for binding in registry.bindings.values()]


def _bind(item: Declaration, names: Mapping[str, Any], models: Mapping[type[Any], type[Any]]) -> None:
    cls, model = item.cls, item.model
    hints = get_type_hints(cls, vars(sys.modules[cls.__module__]), dict(names), include_extras=True)
    fields: dict[str, Field] = {}
    for name, mark in _marks(cls).items():
        bound, served = _field(item, name, mark, hints[name])
        fields[name] = bound
        setattr(cls, name, served)
        cls.__annotations__[name] = hints[name] if isinstance(bound, Column | Composite) else object
    key = mapping.primary_key(model)
    if issubclass(cls, Node) and key != ("id",):
        raise TypeError(f"{cls.__name__}: a node's primary key is the one column «id».")
    known = criteria(item.filter) if item.filter else {}
    pages = [field for field in fields.values() if isinstance(field, Page)]
    binding = Binding(
        cls.__name__,
        cls,
        model,
        key,
        fields,
        item.filter,
        _with_nodes(known, model, models),
        _relations(known, model, models),
        item.order,
        item.default_order,
        tuple(_owner(model, rule, models) if isinstance(rule, str) else rule for rule in item.visible),
    )
    for attribute in (*key, *(key.attribute for key in item.default_order)):
        mapping.require_key(model, attribute)
    for field in item.order.fields.values() if item.order else ():
        mapping.require_key(model, field.attribute)
    if pages and len(key) != 1:
        raise TypeError(f"{cls.__name__}: a type with connections needs a primary key of one column.")
    typed: Any = cls
    typed.__binding__ = binding
    typed.__connection__ = connection_type(cls, cls.__name__)
    strawberry.type(cls, description=item.description, directives=[ROW])


def _marks(cls: type[Any]) -> dict[str, Mark]:
    """The marks of the class and of plain classes that it inherits, such as fields that many types share."""
    parents = reversed(cls.__mro__)
    return {name: mark for each in parents for name, mark in vars(each).items() if isinstance(mark, Mark)}


def _field(item: Declaration, name: str, mark: Mark, hint: Any) -> tuple[Field, Any]:  # noqa: ANN401  # an annotation
    model = item.model
    source = mark.source or name
    inner, nullable = _nullable(hint)
    if isinstance(mark, ColumnMark):
        mapping.attribute(model, source)
        if not nullable and mapping.is_nullable(model, source):
            raise TypeError(f"{item.cls.__name__}.{name}: {model.__name__}.{source} can be null.")
        return Column(name, source), strawberry.field(description=mark.description)
    if isinstance(mark, ValueMark):
        return _composite(model, name, source, mark, inner), strawberry.field(description=mark.description)
    if get_origin(hint) is not Connection:
        bound = ToOne(name, mapping.to_one_link(model, source), inner, nullable)
        return bound, ToOneField(bound, mark.description)
    [target] = get_args(hint)
    parent, link = mapping.to_many_link(model, source)
    known, flat = flat_arguments(mark.arguments)
    taken = mark.takes_filter, mark.takes_order
    page = Page(name, target, mark.default_size, known, flat, *taken, source=parent, link=link)
    return page, PageField(mark.description, page, item.cls.__name__)


def _composite(model: type[Any], name: str, source: str, mark: ValueMark, cls: Any) -> Composite:  # noqa: ANN401  # a value type
    if mark.parts is None:
        return replace(mapping.composite(model, source), name=name)
    parts = tuple(mark.parts)

    def build(*values: object) -> object:
        return None if all(item is None for item in values) else cls(**dict(zip(parts, values, strict=True)))

    return Composite(
        name, tuple(mapping.attribute(model, item) for item in mark.parts.values()), build, parts
    )


def _nullable(hint: Any) -> tuple[Any, bool]:  # noqa: ANN401  # an annotation
    if get_origin(hint) in {Union, UnionType}:
        inner = [item for item in get_args(hint) if item is not type(None)]
        if len(inner) < len(get_args(hint)):
            return inner[0], True
    return hint, False


def _with_nodes(
    known: Mapping[str, Criterion], model: type[Any], models: Mapping[type[Any], type[Any]]
) -> dict[str, Criterion]:
    """The criteria, checked against the model; those over relationships know the type that their id names."""
    made: dict[str, Criterion] = {}
    for name, item in known.items():
        if item.through is not None:
            target = _target(model, str(item.attribute), models)
            made[name] = replace(item, node=target.__name__)
        else:
            made[name] = item
            if item.attribute is not None:
                mapping.attribute(model, item.attribute)
    return made


def _relations(
    known: Mapping[str, Criterion], model: type[Any], models: Mapping[type[Any], type[Any]]
) -> dict[str, Page]:
    """The relationships that filters ask about, whether or not they are shown."""
    relations: dict[str, Page] = {}
    for item in known.values():
        if item.through is not None:
            name = str(item.attribute)
            source, link = mapping.to_many_link(model, name)
            relations[name] = Page(name, _target(model, name, models), None, source=source, link=link)
    return relations


def _target(model: type[Any], name: str, models: Mapping[type[Any], type[Any]]) -> type[Any]:
    target = mapping.relationship(model, name).mapper.class_
    if target not in models:
        raise TypeError(f"{model.__name__}.{name}: nothing shows {target.__name__}.")
    return models[target]


def _owner(model: type[Any], name: str, models: Mapping[type[Any], type[Any]]) -> Owner:
    return Owner(name, mapping.to_one_link(model, name), _target(model, name, models))


def _require_closed(binding: Binding, above: tuple[Binding, ...] = ()) -> None:
    """Refuse a visible row that must refer to one which may be hidden, and owners that own each other."""
    if binding in above:
        raise TypeError(f"{binding.name} is as visible as itself.")
    owners = [rule for rule in binding.visible if isinstance(rule, Owner)]
    for owner in owners:
        _require_closed(binding_of(owner.target), (*above, binding))
    given = {owner.link for owner in owners}
    for field in binding.fields.values():
        if not isinstance(field, ToOne) or field.nullable or field.link in given:
            continue
        if binding_of(field.target).visible:
            raise TypeError(
                f"{binding.name}.{field.name} cannot be null, but may be hidden: make it nullable, or "
                f"{binding.name} visible by it."
            )
