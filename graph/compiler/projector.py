"""From the shape of a level to a function that makes JSON of its rows: Python source, compiled once.

For the rows of `accounts { edges { node { name status of: agreements { … } } } }` it makes

    def project(rows, page, b0):
        return {"edges": [{"node": {"name": c0, "status": t2[c1], "of": b0[c2]}} for (c0, c1, c2,) in rows]}

`c…` are the cells of a row, `t…` and `f…` tables and functions of outputs, `b…` what the levels below have
for each key, `page` the facts of the page. Nothing that a client wrote is in it but response names.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from graph.compiler.outputs import Anomaly
from graph.compiler.plan import (
    Below,
    Constant,
    Cursor,
    Edges,
    Fact,
    GlobalId,
    Level,
    Object,
    Shape,
    Value,
)
from graph.ids import encode_text_id

Projector: TypeAlias = Callable[..., Any]
"""`project(rows, page, *below)`: a connection, or rows by their keys."""


def projector(level: Level) -> Projector:
    """The function that makes JSON of the level's rows."""
    source, names = projector_source(level)
    made: dict[str, Any] = dict(names)
    exec(compile(source, f"<plan of {level.binding.name}>", "exec"), made)  # noqa: S102  # made of shapes alone
    # Taken out of what it finds its names in: with each holding the other, it would outlive its plan.
    return made.pop("project")


def projector_source(level: Level) -> tuple[str, Mapping[str, Any]]:
    """The function's source, and what the names in it stand for."""
    writer = _Writer(level)
    below = "".join(f", b{index}" for index in range(len(level.below)))
    if level.is_flat:
        return _flat_source(level, writer, below), writer.names
    if level.connection is None:
        body = f"{{c0: {writer.text(level.shape)} for {writer.row} in rows}}"
    else:
        body = writer.text(level.shape)
    return f"def project(rows, page{below}):\n    return {body}\n", writer.names


def _flat_source(level: Level, writer: "_Writer", below: str) -> str:
    """For pages of which only the rows are selected: all at once, into a list for each parent."""
    [edges] = [each for _, each in level.shape.fields if isinstance(each, Edges)]
    fields = ", ".join(
        f"{key!r}: {'edges' if each is edges else writer.text(each)}" for key, each in level.shape.fields
    )
    return (
        f"def project(rows, pages{below}):\n"
        f"    for {writer.row} in rows:\n"
        f"        pages[place].append({writer.text(edges.edge)})\n"
        f"    return [{{{fields}}} for edges in pages]\n"
    )


class _Writer:
    """Writes expressions, and gathers what the names in them stand for."""

    def __init__(self, level: Level) -> None:
        self.names: dict[str, Any] = {"anomaly": _anomaly, "global_id": encode_text_id}
        parts = [f"c{index}" for index in range(len(level.cells))]
        if level.connection is not None and level.connection.page.link is not None:
            parts.append("place")
        if level.cursors:
            parts.append("*keys")
        self.row = f"({', '.join(parts)},)"

    def text(self, shape: Shape) -> str:  # noqa: PLR0911  # one for each kind
        match shape:
            case Constant(value):
                return repr(value)
            case Value():
                return self._value(shape)
            case GlobalId(cell, type_name):
                return f"global_id({type_name!r}, c{cell})"
            case Object():
                return self._object(shape)
            case Below(level, cell, required):
                # What is required and not there is no key: an anomaly.
                return f"b{level}[c{cell}]" if required else f"b{level}.get(c{cell})"
            case Edges(edge):
                return f"[{self.text(edge)} for {self.row} in rows]"
            case Cursor():
                return "page.cursor(keys)"
            case Fact(name):
                return f"page.{name}"

    def _value(self, shape: Value) -> str:
        cell, output = f"c{shape.cell}", shape.output
        if output.table is not None:
            # A required value that is NULL is not in the table, like any other that may not be.
            table = output.table if shape.required else {**output.table, None: None}
            return f"{self._named('t', table)}[{cell}]"
        if output.function is not None:
            found = f"{self._named('f', output.function)}({cell})"
            sure = shape.required and not shape.unsure
            return found if sure else _unless(f"{cell} is None", found, required=shape.required)
        if output.check is not None:
            holds = output.check.format(cell)
            if not shape.required:
                holds = f"{cell} is None or {holds}"
            elif shape.unsure:
                holds = f"{cell} is not None and {holds}"
            return f"({cell} if {holds} else anomaly())"
        return _unless(f"{cell} is None", cell, required=True) if shape.unsure else cell

    def _object(self, shape: Object) -> str:
        fields = ", ".join(f"{key!r}: {self.text(each)}" for key, each in shape.fields)
        if shape.present is not None:
            return _unless(f"not c{shape.present}", f"{{{fields}}}", required=shape.required)
        if not shape.absent:
            return f"{{{fields}}}"
        absent = " is ".join(f"c{cell}" for cell in shape.absent)
        return _unless(f"{absent} is None", f"{{{fields}}}", required=shape.required)

    def _named(self, letter: str, meant: object) -> str:
        for name, known in self.names.items():
            if known is meant:
                return name
        name = f"{letter}{len(self.names)}"
        self.names[name] = meant
        return name


def _unless(condition: str, found: str, *, required: bool) -> str:
    return f"({'anomaly()' if required else None} if {condition} else {found})"


def _anomaly() -> None:
    raise Anomaly
