"""Plans for people: the levels with their SQL, indented as the query is."""

from collections.abc import Iterator, Sequence

from graphql import GraphQLError

from graph.compiler.bound import Bound, BoundPage
from graph.compiler.plan import Constant, Level, Plan, Root, RootPage, RootReference, RootRows
from graph.compiler.sql import Written


def explained(plan: Plan, bound: Sequence[Bound]) -> str:
    """The plan, a level below the other, each with its statements and the values that go with them."""
    return "\n".join(line for name, root in plan.roots for line in _root(name, root, bound))


def _root(name: str, root: Root, bound: Sequence[Bound]) -> Iterator[str]:
    match root:
        case Constant(value):
            yield f"{name}: {value}"
        case RootPage(level) | RootReference(level):
            yield from _level(name, level, bound, "")
        case RootRows(levels=levels):
            for level in levels.values():
                if level is not None:
                    yield from _level(name, level, bound, "")


def _level(name: str, level: Level, bound: Sequence[Bound], indent: str) -> Iterator[str]:
    what = "by key" if level.connection is None else "a page"
    joined = "".join(f", with its {join.target.name}" for join in level.joins)
    yield f"{indent}{name}: {level.binding.name} {what}{joined}"
    found = bound[level.number]
    inner = indent + "    "
    if isinstance(found, GraphQLError):
        yield f"{inner}if it is reached: {found.message}"
        return
    yield from _statement(found.rows, inner)
    if isinstance(found, BoundPage):
        yield from _statement(found.count, inner)
    for link in level.below:
        connection = link.level.connection
        name = link.level.binding.name if connection is None else connection.node.name.value
        yield from _level(name, link.level, bound, inner)


def _statement(written: Written | None, indent: str) -> Iterator[str]:
    if written is None:
        return
    for line in written.text.splitlines():
        yield f"{indent}| {line.strip()}"
    values = [
        "the keys" if place == written.keys else repr(value) for place, value in enumerate(written.parameters)
    ]
    if values:
        yield f"{indent}  {', '.join(values)}"
