"""Whether fields that land at one place of the response are one: judged by groups, not in pairs."""

# pyright: standard
# Not strict: the nodes of graphql-core have their parts under many names.
from collections import deque
from collections.abc import Iterator, Sequence
from graphlib import CycleError, TopologicalSorter
from operator import itemgetter
from typing import NamedTuple, TypeAlias

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLNamedType,
    GraphQLOutputType,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValidationContext,
    ValidationRule,
    get_named_type,
    is_interface_type,
    is_leaf_type,
    is_object_type,
)

from graph.dynamic import Untyped

Lineage: TypeAlias = tuple[tuple[int, str], ...]
"""The levels above a field, and its own, that had fields of several object types, and which was the field's.

Two fields that differ in one of them are never those of one object.
"""

_LONGEST_NAME = 100
"""In a message: the schema's own are shorter."""


class Selected(NamedTuple):
    """A selection set that is merged with others."""

    node: SelectionSetNode
    parent: GraphQLNamedType | None
    lineage: Lineage


class Placed(NamedTuple):
    """A field where it lands in the response; what is not known of it is None."""

    node: FieldNode
    parent: GraphQLNamedType | None
    type: GraphQLOutputType | None
    lineage: Lineage


class Conflict(NamedTuple):
    """Two fields that cannot both be what one name of the response stands for."""

    reason: str
    one: Placed
    other: Placed


class FieldsMergeRule(ValidationRule):
    """Stands in for graphql-core's rule, which compares in pairs and gives up where they are many.

    It refuses the documents that the other one refuses, with the same words, and of each group of fields it
    tells one conflict, at the innermost level. What no operation reaches is left to the rules that forbid it,
    and so are fragments in a circle.
    """

    most_placed = 100_000
    """Fields that are compared, those of fragments wherever they are spread: far above what is measured."""

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self._left = self.most_placed
        # A field has one parent and one type wherever it lands: a group that was seen needs no other look.
        self._seen: set[frozenset[tuple[int, Lineage]]] = set()
        self._calls: dict[int, int] = {}
        self._numbers: dict[object, int] = {}

    def leave_document(self, document: DocumentNode, *_: object) -> None:
        if self._is_circular(document):
            return
        for operation in document.definitions:
            if isinstance(operation, OperationDefinitionNode):
                self._compare(operation)
        if self._left < 0:
            message = (
                "The document has too many fields, with fragments in place, to compare them. Select fewer."
            )
            self.report_error(GraphQLError(message))

    def _is_circular(self, document: DocumentNode) -> bool:
        spreads = {
            node.name.value: {
                each.name.value for each in self.context.get_fragment_spreads(node.selection_set)
            }
            for node in document.definitions
            if isinstance(node, FragmentDefinitionNode)
        }
        try:
            TopologicalSorter(spreads).prepare()
        except CycleError:
            return True
        return False

    def _compare(self, operation: OperationDefinitionNode) -> None:
        root = self.context.schema.get_root_type(operation.operation)
        places: Sequence[Sequence[Selected]] = [[Selected(operation.selection_set, root, ())]]
        level = 0
        while places:
            places = [inner for place in places for inner in self._inside(place, level)]
            level += 1

    def _inside(self, place: Sequence[Selected], level: int) -> Iterator[Sequence[Selected]]:
        """The places one level below this one, each with all that is selected there.

        Nothing below a conflict: fields that are not one have parts that are not, either.
        """
        if self._left < 0:
            return
        for name, fields in self._placed(place).items():
            if len(fields) == 1 and not fields[0].node.selection_set:
                continue
            group = frozenset((id(field.node), field.lineage) for field in fields)
            if group in self._seen:
                continue
            self._seen.add(group)
            apart = _apart(fields, level)
            if conflict := self._conflict(apart):
                self._report(name, conflict)
                continue
            inner = [
                Selected(field.node.selection_set, get_named_type(field.type), field.lineage)
                for field in apart
                if field.node.selection_set
            ]
            if inner:
                yield inner

    def _placed(self, place: Sequence[Selected]) -> dict[str, list[Placed]]:
        """What is selected at the place, its fragments put in, by the name in the response."""
        found: dict[str, list[Placed]] = {}
        spread: set[tuple[str, Lineage]] = set()
        waiting = deque(place)
        while waiting:
            selection_set, parent, lineage = waiting.popleft()
            for node in selection_set.selections:
                inner: Untyped = node
                if isinstance(node, FieldNode):
                    self._left -= 1
                    field = Placed(node, parent, _type(parent, node), lineage)
                    found.setdefault((node.alias or node.name).value, []).append(field)
                    continue
                if isinstance(node, FragmentSpreadNode):
                    name = node.name.value
                    inner = self.context.get_fragment(name)
                    if inner is None or (name, lineage) in spread:
                        continue
                    spread.add((name, lineage))
                waiting.append(Selected(inner.selection_set, self._condition(inner, parent), lineage))
        return found

    def _condition(
        self, fragment: InlineFragmentNode | FragmentDefinitionNode, parent: GraphQLNamedType | None
    ) -> GraphQLNamedType | None:
        condition = fragment.type_condition
        return self.context.schema.get_type(condition.name.value) if condition else parent

    def _conflict(self, fields: Sequence[Placed]) -> Conflict | None:
        first = fields[0]
        if differing := self._differing(fields):
            one, other = (each.node.name.value for each in differing)
            if one == other:
                return Conflict("they have differing arguments", *differing)
            return Conflict(f"'{_short(one)}' and '{_short(other)}' are different fields", *differing)
        others = [each for each in fields if each.node is not first.node]
        for other in others:
            if _is_streamed(first.node) or _is_streamed(other.node):
                return Conflict("they have overlapping stream directives", first, other)
        known = first if first.type else next((each for each in others if each.type), first)
        for other in others:
            if known.type and other.type and not _same_shape(known.type, other.type):
                reason = f"they return conflicting types '{known.type}' and '{other.type}'"
                return Conflict(reason, known, other)
        return None

    def _differing(self, fields: Sequence[Placed]) -> tuple[Placed, Placed] | None:
        """Two fields that one object may have, with differing names or arguments."""
        calls = [self._call(field.node) for field in fields]
        if len(set(calls)) == 1:
            return None
        # Sets of fields are numbers with a bit for each: as fast as there being few of them.
        same: dict[int, int] = {}
        typed: dict[int, int] = {}
        under: dict[tuple[int, str], int] = {}
        for i, (field, call) in enumerate(zip(fields, calls, strict=True)):
            same[call] = same.get(call, 0) | 1 << i
            for step in field.lineage:
                typed[step[0]] = typed.get(step[0], 0) | 1 << i
                under[step] = under.get(step, 0) | 1 << i
        for field, call in zip(fields, calls, strict=True):
            rivals = (1 << len(fields)) - 1 & ~same[call]
            for step in field.lineage:
                rivals &= under[step] | ~typed[step[0]]
            if rivals:
                return field, fields[(rivals & -rivals).bit_length() - 1]
        return None

    def _call(self, node: FieldNode) -> int:
        """A number for the field's name and arguments: the same for the same ones."""
        number = self._calls.get(id(node))
        if number is None:
            arguments = [(each.name.value, _value(each.value)) for each in node.arguments or ()]
            key = (node.name.value, *sorted(arguments, key=itemgetter(0)))
            number = self._calls[id(node)] = self._numbers.setdefault(key, len(self._numbers))
        return number

    def _report(self, name: str, conflict: Conflict) -> None:
        message = (
            f"Fields '{_short(name)}' conflict because {conflict.reason}. Use different aliases on the fields"
            " to fetch both if this was intentional."
        )
        self.report_error(GraphQLError(message, [conflict.one.node, conflict.other.node]))


