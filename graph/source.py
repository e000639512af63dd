"""Where plans read: statements as text, many in one snapshot, on a driver without anything in between."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, NamedTuple, Protocol, TypeAlias, TypeVar

from sqlalchemy import Dialect

T = TypeVar("T")


class Query(NamedTuple):
    """One statement, with its parameters in order, as the driver takes them.

    Packed: it finds one text for all rows, the elements of a JSON array, each a list of values.
    """

    text: str
    parameters: Sequence[Any]
    packed: bool = False


Rows: TypeAlias = Sequence[Sequence[Any]]
"""What a statement found, as the driver gives it."""


class Aside(Enum):
    """What work yields when it goes on with something long other than a statement: best in a thread."""

    ASIDE = 0


ASIDE: Final = Aside.ASIDE

Steps: TypeAlias = Generator[Query | Aside, Rows, T]
"""Work that yields the statements it needs, is sent what each found, and returns what it made of them.

It knows nothing of how they are executed, which thread it runs in, or how long it waits.
"""


@dataclass
class Habit:
    """What is known of work that is done again and again.

    Attributes:
        aside: How many times more it is done in a thread from the start: the last time that it was not,
            it took longer than others should wait.
    """

    aside: int = 0


class Source(Protocol):
    """A database to read from."""

    @property
    def dialect(self) -> Dialect:
        """What statements are written in."""
        ...

    async def run(self, steps: Steps[T], habit: Habit, *, one: bool) -> T:
        """Do the work in one read-only snapshot.

        When it is cancelled, nothing of it goes on, neither here nor in the database.

        Args:
            steps: The work.
            habit: Of this work.
            one: Whether no two of its statements have to see one state: each is a snapshot by itself.

        Raises:
            SourceFailed: The database did not answer, or refused a statement.
        """
        ...

    async def close(self) -> None:
        """Give up the connections; harmless when repeated."""
        ...


class SourceFailed(Exception):
    """The database did not answer, or refused a statement: `__cause__` is what the driver says of it."""
