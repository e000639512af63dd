"""How many rows an operation reads at most: a plan made once, summed up for any variables."""

# pyright: standard
# Not strict: what Strawberry and graphql-core tell of a schema is untyped.
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
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


@dataclass(frozen=True, eq=False)
class Step:
    """A field: `weight` rows of its own and its `parts`, `size` times where it is a list.

    The parts are alternatives, for the types that the object can be. A `page` is read as soon as one of its
    parts is selected, also where none of its rows is answered. `meta` is part of the introspection.
    """

    name: str
    weight: int
    size: Size | None
    page: Size | None
    conditions: frozenset[Condition]
    parts: tuple[tuple["Step", ...], ...]
    meta: bool = False

    @property
    def always(self) -> bool:
        return ALWAYS in self.conditions


@dataclass(frozen=True, eq=False)
class Plan:
    """The steps of an operation's root."""

    steps: tuple[Step, ...]
    defaults: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def cost(self, variables: Mapping[str, Any], instead: Mapping[Size, int] | None = None) -> int:
        """The rows for the variables, with some sizes other than they say."""
        values = Values(variables, self.defaults)
        return sum(_cost(step, values, instead or {}) for step in self.steps)


def _cost(step: Step, values: Values, instead: Mapping[Size, int]) -> int:
    if not step.always and not values.hold(step.conditions):
        return 0
    inner = max((sum(_cost(part, values, instead) for part in parts) for parts in step.parts), default=0)
    if step.page is not None:
        read = any(part.always or values.hold(part.conditions) for parts in step.parts for part in parts)
        inner = max(inner, _size(step.page, values, instead) if read else 0)
    return _size(step.size, values, instead) * (step.weight + inner)


def _size(size: Size | None, values: Values, instead: Mapping[Size, int]) -> int:
    if size is None:
        return 1
    return instead[size] if size in instead else size.of(values)


def advice(plan: Plan, variables: Mapping[str, Any], limit: int) -> str:
    """Which page to make smaller, on the way to where most rows are."""
    values = Values(variables, plan.defaults)
    pages = sorted(_heaviest(plan, values), key=lambda item: -item[1].of(values))
    if not pages:
        return "Ask for fewer rows at once."
    for path, page in pages:
        fits = _largest(plan, variables, page, limit)
        if fits > 0:
            return f"Lower `{_argument(page, values)}` of {path} from {page.of(values)} to {fits}."
    [(path, page), *_] = pages
    return f"Lower `{_argument(page, values)}` of {path}, now {page.of(values)}, and those around it."


def _argument(page: Slice, values: Values) -> str:
    return next(iter(page.given(values)), "first")


def _heaviest(plan: Plan, values: Values) -> Iterator[tuple[str, Slice]]:
    steps: tuple[Step, ...] = plan.steps
    path: tuple[str, ...] = ()
    while steps:
        step = max(steps, key=lambda each: _cost(each, values, {}))
        path = (*path, step.name)
        if isinstance(step.page, Slice):
            yield ".".join(path), step.page
        steps = max(step.parts, key=lambda parts: sum(_cost(each, values, {}) for each in parts), default=())


def _largest(plan: Plan, variables: Mapping[str, Any], page: Slice, limit: int) -> int:
    """The largest size of the page with which the plan stays within the limit; 0 if there is none."""
    least, next_ = (plan.cost(variables, {page: size}) for size in (0, 1))
    if next_ > limit:
        return 0
    # Each row more costs at least what the first does: more, where another type of object then counts.
    size = min(page.most, (limit - least) // max(next_ - least, 1))
    while size and plan.cost(variables, {page: size}) > limit:
        size //= 2
    return size
