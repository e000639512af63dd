"""Makes the plan of what an operation costs: the fields that hold rows, merged as they will be run."""

# pyright: standard
# Not strict: what Strawberry and graphql-core tell of a schema is untyped.
from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass, field
from math import ceil
from typing import TypeAlias

from graphql import (
    BooleanValueNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_enum_type,
    is_input_object_type,
    is_interface_type,
    is_list_type,
    is_object_type,
)
from graphql.utilities import value_from_ast_untyped

from graph.demand.costs import ALWAYS, Condition, Counted, Fixed, Plan, Size, Slice, Step
from graph.dynamic import Untyped
from graph.fields import NodesField, PageField
from graph.paging import Limits, default_size
from graph.weights import ASSUMED_SIZE, ListSize

DEFINITION = "strawberry-definition"
"""Where Strawberry leaves its own description of a field or type."""

Found: TypeAlias = list[tuple[Condition, FieldNode]]
"""All selections of one field of one object, and when each of them counts."""


def plan(
    schema: GraphQLSchema,
    sizes: Limits,
    introspection: Mapping[tuple[str, str], int],
    document: DocumentNode,
    operation: OperationDefinitionNode,
) -> tuple[Plan, Plan]:
    """Plan the rows that the operation reads, and the parts of the schema that it asks for.

    Args:
        schema: Made by Strawberry.
        sizes: Of pages.
        introspection: What `introspection_sizes` found.
        document: Validated.
        operation: Of the document.
    """
    fragments = {
        node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
    }
    root = schema.get_root_type(operation.operation)
    if root is None:
        return Plan(()), Plan(())
    planner = Planner(schema, sizes, introspection, fragments)
    steps = planner.steps([(ALWAYS, operation.selection_set)], root, None)
    defaults = {
        node.variable.name.value: value_from_ast_untyped(node.default_value)
        for node in operation.variable_definitions or ()
        if node.default_value is not None
    }
    return (
        Plan(tuple(step for step in steps if not step.meta), defaults),
        Plan(tuple(step for step in steps if step.meta), defaults),
    )


@dataclass
class Planner:
    """Of one operation."""

    schema: GraphQLSchema
    sizes: Limits
    introspection: Mapping[tuple[str, str], int]
    fragments: Mapping[str, FragmentDefinitionNode]
    known: dict[tuple[object, ...], tuple[Step, ...]] = field(
        default_factory=dict[tuple[object, ...], tuple[Step, ...]]
    )

    def steps(
        self,
        selected: Sequence[tuple[Condition, SelectionSetNode]],
        parent: GraphQLObjectType,
        page: Size | None,
    ) -> tuple[Step, ...]:
        """What the selections of an object of this type hold, if anything.

        Args:
            selected: Selection sets that are merged, and when each of them counts.
            parent: The object's type.
            page: Size of the object's `edges`, where it is a connection.
        """
        # The same selections of an interface come again for each type that it can be.
        key = (parent.name, page, *((condition, id(each)) for condition, each in selected))
        if key not in self.known:
            self.known[key] = self._steps(selected, parent, page)
        return self.known[key]

    def _steps(
        self,
        selected: Sequence[tuple[Condition, SelectionSetNode]],
        parent: GraphQLObjectType,
        page: Size | None,
    ) -> tuple[Step, ...]:
        fields: dict[str, Found] = {}
        seen: set[tuple[str, Condition]] = set()
        for condition, selection_set in selected:
            for item in self._fields(selection_set, condition, parent, seen):
                node = item[1]
                fields.setdefault((node.alias or node.name).value, []).append(item)
        made = (self._step(name, found, parent, page) for name, found in fields.items())
        return tuple(step for step in made if step is not None)

    def _fields(
        self,
        selection_set: SelectionSetNode,
        condition: Condition,
        parent: GraphQLObjectType,
        seen: set[tuple[str, Condition]],
    ) -> Iterator[tuple[Condition, FieldNode]]:
        """The fields that have parts of their own: others are no rows."""
        for node in selection_set.selections:
            if isinstance(node, FieldNode) and node.selection_set is None:
                continue
            when = _when(node, condition)
            if when is None:
                continue
            if isinstance(node, FieldNode):
                yield when, node
                continue
            inner: Untyped = node
            if isinstance(node, FragmentSpreadNode):
                name = node.name.value
                if (name, when) in seen:
                    continue
                seen.add((name, when))
                inner = self.fragments[name]
            if self._applies(inner, parent):
                yield from self._fields(inner.selection_set, when, parent, seen)

    def _applies(self, fragment: Untyped, parent: GraphQLObjectType) -> bool:
        if fragment.type_condition is None or fragment.type_condition.name.value == parent.name:
            return True
        type_ = self.schema.type_map.get(fragment.type_condition.name.value)
        return is_abstract_type(type_) and self.schema.is_sub_type(type_, parent)

    def _step(self, name: str, found: Found, parent: GraphQLObjectType, page: Size | None) -> Step | None:
        node = found[0][1]
        served = self.schema.get_field(parent, node.name.value)
        if served is None:
            return None
        type_: Untyped = get_named_type(served.type)
        types: Sequence[Untyped] = (
            self.schema.get_possible_types(type_) if is_abstract_type(type_) else (type_,)
        )
        inside = tuple((condition, each.selection_set) for condition, each in found if each.selection_set)
        own_page = _page(served, node, self.sizes)
        parts = {steps for each in types if (steps := self.steps(inside, each, own_page))}
        # Whatever is selected of the chain of a type's wrappers: it ends where the schema's does.
        weight = 0 if node.name.value == "ofType" else max(map(_weight, types), default=0)
        if not weight and not parts and page is None:
            return None
        conditions = frozenset(condition for condition, _ in found)
        return Step(
            name,
            weight,
            self._size(parent, served, node, page),
            own_page,
            frozenset({ALWAYS}) if ALWAYS in conditions else conditions,
            tuple(parts),
            type_.name.startswith("__"),
        )

    def _size(
        self, parent: GraphQLObjectType, served: GraphQLField, node: FieldNode, page: Size | None
    ) -> Size | None:
        if not is_list_type(get_nullable_type(served.type)):
            return None
        if page is not None:
            return page
        if parent.name.startswith("__"):
            return Fixed(self.introspection[parent.name, node.name.value])
        definition = served.extensions.get(DEFINITION)
        if isinstance(definition, NodesField):
            return Counted(_arguments(node)["ids"])
        sizes = (
            each.assumed_size for each in getattr(definition, "directives", ()) if isinstance(each, ListSize)
        )
        return Fixed(next((size for size in sizes if isinstance(size, int)), ASSUMED_SIZE))


