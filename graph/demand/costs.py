"""How many rows and fields an operation takes at most: a plan made once, summed up for any variables."""

# pyright: standard
# Not strict: what Strawberry and graphql-core tell of a schema is untyped.
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import isnan
from typing import Any, TypeAlias

from graphql import VariableNode
from graphql.utilities import value_from_ast_untyped

from graph.dynamic import Untyped

Condition: TypeAlias = frozenset[tuple[str, bool]]
"""Variables that must be true or false for a field to be selected, all of them."""

ALWAYS: Condition = frozenset()


@dataclass(frozen=True)
class Values:
    """The variables of one request."""

    sent: Mapping[str, Any]
    defaults: Mapping[str, Any]

    def of(self, node: Untyped) -> Untyped:
        """What an argument is given; None where it is absent."""
        if not isinstance(node, VariableNode):
            return None if node is None else value_from_ast_untyped(node)
        return self.named(node.name.value)

    def named(self, name: str) -> Untyped:
        return self.sent[name] if name in self.sent else self.defaults.get(name)

    def hold(self, conditions: frozenset[Condition]) -> bool:
        """Whether one of the conditions holds, as far as can be said."""
        return any(all(self.named(name) is not (not wanted) for name, wanted in each) for each in conditions)


@dataclass(frozen=True, eq=False)
class Fixed:
    """A list of which the request does not say the size."""

    size: int

    def of(self, values: Values) -> int:
        return self.size


@dataclass(frozen=True, eq=False)
class Counted:
    """A list that is as long as that in an argument."""

    node: Untyped

    def of(self, values: Values) -> int:
        if not isinstance(self.node, VariableNode):
            # Not read: what stands in the list may be variables.
            return len(getattr(self.node, "values", (None,)))
        value = values.of(self.node)
        return len(value) if isinstance(value, list | tuple) else 1


@dataclass(frozen=True, eq=False)
class Slice:
    """A page: as long as `first` or `last` says, else as its default."""

    arguments: Mapping[str, Untyped]
    default: int
    most: int

    def of(self, values: Values) -> int:
        given = self.given(values)
        # A page that is larger than allowed is refused where it is asked for; so is a size that is no number.
        return max((self._within(size) for size in given.values()), default=self.default)

    def given(self, values: Values) -> dict[str, Untyped]:
        found = {name: values.of(node) for name, node in self.arguments.items()}
        return {name: size for name, size in found.items() if size is not None}

    def _within(self, size: Untyped) -> int:
        if not isinstance(size, int | float) or isnan(size):
            return self.most
        return int(min(max(size, 0), self.most))


Size: TypeAlias = Fixed | Counted | Slice


@dataclass(frozen=True)
class Parts:
    """What is selected of one type of object: `steps`, and `work` for all else, which no variable changes."""

    work: int
    steps: tuple["Step", ...]


@dataclass(frozen=True, eq=False)
class Step:
    """A field: `weight` rows of its own and its `parts`, `size` times where it is a list.

    The parts are alternatives, for the types that the object can be. A `page` is read as soon as one of its
    parts that `reads` is selected, also where none of its rows is answered. `meta` is part of the
    introspection. Resolving the field takes `work`, and each of its objects `each` more.
    """

    name: str
    weight: int
    size: Size | None
    page: Size | None
    conditions: frozenset[Condition]
    parts: tuple[Parts, ...]
    work: int
    each: int
    reads: bool
    meta: bool = False

    @property
    def always(self) -> bool:
        return ALWAYS in self.conditions


@dataclass(frozen=True)
class Sum:
    """What a plan comes to: `rows` that are read, and `work` in units of one plain field."""

    rows: int
    work: int


_NOTHING = Sum(0, 0)


@dataclass(frozen=True, eq=False)
class Plan:
    """The parts of an operation's root."""

    root: Parts
    defaults: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @cached_property
    def varies(self) -> bool:
        """Whether it comes to more or less with other variables."""
        waiting, seen = [self.root], set[int]()
        while waiting:
            for step in waiting.pop().steps:
                if id(step) in seen:
                    continue
                seen.add(id(step))
                if not step.always or _varies(step.size) or _varies(step.page):
                    return True
                waiting += step.parts
        return False

    def sum(self, variables: Mapping[str, Any], instead: Mapping[Size, int] | None = None) -> Sum:
        """The most for the variables, with some sizes other than they say."""
        return Summing(Values(variables, self.defaults), instead or {}).parts(self.root)


