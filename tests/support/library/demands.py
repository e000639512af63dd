"""What comes before a document of the library runs, step by step."""

from dataclasses import asdict, fields
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLDeferDirective,
    GraphQLSchema,
    GraphQLStreamDirective,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    get_introspection_query,
)
from support.library.engines import SCHEMA

import graph
import schema as served
from graph import CodedError, Demand, DemandLimits

LIBRARY = SCHEMA()._schema  # noqa: SLF001  # Strawberry offers no other way
INCREMENTAL = GraphQLSchema(
    **{
        **LIBRARY.to_kwargs(),
        "directives": (*LIBRARY.directives, GraphQLDeferDirective, GraphQLStreamDirective),
    }
)
SERVED = served.build_schema()._schema  # noqa: SLF001  # Strawberry offers no other way
ANY = 10**200
UNLIMITED = {each.name: ANY for each in fields(DemandLimits)}
DEFAULTS = asdict(DemandLimits())
STANDARD = get_introspection_query(
    specified_by_url=True,
    directive_is_repeatable=True,
    schema_description=True,
    input_value_deprecation=True,
    one_of=True,
    type_depth=13,
)


def demand(**limits: int) -> Demand:
    """Of the library, with these limits and no others."""
    return Demand(INCREMENTAL, DemandLimits(**{**UNLIMITED, **limits}), graph.Limits())


def before_running(document: DocumentNode, by: Demand, variables: dict[str, Any] | None = None) -> bool:
    """Do all that comes before the first resolver; whether the document is valid."""
    by.measure(document)
    if by.validate(document):
        return False
    for operation in document.definitions:
        if isinstance(operation, OperationDefinitionNode):
            by.price(document, operation).of(variables or {})
    return True


def check(text: str, by: Demand, variables: dict[str, Any] | None = None) -> str:
    """What the text is refused with, if it is."""
    try:
        return "" if before_running(by.parse(text), by, variables) else "INVALID"
    except CodedError as error:
        return error.code
    except GraphQLSyntaxError:
        return "SYNTAX"


def chain(links: int, last: str, spreads: int = 1) -> str:
    """Fragments of which each spreads the next one so many times."""
    inner = [f"fragment F{i} on Query {{ {f'...F{i + 1} ' * spreads} }}" for i in range(links)]
    return " ".join(["{ ...F0 }", *inner, f"fragment F{links} on Query {{ {last} }}"])


def some_fragments(count: int) -> str:
    """Each in a place of its own."""
    spread = " ".join(f"a{i}: author(id: 1) {{ ...F{i} }}" for i in range(count))
    return f"{{ {spread} }} " + " ".join(f"fragment F{i} on Author {{ id }}" for i in range(count))
