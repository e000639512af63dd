"""Makes the plan of what an operation costs: its fields, merged as they will be run."""

# pyright: standard
# Not strict: what Strawberry and graphql-core tell of a schema is untyped.
from collections.abc import Iterable, Mapping, Sequence, Sized
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

from graph.demand.costs import ALWAYS, Condition, Counted, Fixed, Parts, Plan, Size, Slice, Step
from graph.dynamic import Untyped
from graph.fields import NodeField, NodesField, OneField, PageField, ReferenceField, ToOneField
from graph.paging import Limits, default_size
from graph.weights import ASSUMED_SIZE, ListSize

DEFINITION = "strawberry-definition"
"""Where Strawberry leaves its own description of a field or type."""

FETCHING = (ToOneField, OneField, NodeField, ReferenceField)
"""Fields that give rows by their ids."""

CONNECTION = 8
LOADED = 16
FETCHED = 6
ROW = 2
FILTERED = 20
DEFERRED = 20
STREAMED = 10
"""What takes longer than a plain field, as a multiple of it: a connection's arguments, the wait for what one
parent has of a statement, and for one row by its id, a row, a condition that is looked up for each parent, a
deferred fragment, a streamed item. They are measured, with the time in the database."""

Found: TypeAlias = list[tuple[Condition, FieldNode]]
"""All selections of one field of one object, and when each of them counts."""


