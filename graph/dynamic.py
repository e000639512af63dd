"""Names for what a type checker cannot follow here, each with its reason."""

from typing import Any, TypeAlias

Declared: TypeAlias = Any
"""What a field specifier returns: the declaration's annotation is its type, as with `dataclasses.field`."""

Alias: TypeAlias = Any
"""An alias of some model: its attributes are those of the model."""

Value: TypeAlias = Any
"""A value of whatever type the column or argument has; JSON where it came from JSON."""

Untyped: TypeAlias = Any
"""What Strawberry and graphql-core leave untyped: annotations, sources, results."""
