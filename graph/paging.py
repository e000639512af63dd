"""Which page a client asks for: arguments checked once, as one value that statements are built from."""

# pyright: standard
# Not strict: what Strawberry, SQLAlchemy and JSON bring is untyped.
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from strawberry import UNSET

from graph.binding import Binding, Page
from graph.cursors import Cursors, plain
from graph.dynamic import Value
from graph.errors import CodedError
from graph.filters import Chosen, chosen_criteria
from graph.order import Key, chosen_keys


@dataclass(frozen=True)
class Limits:
    """How much one request may ask for at once."""

    page_size: int = 200
    root_default: int = 50
    nested_default: int = 10
    ids: int = 200


@dataclass(frozen=True, eq=False)
class Request:
    """One page of a connection, the same for every parent it is asked of.

    `keys` is the whole order, tie-breaker included; `after` and `before` are its values at the bounds. A
    `backward` page is the last `size` rows before the bound.
    """

    binding: Binding
    page: Page
    conditions: Sequence[Chosen]
    keys: tuple[Key, ...]
    cursors: Cursors
    size: int
    backward: bool
    after: Sequence[Value] | None
    before: Sequence[Value] | None


def page_request(  # noqa: PLR0913  # what a page depends on
    binding: Binding, page: Page, given: Mapping[str, Any], *, place: str, secret: bytes, limits: Limits
) -> Request:
    """Check a connection's arguments.

    Args:
        binding: Of the connection's nodes.
        page: The connection.
        given: Arguments by Python name; null and UNSET count as absent.
        place: Names the connection, so that cursors of one are foreign to another.
        secret: Signs cursors.
        limits: Sizes allowed and taken by default.

    Raises:
        CodedError: BAD_PAGE, PAGE_TOO_LARGE, BAD_CURSOR, BAD_ORDER or BAD_ID.
    """
    arguments = {name: value for name, value in given.items() if value is not None and value is not UNSET}
    conditions = [
        *chosen_criteria(page.criteria, arguments),
        *chosen_criteria(
            binding.criteria, vars(arguments["filter"]) if "filter" in arguments else {}, "filter."
        ),
    ]
    keys = _whole(binding, chosen_keys(binding.order, binding.default_order, arguments.get("order_by")))
    cursors = Cursors(
        secret,
        [
            place,
            [[key.attribute, key.descending] for key in keys],
            [[item.name, plain(item.value)] for item in conditions],
        ],
    )
    backward = "last" in arguments or ("before" in arguments and "first" not in arguments)
    return Request(
        binding,
        page,
        conditions,
        keys,
        cursors,
        _size(page, arguments, limits),
        backward,
        cursors.decode(arguments["after"]) if "after" in arguments else None,
        cursors.decode(arguments["before"]) if "before" in arguments else None,
    )


def default_size(page: Page, limits: Limits) -> int:
    """How many rows a page has at most if the client does not say."""
    default = page.default_size or (limits.root_default if page.link is None else limits.nested_default)
    return min(default, limits.page_size)


def _whole(binding: Binding, keys: tuple[Key, ...]) -> tuple[Key, ...]:
    """The order made total: ties are broken by the binding's key, in the last key's direction."""
    direction = keys[-1].descending if keys else False
    named = {key.attribute for key in keys}
    return (*keys, *(Key(name, direction) for name in binding.key if name not in named))


def _size(page: Page, arguments: Mapping[str, Any], limits: Limits) -> int:
    if "first" in arguments and "last" in arguments:
        raise CodedError("Give first or last, not both.", code="BAD_PAGE")
    name = "last" if "last" in arguments else "first"
    size = arguments.get(name, default_size(page, limits))
    if size < 0:
        raise CodedError(f"{name} must not be negative.", code="BAD_PAGE")
    if size > limits.page_size:
        raise CodedError(f"{name} is {size}; at most {limits.page_size} is allowed.", code="PAGE_TOO_LARGE")
    return size