def plan(
    schema: GraphQLSchema,
    sizes: Limits,
    introspection: Mapping[tuple[str, str], int],
    document: DocumentNode,
    operation: OperationDefinitionNode,
) -> tuple[Plan, Plan]:
    """Plan what the operation reads and resolves, and apart from it what it asks of the schema.

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
        return Plan(Parts(0, ())), Plan(Parts(0, ()))
    planner = Planner(schema, sizes, introspection, fragments)
    parts = planner.parts([(ALWAYS, operation.selection_set)], root, None)
    defaults = {
        node.variable.name.value: value_from_ast_untyped(node.default_value)
        for node in operation.variable_definitions or ()
        if node.default_value is not None
    }
    return (
        Plan(Parts(parts.work, tuple(step for step in parts.steps if not step.meta)), defaults),
        Plan(Parts(0, tuple(step for step in parts.steps if step.meta)), defaults),
    )


@dataclass
class Merged:
    """The fields of one object by the names in its answer, and its deferred fragments."""

    fields: dict[str, Found] = field(default_factory=dict[str, Found])
    deferred: list[Condition] = field(default_factory=list[Condition])
    seen: set[tuple[str, Condition, int]] = field(default_factory=set[tuple[str, Condition, int]])


@dataclass
class Planner:
    """Of one operation."""

    schema: GraphQLSchema
    sizes: Limits
    introspection: Mapping[tuple[str, str], int]
    fragments: Mapping[str, FragmentDefinitionNode]
    known: dict[tuple[object, ...], Parts] = field(default_factory=dict[tuple[object, ...], Parts])

    def parts(
        self,
        selected: Sequence[tuple[Condition, SelectionSetNode]],
        parent: GraphQLObjectType,
        page: Size | None,
    ) -> Parts:
        """What the selections of an object of this type hold.

        Args:
            selected: Selection sets that are merged, and when each of them counts.
            parent: The object's type.
            page: Size of the object's `edges`, where it is a connection.
        """
        # The same selections of an interface come again for each type that it can be.
        key = (parent.name, page, *((condition, id(each)) for condition, each in selected))
        if key not in self.known:
            self.known[key] = self._parts(selected, parent, page)
        return self.known[key]

    def _parts(
        self,
        selected: Sequence[tuple[Condition, SelectionSetNode]],
        parent: GraphQLObjectType,
        page: Size | None,
    ) -> Parts:
        merged = Merged()
        for condition, selection_set in selected:
            self._merge(selection_set, condition, parent, merged, None)
        steps = [self._step(name, found, parent, page) for name, found in merged.fields.items()]
        steps += [_aside(DEFERRED, "@defer", frozenset({when})) for when in merged.deferred]
        # What is always there and has nothing below it is only counted.
        work = sum(step.work for step in steps if step.always and not step.parts)
        return Parts(work, tuple(step for step in steps if step.parts or not step.always))

    def _merge(
        self,
        selection_set: SelectionSetNode,
        condition: Condition,
        parent: GraphQLObjectType,
        merged: "Merged",
        within: object,
    ) -> None:
        """Gather the fields, and when they count.

        Args:
            selection_set: With its fragments.
            condition: When it counts.
            parent: The object's type.
            merged: Takes what is found.
            within: The deferred fragment around: what is spread again in another is delivered again.
        """
        for node in selection_set.selections:
            when = _when(node, condition)
            if when is None:
                continue
            if isinstance(node, FieldNode):
                merged.fields.setdefault((node.alias or node.name).value, []).append((when, node))
                continue
            inner: Untyped = node
            deferred = _deferred(node, when)
            around = within if deferred is None else node
            if isinstance(node, FragmentSpreadNode):
                name = node.name.value
                if (name, when, id(around)) in merged.seen:
                    continue
                merged.seen.add((name, when, id(around)))
                inner = self.fragments[name]
            if self._applies(inner, parent):
                if deferred is not None:
                    merged.deferred.append(deferred)
                self._merge(inner.selection_set, when, parent, merged, around)

    def _applies(self, fragment: Untyped, parent: GraphQLObjectType) -> bool:
        if fragment.type_condition is None or fragment.type_condition.name.value == parent.name:
            return True
        type_ = self.schema.type_map.get(fragment.type_condition.name.value)
        return is_abstract_type(type_) and self.schema.is_sub_type(type_, parent)

    def _step(self, name: str, found: Found, parent: GraphQLObjectType, page: Size | None) -> Step:
        node = found[0][1]
        conditions = frozenset(condition for condition, _ in found)
        conditions = frozenset({ALWAYS}) if ALWAYS in conditions else conditions
        served = self.schema.get_field(parent, node.name.value)
        if served is None:
            return _aside(0, name, conditions)
        if node.selection_set is None:
            counts = page is not None and node.name.value == "totalCount"
            return _aside(LOADED if counts else 1, name, conditions)
        type_: Untyped = get_named_type(served.type)
        types: Sequence[Untyped] = (
            self.schema.get_possible_types(type_) if is_abstract_type(type_) else (type_,)
        )
        inside = tuple((condition, each.selection_set) for condition, each in found if each.selection_set)
        own_page = _page(served, node, self.sizes)
        # Whatever is selected of the chain of a type's wrappers: it ends where the schema's does.
        weight = 0 if node.name.value == "ofType" else max(map(_weight, types), default=0)
        return Step(
            name,
            weight,
            self._size(parent, served, node, page),
            own_page,
            conditions,
            # In the order found, so that advice is the same in every run.
            tuple(dict.fromkeys(self.parts(inside, each, own_page) for each in types)),
            _work(served, node, page),
            _each(served, weight, found),
            page is not None,
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


def _aside(work: int, name: str, conditions: frozenset[Condition]) -> Step:
    """What has nothing below it."""
    return Step(name, 0, None, None, conditions, (), work, 0, reads=False)


def _work(served: GraphQLField, node: FieldNode, page: Size | None) -> int:
    """Of the field itself, once for each parent."""
    if page is not None:
        return LOADED
    if not isinstance(served.extensions.get(DEFINITION), PageField):
        return 1
    filtered = "filter" in _arguments(node)
    return CONNECTION + (FILTERED if filtered else 0)


def _each(served: GraphQLField, weight: int, found: Found) -> int:
    """Of each object that the field gives."""
    listed = is_list_type(get_nullable_type(served.type))
    # An edge holds its row already.
    by_id = weight and isinstance(served.extensions.get(DEFINITION), FETCHING)
    streamed = any(each.name.value == "stream" for _, node in found for each in node.directives or ())
    return weight * ROW + listed + (FETCHED if by_id else 0) + (STREAMED if streamed else 0)


def _arguments(node: FieldNode) -> dict[str, Untyped]:
    return {argument.name.value: argument.value for argument in node.arguments or ()}


def _weight(type_: GraphQLNamedType) -> int:
    """A row, or a part of the schema, which are never counted together, is one."""
    origin = getattr(type_.extensions.get(DEFINITION), "origin", object)
    return int(type_.name.startswith("__") or "__binding__" in vars(origin))


def _deferred(node: Untyped, when: Condition) -> Condition | None:
    """When the fragment is delivered apart; None for never."""
    for directive in node.directives or ():
        if directive.name.value != "defer":
            continue
        value = next((each.value for each in directive.arguments or () if each.name.value == "if"), None)
        if isinstance(value, VariableNode):
            return when | {(value.name.value, True)}
        return None if isinstance(value, BooleanValueNode) and not value.value else when
    return None


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
