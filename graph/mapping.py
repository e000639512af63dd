"""Questions about a mapped model, answered from the SQLAlchemy mapper; every wrong name is a TypeError."""

# pyright: standard
# Not strict: what Strawberry, SQLAlchemy and JSON bring is untyped.
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any, cast

from sqlalchemy import BinaryExpression, Enum, String, Table, inspect
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.orm import (
    CompositeProperty,
    Mapper,
    RelationshipDirection,
    RelationshipProperty,
    descriptor_props,
)
from sqlalchemy.sql import operators

from graph.binding import Association, Composite

_POSTGRESQL = PGDialect_psycopg()


def mapper_of(model: type[Any]) -> Mapper[Any]:
    return cast("Mapper[Any]", inspect(model))


def attribute(model: type[Any], name: str) -> str:
    """The name, once it is sure that the model has a column or hybrid of that name."""
    mapper = mapper_of(model)
    if name not in mapper.all_orm_descriptors or name in mapper.relationships or name in mapper.composites:
        raise TypeError(f"{model.__name__} has no column or hybrid «{name}».")
    return name


def primary_key(model: type[Any]) -> tuple[str, ...]:
    """The attributes that identify a row."""
    mapper = mapper_of(model)
    return tuple(mapper.get_property_by_column(item).key for item in mapper.primary_key)


def is_nullable(model: type[Any], name: str) -> bool:
    """Whether the attribute is a column of a table that may be null; of an expression it is not known."""
    prop = mapper_of(model).column_attrs.get(name)
    column = prop.columns[0] if prop is not None else None
    return column is not None and isinstance(getattr(column, "table", None), Table) and bool(column.nullable)


def is_never_null(model: type[Any], name: str) -> bool:
    """Whether the attribute is a column of a table in which it cannot be null."""
    prop = mapper_of(model).column_attrs.get(name)
    column = prop.columns[0] if prop is not None else None
    return column is not None and isinstance(getattr(column, "table", None), Table) and not column.nullable


def require_key(model: type[Any], name: str) -> None:
    """Make sure that an attribute can be a key of an order, the same on every database."""
    attribute(model, name)
    if is_nullable(model, name):
        raise TypeError(f"{model.__name__}.{name} can be null: order by a hybrid that coalesces it.")
    stored = getattr(model, name).type.dialect_impl(_POSTGRESQL)
    if isinstance(stored, Enum) or (isinstance(stored, String) and stored.collation != "C"):
        raise TypeError(f'{model.__name__}.{name} is text without collation "C": its order would vary.')


def composite(model: type[Any], name: str) -> Composite:
    """A composite of the model as a field of the same name."""
    prop = mapper_of(model).composites.get(name)
    if not isinstance(prop, CompositeProperty):
        raise TypeError(f"{model.__name__} has no composite «{name}».")
    none_on = prop.return_none_on
    make = cast("Callable[..., object]", prop.composite_class)

    def build(*values: object) -> object:
        return None if callable(none_on) and none_on(*values) else make(*values)

    sources = tuple(part.key for part in prop.props)
    return Composite(name, sources, build, _parts(make, none_on), callable(none_on))


def _parts(make: Any, none_on: Any) -> tuple[str, ...]:  # noqa: ANN401  # whatever SQLAlchemy was given
    """The attributes that show the sources one by one, if the class and the mapping leave it at that."""
    plain = is_dataclass(make) and not hasattr(make, "__post_init__")
    default = not callable(none_on) or none_on.__module__ == descriptor_props.__name__
    return tuple(each.name for each in fields(make)) if plain and default else ()


def relationship(model: type[Any], name: str) -> RelationshipProperty[Any]:
    """The relationship of that name, if it is one that statements can be derived from."""
    prop = mapper_of(model).relationships.get(name)
    if prop is None:
        raise TypeError(f"{model.__name__} has no relationship «{name}».")
    joins = [prop.primaryjoin, *([prop.secondaryjoin] if prop.secondaryjoin is not None else [])]
    if any(not isinstance(join, BinaryExpression) or join.operator is not operators.eq for join in joins):
        raise TypeError(f"{model.__name__}.{name} is joined by more than one equality.")
    return prop


def to_one_link(model: type[Any], name: str) -> str:
    """The attribute that holds the id of the one related row."""
    prop = relationship(model, name)
    if prop.direction is not RelationshipDirection.MANYTOONE:
        raise TypeError(f"{model.__name__}.{name} is not a to-one relationship.")
    [(local, remote)] = prop.local_remote_pairs or []
    if not remote.primary_key:
        raise TypeError(f"{model.__name__}.{name} refers to a column that is not the target's primary key.")
    return prop.parent.get_property_by_column(local).key


def to_many_link(model: type[Any], name: str) -> tuple[str, str | Association]:
    """The attribute that the many rows refer to, and what refers to it."""
    prop = relationship(model, name)
    if prop.direction is RelationshipDirection.MANYTOONE:
        raise TypeError(f"{model.__name__}.{name} is not a to-many relationship.")
    if prop.secondary is None:
        [(local, remote)] = prop.local_remote_pairs or []
        return prop.parent.get_property_by_column(local).key, prop.mapper.get_property_by_column(remote).key
    [(local, parent)] = prop.synchronize_pairs
    [(_, child)] = prop.secondary_synchronize_pairs or []
    source = prop.parent.get_property_by_column(local).key
    return source, Association(prop.secondary, cast("Any", parent), cast("Any", child))
