"""Documents in which fields of many kinds meet under one name, at random."""

import re
from random import Random

from graphql import build_schema, is_abstract_type

SDL = """
type Query { node: Node, pets(ids: [ID]): [Pet], dog(id: ID): Dog!, cat: Cat, mood: Mood }
interface Node { id: ID!, node: Node, nodes(first: Int): [Node!]!, name(upper: Boolean): String }
interface Named { name(upper: Boolean): String, mood: Mood }
type Dog implements Node & Named {
  id: ID!, node: Node, nodes(first: Int): [Node!]!, name(upper: Boolean): String, mood: Mood, nick: String
  size: Int, tags: [String], friend: Cat!, owner: Fish
}
type Cat implements Node & Named {
  id: ID!, node: Cat, nodes(first: Int): [Node!]!, name(upper: Boolean): String, mood: Mood, nick: String
  size: Int!, tags: [String!], friend: Dog, owner: [Fish]
}
type Fish implements Node {
  id: ID!, node: Node, nodes(first: Int): [Node!]!, name(upper: Boolean): String, nick: String
  size: Float, tags: String, owner: Fish
}
union Pet = Dog | Cat | Fish
enum Mood { GLAD SAD }
"""
SCHEMA = build_schema(SDL)
TYPES = ("Dog", "Cat", "Fish", "Node", "Pet", "Named")
LITERALS = (
    *("1", "1.0", '"1"', '"""1"""', "ONE", "true", "null", "$v", "$w"),
    *("[]", "[1, 2]", "[2, 1]", "[[1], 2]", "[$v]"),
    *("{}", "{a: 1, b: [2]}", "{b: [2], a: 1}", "{a: [2], b: 1}", "{c: {a: 1, b: $v}}", "{c: {b: $v, a: 1}}"),
)


def strands(random: Random) -> str:
    """Objects in objects, along several ways; how the last is named depends on one type on its way."""
    levels, fragments = random.randint(1, 4), [""]
    decisive = random.randrange(levels)
    spreads: list[list[str]] = [[] for _ in range(levels)]
    ways: list[str] = []
    for _ in range(random.randint(2, 4)):
        types = random.choices(("Dog", "Fish", "Node"), k=levels)
        if random.random() < 0.95:
            types[decisive] = random.choice(("Dog", "Fish"))
        inner = "name: nick" if types[decisive] == "Fish" else "name"
        for level, type_ in reversed(list(enumerate(types))):
            if random.random() < 0.2:
                fragments.append(f"fragment F{len(fragments)} on Node {{ {inner} }}")
                inner = f"...F{len(fragments) - 1}"
                spreads[level].append(inner)
            if spreads[level] and random.random() < 0.2:
                inner += f" {random.choice(spreads[level])}"
            inner = f"... on {type_} {{ node {{ {inner} }} }}"
        ways.append(inner)
    return f"{{ node {{ {' '.join(ways)} }} }}" + "\n".join(fragments)


class Writer:
    """Writes documents of all that there is; the same one for the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311  # no secrets
        self._renamed, self._given, self._strange, self._streamed = (
            self._random.choice(some) for some in ((0, 0.05, 0.3), (0, 0.1, 0.5), (0, 0, 0.1), (0, 0, 0.03))
        )
        self._left = self._random.randint(4, 15)
        self._fragments = [(f"F{i}", self._random.choice(TYPES)) for i in range(self._random.randint(0, 4))]

    def document(self) -> str:
        parts = {"": f"query ($v: Int, $w: Int) {self._selections('Query', 0)}"}
        for i, (name, type_) in enumerate(self._fragments):
            self._left += 4
            parts[name] = f"fragment {name} on {type_} {self._selections(type_, i + 1)}"
        reached = [""]
        for name in reached:
            spread = dict.fromkeys(re.findall(r"\.\.\.(F\d)", parts[name]))
            reached += [each for each in spread if each not in reached]
        return "\n".join(parts[name] for name in reached)

    def _selections(self, type_: str, fragment: int) -> str:
        count = self._random.randint(1, 4) if self._left > 0 else 1
        return "{ " + " ".join(self._selection(type_, fragment) for _ in range(count)) + " }"

    def _selection(self, type_: str, fragment: int) -> str:
        """A field or fragment; fragments spread only those that come after them."""
        self._left -= 1
        spread = [name for name, condition in self._fragments[fragment:] if self._meet(condition, type_)]
        inline = [each for each in TYPES if self._meet(each, type_)] if self._left > 0 else []
        match self._random.random():
            case chance if chance < 0.2 and spread:
                return f"...{self._random.choice(spread)}"
            case chance if chance < 0.25:
                return f"... {self._selections(type_, fragment)}"
            case chance if chance < 0.5 and inline:
                inner = self._random.choice(inline)
                return f"... on {inner} {self._selections(inner, fragment)}"
            case _:
                return self._field(type_, fragment)

    def _field(self, type_: str, fragment: int) -> str:
        served = getattr(SCHEMA.type_map[type_], "fields", {})
        below = {
            name: type_ for name, field in served.items() if (type_ := str(field.type).strip("[]!")) in TYPES
        }
        names = [name for name in served if self._left > 0 or name not in below]
        name = "__typename" if not names or self._happens(0.05) else self._random.choice(names)
        if self._happens(self._strange * 0.3):
            name = self._random.choice(("unknown", "size", "tags"))
        alias = f"{self._random.choice(('x', 'name', 'node'))}: " if self._happens(self._renamed) else ""
        given = f"(upper: {self._random.choice(LITERALS)})" if self._happens(self._given) else ""
        stream = " @stream" if self._happens(self._streamed) else ""
        inner = self._selections(below[name], fragment) if name in below else ""
        return f"{alias}{name}{given}{stream} {inner}"

    def _meet(self, one: str, other: str) -> bool:
        """Whether an object can be of both types; sometimes as if it could."""
        types = [
            {each.name for each in SCHEMA.get_possible_types(type_)}
            if is_abstract_type(type_)
            else {type_.name}
            for type_ in (SCHEMA.type_map[one], SCHEMA.type_map[other])
        ]
        return self._happens(self._strange) or not types[0].isdisjoint(types[1])

    def _happens(self, chance: float) -> bool:
        return self._random.random() < chance