def _apart(fields: list[Placed], level: int) -> list[Placed]:
    """The fields, those of different object types with that in their lineage."""
    types = {field.parent.name for field in fields if is_object_type(field.parent)}
    if len(types) < 2:  # noqa: PLR2004  # two are different, one is not
        return fields
    return [
        field._replace(lineage=(*field.lineage, (level, field.parent.name)))
        if is_object_type(field.parent)
        else field
        for field in fields
    ]


def _type(parent: GraphQLNamedType | None, node: FieldNode) -> GraphQLOutputType | None:
    """None for `__typename` and its like as well: their shape is not compared, as everywhere."""
    if is_object_type(parent) or is_interface_type(parent):
        served = parent.fields.get(node.name.value)
        return served.type if served else None
    return None


def _same_shape(one: GraphQLOutputType, other: GraphQLOutputType) -> bool:
    return one is other or _shape(one) == _shape(other)


def _shape(type_: GraphQLOutputType) -> str:
    """Its lists and what is required, and the name of what has no parts."""
    named = get_named_type(type_)
    return str(type_) if is_leaf_type(named) else str(type_).replace(named.name, "")


def _is_streamed(node: FieldNode) -> bool:
    return any(directive.name.value == "stream" for directive in node.directives or ())


def _value(node: Untyped) -> tuple[object, ...]:
    """What equal literals have in common, whatever the order of their parts."""
    match node.kind:
        case "list_value":
            return (node.kind, *(_value(item) for item in node.values))
        case "object_value":
            parts = [(item.name.value, _value(item.value)) for item in node.fields]
            return (node.kind, *sorted(parts, key=itemgetter(0)))
        case "variable":
            return (node.kind, node.name.value)
        case "null_value":
            return (node.kind,)
        case "string_value":
            return (node.kind, node.value, bool(node.block))
        case _:
            return (node.kind, node.value)


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}…"
