"""Plans for people: the levels with their SQL, indented as the query is."""

from collections.abc import Callable, Iterator

from graph.compiler.bound import Bound, BoundPage
from graph.compiler.plan import Constant, Level, Plan, Root, RootPage, RootReference, RootRows
from graph.compiler.projector import projector_source
from graph.compiler.sql import Written

Bind = Callable[[Level], Bound]


def explained(plan: Plan, bind: Bind) -> str:
    """The plan, a level below the other: statements with their values, and the function that makes JSON."""
    return "\n".join(line for name, root in plan.roots for line in _root(name, root, bind))


def _root(name: str, root: Root, bind: Bind) -> Iterator[str]:
    match root:
        case Constant(value):
            yield f"{name}: {value}"
        case RootPage(level) | RootReference(level):
            yield from _level(name, level, bind, "")
        case RootRows(levels=levels):
            title = f"{name}, by the type of its id" if len(levels) > 1 else name
            for level in levels.values():
                if level is not None:
                    yield from _level(title, level, bind, "")


def _level(name: str, level: Level, bind: Bind, indent: str) -> Iterator[str]:
    what = "by key" if level.connection is None else "a page"
    joined = "".join(f", with its {join.target.name}" for join in level.joins)
    yield f"{indent}{name}: {level.binding.name} {what}{joined}"
    found = bind(level)
    inner = indent + "    "
    if isinstance(found, str):
        yield f"{inner}if it is reached: {found}"
        return
    yield from _statement(found.rows, inner)
    if isinstance(found, BoundPage):
        if found.left_to_sort:
            columns = ", ".join(f"c{column}" for column in found.left_to_sort)
            yield f"{inner}  its rows are sorted by {columns}"
        yield from _statement(found.count, inner)
    source, _ = projector_source(level)
    yield from (f"{inner}> {line}" for line in source.splitlines())
    for link in level.below:
        connection = link.level.connection
        name = link.level.binding.name if connection is None else connection.node.name.value
        yield from _level(name, link.level, bind, inner)


def _statement(written: Written | None, indent: str) -> Iterator[str]:
    if written is None:
        return
    depth = 0
    for line in written.text.splitlines():
        yield f"{indent}| {'  ' * depth}{line.strip()}"
        depth += line.count("(") - line.count(")")
    values = [
        "the keys" if place == written.keys else repr(value) for place, value in enumerate(written.parameters)
    ]
    if values:
        yield f"{indent}  {', '.join(values)}"
