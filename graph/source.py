"""Where plans read: statements as text, many in one snapshot, on a driver without anything in between."""

from collections.abc import Generator, Sequence
from typing import Any, NamedTuple, Protocol, TypeAlias, TypeVar

from sqlalchemy import Dialect

T = TypeVar("T")


class Query(NamedTuple):
    """One statement, with its parameters in order, as the driver takes them."""

    text: str
    parameters: Sequence[Any]


Rows: TypeAlias = Sequence[Sequence[Any]]
"""What a statement found, as the driver gives it."""

Steps: TypeAlias = Generator[Query, Rows, T]
"""Work that yields the statements it needs, is sent what each found, and returns what it made of them.

It knows nothing of how they are executed, which thread it runs in, or how long it waits.
"""


class Source(Protocol):
    """A database to read from."""

    @property
    def dialect(self) -> Dialect:
        """What statements are written in."""
        ...

    async def run(self, steps: Steps[T], *, one: bool) -> T:
        """Do the work in one read-only snapshot.

        When it is cancelled, nothing of it goes on, neither here nor in the database.

        Args:
            steps: The work.
            one: Whether it is one statement at most, which is a snapshot by itself.

        Raises:
            SourceFailed: The database did not answer, or refused a statement.
        """
        ...

    async def close(self) -> None:
        """Give up the connections; harmless when repeated."""
        ...


class SourceFailed(Exception):
    """The database did not answer, or refused a statement: `__cause__` is what the driver says of it."""