def _varies(size: Size | None) -> bool:
    match size:
        case None | Fixed():
            return False
        case Counted(node):
            return isinstance(node, VariableNode)
        case Slice(arguments):
            return any(isinstance(node, VariableNode) for node in arguments.values())


class Summing:
    """Sums up a plan for one set of variables; each of its steps once, however often it is shared."""

    def __init__(self, values: Values, instead: Mapping[Size, int]) -> None:
        self._values = values
        self._instead = instead
        self._known: dict[int, Sum] = {}

    def parts(self, parts: Parts) -> Sum:
        rows, work = 0, parts.work
        for step in parts.steps:
            found = self.step(step)
            rows += found.rows
            work += found.work
        return Sum(rows, work)

    def step(self, step: Step) -> Sum:
        found = self._known.get(id(step))
        if found is None:
            selected = step.always or self._values.hold(step.conditions)
            found = self._known[id(step)] = self._step(step) if selected else _NOTHING
        return found

    def _step(self, step: Step) -> Sum:
        rows = work = 0
        for parts in step.parts:
            found = self.parts(parts)
            rows, work = max(rows, found.rows), max(work, found.work)
        if step.page is not None and any(self._reads(parts) for parts in step.parts):
            rows = max(rows, self._size(step.page))
        size = self._size(step.size)
        return Sum(size * (step.weight + rows), step.work + size * (step.each + work))

    def _reads(self, parts: Parts) -> bool:
        return any(step.reads and (step.always or self._values.hold(step.conditions)) for step in parts.steps)

    def _size(self, size: Size | None) -> int:
        if size is None:
            return 1
        return self._instead[size] if size in self._instead else size.of(self._values)


Measured: TypeAlias = Callable[[Sum], int]
"""Which of the two is meant."""


def advice(plan: Plan, variables: Mapping[str, Any], limit: int, measured: Measured) -> str:
    """Which page to make smaller, on the way to where most is."""
    values = Values(variables, plan.defaults)
    path, found = _heaviest(plan, values, measured)
    pages = sorted(found, key=lambda item: -item[1].of(values))
    for place, page in pages:
        fits = _largest(plan, variables, page, limit, measured)
        if fits > 0:
            return f"Lower `{_argument(page, values)}` of {place} from {page.of(values)} to {fits}."
    filled = [(place, page) for place, page in pages if page.of(values)]
    if filled:
        [(place, page), *_] = filled
        return f"Lower `{_argument(page, values)}` of {place}, now {page.of(values)}, and those around it."
    return f"Ask for less at once, first of all in {path}."


def _argument(page: Slice, values: Values) -> str:
    return next(iter(page.given(values)), "first")


def _heaviest(plan: Plan, values: Values, measured: Measured) -> tuple[str, list[tuple[str, Slice]]]:
    """The way to where most is, and the pages on it."""
    summing = Summing(values, {})
    parts, path, pages = plan.root, tuple[str, ...](), list[tuple[str, Slice]]()
    while parts.steps:
        step = max(parts.steps, key=lambda each: measured(summing.step(each)))
        path = (*path, step.name)
        if isinstance(step.page, Slice):
            pages.append((".".join(path), step.page))
        if not step.parts:
            break
        parts = max(step.parts, key=lambda each: measured(summing.parts(each)))
    return ".".join(path), pages


def _largest(plan: Plan, variables: Mapping[str, Any], page: Slice, limit: int, measured: Measured) -> int:
    """The largest size of the page with which the plan stays within the limit; 0 if there is none."""

    def at(size: int) -> int:
        return measured(plan.sum(variables, {page: size}))

    least, next_ = at(0), at(1)
    if next_ > limit:
        return 0
    # Each row more costs at least what the first does: more, where another type of object then counts.
    size = min(page.most, (limit - least) // max(next_ - least, 1))
    while size and at(size) > limit:
        size //= 2
    return size
