"""SDL in a stable order, with all that is applied to its parts."""

# pyright: standard
# Not strict: the nodes of graphql-core have their parts under many names.
from collections.abc import Sequence

from graphql import DirectiveDefinitionNode, parse

from graph.dynamic import Untyped


def sorted_sdl(text: str) -> str:
    """The same definitions in the order of their names, and so their fields, values and arguments.

    graphql-core sorts a schema too, but what it then prints lacks the directives that its parts carry.
    """
    definitions: Sequence[Untyped] = parse(text).definitions
    directives_first = sorted(
        definitions, key=lambda node: (not isinstance(node, DirectiveDefinitionNode), _name(node))
    )
    return "\n\n".join(_sorted(node, text) for node in directives_first) + "\n"


def _sorted(node: Untyped, text: str) -> str:
    parts: Sequence[Untyped] = next(
        (found for name in ("fields", "values", "arguments") if (found := getattr(node, name, None))), ()
    )
    if not parts:
        return text[node.loc.start : node.loc.end]
    head = text[node.loc.start : parts[0].loc.start]
    tail = text[parts[-1].loc.end : node.loc.end]
    line = head[head.rfind("\n") + 1 :]
    between = ", " if line.strip() else f"\n\n{line}"
    return head + between.join(_sorted(part, text) for part in sorted(parts, key=_name)) + tail


def _name(node: Untyped) -> str:
    return node.name.value