def _page(served: GraphQLField, node: FieldNode, sizes: Limits) -> Slice | None:
    definition = served.extensions.get(DEFINITION)
    if not isinstance(definition, PageField):
        return None
    given = {name: value for name, value in _arguments(node).items() if name in {"first", "last"}}
    return Slice(given, default_size(definition.page, sizes), sizes.page_size)


def _arguments(node: FieldNode) -> dict[str, Untyped]:
    return {argument.name.value: argument.value for argument in node.arguments or ()}


def _weight(type_: GraphQLNamedType) -> int:
    """A row, or a part of the schema, which are never counted together, is one."""
    origin = getattr(type_.extensions.get(DEFINITION), "origin", object)
    return int(type_.name.startswith("__") or "__binding__" in vars(origin))


def _when(node: Untyped, condition: Condition) -> Condition | None:
    """When the selection counts, under what its surroundings need; None for never."""
    for directive in node.directives or ():
        wanted = {"include": True, "skip": False}.get(directive.name.value)
        if wanted is None:
            continue
        [value] = (argument.value for argument in directive.arguments)
        if isinstance(value, VariableNode):
            condition |= {(value.name.value, wanted)}
        elif isinstance(value, BooleanValueNode) and value.value is not wanted:
            return None
    return condition


def introspection_sizes(schema: GraphQLSchema) -> dict[tuple[str, str], int]:
    """How long each list of the introspection is, on average."""
    types = list(schema.type_map.values())
    fields = [
        each
        for type_ in types
        if is_object_type(type_) or is_interface_type(type_)
        for each in type_.fields.values()
    ]

    def average(counts: Iterable[int], among: Sized) -> int:
        return max(ceil(sum(counts) / max(len(among), 1)), 1)

    return {
        ("__Schema", "types"): len(types),
        ("__Schema", "directives"): len(schema.directives),
        ("__Directive", "args"): average((len(each.args) for each in schema.directives), schema.directives),
        ("__Type", "fields"): average((len(fields),), types),
        ("__Field", "args"): average((len(each.args) for each in fields), fields),
        ("__Type", "interfaces"): average((len(getattr(each, "interfaces", ())) for each in types), types),
        ("__Type", "possibleTypes"): average(
            (len(schema.get_possible_types(each)) for each in types if is_abstract_type(each)), types
        ),
        ("__Type", "inputFields"): average(
            (len(each.fields) for each in types if is_input_object_type(each)), types
        ),
        ("__Type", "enumValues"): average((len(each.values) for each in types if is_enum_type(each)), types),
    }
