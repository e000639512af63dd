"""What a document's text says about how it can be planned, found once for all of its runs."""

# pyright: standard
# Not strict: the nodes of graphql-core have their parts under many names.
from collections.abc import Iterator

from graphql import (
    DirectiveNode,
    DocumentNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    Node,
    OperationDefinitionNode,
    VariableNode,
)

_CONDITIONS = frozenset({"skip", "include"})


def conditions(document: DocumentNode, operation: OperationDefinitionNode) -> tuple[str, ...] | None:
    """The variables that @skip and @include of the operation depend on, with the fragments it spreads.

    None if there are directives that no plan obeys.
    """
    fragments = {
        each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)
    }
    found: dict[str, None] = {}
    waiting: list[Node] = [operation]
    while waiting:
        for node in _nodes(waiting.pop()):
            if isinstance(node, FragmentSpreadNode):
                fragment = fragments.pop(node.name.value, None)
                waiting += [fragment] if fragment else []
            elif isinstance(node, DirectiveNode):
                if node.name.value not in _CONDITIONS:
                    return None
                found.update(dict.fromkeys(variables_of(node)))
    return tuple(found)


def variables_of(node: Node) -> tuple[str, ...]:
    """The variables that the arguments of a field or directive use."""
    given = getattr(node, "arguments", None) or ()
    names = (each.name.value for item in given for each in _nodes(item) if isinstance(each, VariableNode))
    return tuple(dict.fromkeys(names))


def _nodes(node: Node) -> Iterator[Node]:
    """The node and all that are in it."""
    waiting = [node]
    while waiting:
        found = waiting.pop()
        yield found
        for key in found.keys:
            part = getattr(found, key, None)
            if isinstance(part, Node):
                waiting.append(part)
            elif isinstance(part, list | tuple):
                waiting.extend(each for each in part if isinstance(each, Node))
