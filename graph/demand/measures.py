"""How large a document is, in one pass over it: nothing is expanded, whatever its fragments refer to."""

# pyright: standard
# Not strict: the nodes of graphql-core have their parts under many names.
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
)

from graph.dynamic import Untyped

Definition = OperationDefinitionNode | FragmentDefinitionNode


@dataclass(slots=True)
class Spread:
    """Where a fragment stands: under so many fields, and in so many braces."""

    name: str
    depth: int
    nesting: int


@dataclass(slots=True)
class Measure:
    """Of a definition; counts are of what its fragments expand to, once they are added.

    `depth` counts fields, `nesting` braces and brackets. `string_bytes` and `list_items` are of the longest
    literals.
    """

    fields: int = 0
    aliases: int = 0
    arguments: int = 0
    directives: int = 0
    deferrals: int = 0
    depth: int = 0
    nesting: int = 0
    string_bytes: int = 0
    list_items: int = 0
    spreads: list[Spread] = field(default_factory=list[Spread])

    def add(self, spread: Spread, other: "Measure") -> None:
        """Put what the fragment holds where it is spread."""
        self.fields += other.fields
        self.aliases += other.aliases
        self.arguments += other.arguments
        self.directives += other.directives
        self.deferrals += other.deferrals
        self.depth = max(self.depth, spread.depth + other.depth)
        self.nesting = max(self.nesting, spread.nesting + other.nesting)


def measured(document: DocumentNode, free: Collection[str]) -> tuple[Measure, list[Measure]]:
    """Measure a document, valid or not.

    Args:
        document: As parsed.
        free: Names of fields that do not count as depth.

    Returns:
        The longest literals of the whole document, and each operation with its fragments.
    """
    definitions = [node for node in document.definitions if isinstance(node, Definition)]
    own = [(node, _own(node, free)) for node in definitions]
    fragments = {
        node.name.value: measure for node, measure in own if isinstance(node, FragmentDefinitionNode)
    }
    for name in _innermost_first(fragments):
        _expand(fragments[name], fragments)
    literals = Measure(
        string_bytes=max((item.string_bytes for _, item in own), default=0),
        list_items=max((item.list_items for _, item in own), default=0),
        nesting=max((item.nesting for _, item in own), default=0),
    )
    operations = [measure for node, measure in own if isinstance(node, OperationDefinitionNode)]
    for operation in operations:
        _expand(operation, fragments)
    return literals, operations


def _expand(measure: Measure, fragments: Mapping[str, Measure]) -> None:
    for spread in measure.spreads:
        if spread.name in fragments:
            measure.add(spread, fragments[spread.name])


def _innermost_first(fragments: Mapping[str, Measure]) -> list[str]:
    """The fragments, each after those that it spreads; in some order where they go in a circle."""
    ordered: list[str] = []
    seen: set[str] = set()
    # Not recursive: a chain of fragments may be longer than Python's stack.
    open_: list[tuple[str, Iterator[Spread]]] = []
    for start in fragments:
        if start not in seen:
            seen.add(start)
            open_.append((start, iter(fragments[start].spreads)))
        while open_:
            name, spreads = open_[-1]
            inner = next(
                (each.name for each in spreads if each.name in fragments and each.name not in seen), None
            )
            if inner is None:
                ordered.append(name)
                open_.pop()
            else:
                seen.add(inner)
                open_.append((inner, iter(fragments[inner].spreads)))
    return ordered


def _own(definition: Definition, free: Collection[str]) -> Measure:
    """Of the definition alone."""
    measure = Measure()
    _directives(measure, definition)
    for variable in definition.variable_definitions or ():
        _directives(measure, variable)
        _literal(measure, variable.default_value)
    waiting: list[tuple[Sequence[SelectionNode], int, int]] = [(definition.selection_set.selections, 0, 1)]
    while waiting:
        selections, depth, nesting = waiting.pop()
        measure.nesting = max(measure.nesting, nesting)
        for node in selections:
            if node.directives:
                _directives(measure, node)
            match node:
                case FieldNode():
                    below = depth + (node.name.value not in free)
                    _field(measure, node, below)
                    if node.selection_set:
                        waiting.append((node.selection_set.selections, below, nesting + 1))
                case FragmentSpreadNode():
                    measure.spreads.append(Spread(node.name.value, depth, nesting))
                case InlineFragmentNode():
                    waiting.append((node.selection_set.selections, depth, nesting + 1))
    return measure


def _field(measure: Measure, node: FieldNode, depth: int) -> None:
    measure.fields += 1
    measure.aliases += node.alias is not None
    measure.depth = max(measure.depth, depth)
    for argument in node.arguments or ():
        measure.arguments += 1
        _literal(measure, argument.value)


def _directives(measure: Measure, node: Untyped) -> None:
    for directive in node.directives or ():
        measure.directives += 1
        measure.deferrals += directive.name.value in {"defer", "stream"}
        for argument in directive.arguments or ():
            _literal(measure, argument.value)


def _literal(measure: Measure, value: Untyped) -> None:
    if value is None or value.kind in {"variable", "int_value", "enum_value", "boolean_value"}:
        return
    waiting = [(value, 1)]
    while waiting:
        node, nesting = waiting.pop()
        match node.kind:
            case "string_value":
                measure.string_bytes = max(measure.string_bytes, text_bytes(node.value))
            case "list_value":
                measure.list_items = max(measure.list_items, len(node.values))
                waiting += [(item, nesting + 1) for item in node.values]
            case "object_value":
                measure.arguments += len(node.fields)
                waiting += [(item.value, nesting + 1) for item in node.fields]
            case _:
                continue
        measure.nesting = max(measure.nesting, nesting)


def text_bytes(text: str) -> int:
    """Its length in UTF-8, also where it holds half a character."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def measured_values(variables: Mapping[str, object]) -> Measure:
    """The longest texts and lists of variables, and how deep they nest; what is not JSON is left alone."""
    measure = Measure()
    waiting: list[tuple[object, int]] = [(value, 1) for value in variables.values()]
    while waiting:
        value, nesting = waiting.pop()
        match value:
            case str():
                measure.string_bytes = max(measure.string_bytes, text_bytes(value))
                continue
            case list() | tuple():
                measure.list_items = max(measure.list_items, len(value))
                waiting += [(item, nesting + 1) for item in value]
            case Mapping():
                waiting += [(item, nesting + 1) for item in value.values()]
            case _:
                continue
        measure.nesting = max(measure.nesting, nesting)
    return measure
