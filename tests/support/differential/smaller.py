"""The least part of a document for which something still holds."""

from collections.abc import Awaitable, Callable

from graphql import (
    REMOVE,
    ArgumentNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    Node,
    ObjectFieldNode,
    OperationDefinitionNode,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    parse,
    print_ast,
    visit,
)

_PARTS = (
    *(OperationDefinitionNode, FieldNode, InlineFragmentNode, FragmentSpreadNode),
    *(DirectiveNode, ArgumentNode, ObjectFieldNode),
)


async def smallest(text: str, holds: Callable[[str], Awaitable[bool]]) -> str:
    """Leave out parts of a document, one after the other, as long as it holds without them."""
    kept = text
    at = 0
    while True:
        document = parse(kept)
        tried = _Without(at)
        smaller = visit(document, tried)
        if not tried.removed:
            return kept
        candidate = print_ast(_tidied(smaller))
        if candidate.strip() and await holds(candidate):
            kept = candidate
        else:
            at += 1


class _Without(Visitor):
    """Removes one part, by its number in the document."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self._left, self.removed = number, False

    def enter(self, node: Node, *_: object) -> object:
        if self.removed or not isinstance(node, _PARTS):
            return None
        self._left -= 1
        if self._left >= 0:
            return None
        self.removed = True
        return REMOVE


class _Used(Visitor):
    """Collects what is used beneath: variables and fragments."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_variable_definition(self, *_: object) -> bool:
        return False

    def enter_variable(self, node: VariableNode, *_: object) -> None:
        self.names.add(f"${node.name.value}")

    def enter_fragment_spread(self, node: FragmentSpreadNode, *_: object) -> None:
        self.names.add(node.name.value)


class _Tidy(Visitor):
    """Removes definitions that nothing uses, and what selects nothing any more."""

    def __init__(self, used: set[str]) -> None:
        super().__init__()
        self._used = used

    def enter_variable_definition(self, node: VariableDefinitionNode, *_: object) -> object:
        return None if f"${node.variable.name.value}" in self._used else REMOVE

    def enter_fragment_definition(self, node: FragmentDefinitionNode, *_: object) -> object:
        return None if node.name.value in self._used else REMOVE


def _tidied(document: DocumentNode) -> DocumentNode:
    while True:
        used = _Used()
        visit(document, used)
        tidy = visit(document, _Tidy(used.names))
        if print_ast(tidy) == print_ast(document):
            return document
        document = tidy
