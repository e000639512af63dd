"""Bugs that a compiler of queries may have, each a small change of ours."""

from dataclasses import dataclass
from pathlib import Path

COMPILER = Path("graph/compiler")


@dataclass(frozen=True)
class Bug:
    """A change to one file of the compiler: `old`, which stands there once, becomes `new`."""

    file: str
    old: str
    new: str

    def plant(self, root: Path) -> None:
        """Make the change in a copy of the project."""
        path = root / COMPILER / self.file
        path.write_text(path.read_text().replace(self.old, self.new))


_RUN = (
    ("self.cursor(self.rows[0][self._keys])", "self.cursor(self.rows[-1][self._keys])"),
    ("self.cursor(self.rows[-1][self._keys])", "self.cursor(self.rows[0][self._keys])"),
    ("return self._slice.has_next", "return self._slice.has_previous"),
    ("return self._slice.has_previous", "return self._slice.has_next"),
    ("decode(value) if decode and value is not None else value", "value"),
    ("counts.get(key, 0)", "counts.get(key, 1)"),
    ("groups = [rows] if asked is None", "groups = [rows[:-1]] if asked is None"),
    ("rows = rows[::-1]", "rows = rows[:]"),
    ("[counts.get(key, 0) for key in keys]", "[counts.get(key, 0) for key in keys[::-1]]"),
    ("for name, key in places]", "for name, key in places[::-1]]"),
    ("if not root.any_type and name not in root.levels:", "if False:"),
    ("len(level.cells) + (bound.request.page.link is not None)", "len(level.cells)"),
    ("{None: found[0][0]}", "{None: found[0][0] + 1}"),
    ("groups[row[place]].append(row)", "groups[row[place]].insert(0, row)"),
)
_PROJECTOR = (
    ("sure = shape.required and not shape.unsure", "sure = True"),
    ('_unless(f"{cell} is None", cell, required=True) if shape.unsure else cell', "cell"),
    ('" is ".join(f"c{cell}" for cell in shape.absent)', 'f"c{shape.absent[0]}"'),
    ('_unless(f"{absent} is None", f"{{{fields}}}", required=shape.required)', 'f"{{{fields}}}"'),
    ('_unless(f"not c{shape.present}", f"{{{fields}}}", required=shape.required)', 'f"{{{fields}}}"'),
    ('holds = f"{cell} is None or {holds}"', 'holds = f"{cell} is None"'),
    ("pages[place].append({writer.text(edges.edge)})", "pages[place - 1].append({writer.text(edges.edge)})"),
    ("global_id({type_name!r}, c{cell})", "global_id({type_name!r}, c0)"),
)
_PLANNER = (
    ("return Constant(query.name)", 'return Constant("query")'),
    ("if not target.visible and self._only_id", "if self._only_id"),
    ('names <= {"id", _TYPENAME}', 'names <= {"id", _TYPENAME, "name"}'),
    ('"startCursor": "start"', '"startCursor": "end"'),
    ("for source in item.sources) if item.optional else ()", "for source in item.sources[:0])"),
    ("unsure = required and not is_never_null(binding.model, source)", "unsure = False"),
    (
        "RootRows({binding.name: level}, definition, node, _variable(node))",
        "RootRows({binding.name: level}, definition, node, _variable(node), any_type=True)",
    ),
    ("Constant(served.name) if name == _TYPENAME", "Constant(name) if name == _TYPENAME"),
)
_LEVELS = (
    ("setdefault(Cell(row, attribute, presence)", "setdefault(Cell(0, attribute, presence)"),
    ("(known.parent, known.link) == (row, link)", "known.link == link"),
    ('self.rows |= name != "count"', "self.rows |= False"),
    ('self.cursors or bool(self._facts & {"start", "end"})', "self.cursors"),
)
_SQL = (
    ('more = bool(level.facts & {"has_next", "has_previous"})', "more = False"),
    ('level.facts & {"has_next", "has_previous"}', 'level.facts & {"has_next"}'),
    ("on if seen is None else and_(on, seen)", "on"),
    ("[key.descending is not request.backward for", "[key.descending for"),
    (
        "columns += [own(key.attribute) for key in request.keys]",
        "columns += [own(key.attribute) for key in request.keys[::-1]]",
    ),
    ("key == keys.c.value", "key != keys.c.value"),
    ('key.hex if dialect.name == "sqlite" else str(key)', "str(key)"),
    ("self.parameters[self.keys + 1 :]", "self.parameters[self.keys :]"),
)
_BOUND = (
    ("dialect, reader.caller, reader.limits", "dialect, reader.limits"),
    ("[[name, sent[name]] for name in", "[name for name in"),
    ("return plan.serial, level.number, values,", "return plan.serial, values,"),
    ("return plan.serial, level.number, dialect,", "return 0, level.number, dialect,"),
    ("if name in sent]", "if sent.get(name)]"),
)
_REST = (
    (
        "plans.py",
        "return place, *[value if isinstance(value, bool) else None for value in values]",
        "return place",
    ),
    ("plans.py", "key = self, id(node)", "key = self"),
    ("documents.py", "found.update(dict.fromkeys(variables_of(node)))", "pass"),
    ("outputs.py", "{0: False, 1: True}", "{0: True, 1: False}"),
    ("outputs.py", 'end = 19 if text.endswith(".000000") else 26', "end = 26"),
    ("outputs.py", "{-_INT} <= {{0}} < {_INT}", "True"),
    ("plan.py", 'return not level.below and not (level.rows and "count" in level.facts)', "return True"),
    ("sqlite.py", "if not self._one:", "if False:"),
)
BUGS = (
    *(Bug("run.py", *each) for each in _RUN),
    *(Bug("projector.py", *each) for each in _PROJECTOR),
    *(Bug("planner.py", *each) for each in _PLANNER),
    *(Bug("levels.py", *each) for each in _LEVELS),
    *(Bug("sql.py", *each) for each in _SQL),
    *(Bug("bound.py", *each) for each in _BOUND),
    *(Bug(*each) for each in _REST),
)
