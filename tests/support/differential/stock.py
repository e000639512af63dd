"""What the arguments of random operations may name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

LONE_SURROGATE = "\ud83d"
STRANGE_TEXTS = (
    "",
    " ",
    "%",
    "_",
    "'\"\\",
    "\x00",
    "\u202e",
    LONE_SURROGATE,
    "x" * 300,
    "Å",
    "ﬁ",
    "İ",
    "\U0001f600",
)
"""What databases and drivers treat unlike each other, or refuse."""


@dataclass(frozen=True)
class Stock:
    """What is in a database.

    Attributes:
        ids: Global ids of rows that exist, by type.
        absent: By type, a global id that no row has.
        named: The type that an argument or a field of an input names by its id.
        texts: Words of what can be searched.
        rare: Fields that are asked for seldom, as no plan serves them.
        avoided: Fields, arguments and fields of inputs that are never asked for.
        days: Days at and about those of the rows, as the API writes them.
        cursors: By field on the root, cursors of its connection without filter and order.
    """

    ids: Mapping[str, Sequence[str]]
    absent: Mapping[str, str]
    named: Mapping[str, str]
    texts: Sequence[str]
    days: Sequence[str]
    rare: frozenset[str] = frozenset()
    avoided: frozenset[str] = frozenset()
    cursors: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
