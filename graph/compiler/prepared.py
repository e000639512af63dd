"""One connection of asyncpg, and the statements that are prepared on it."""

# pyright: standard
# Not strict: asyncpg is untyped.
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any

from graph.source import Query, Rows

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.prepared_stmt import PreparedStatement

_MOST_KEPT = 500
_LONGEST_KEPT = 15 * 1024
"""Characters of a statement that is prepared for good."""


class Prepared:
    """Runs statements, the first time as asyncpg does it, and from then on by what that comes to.

    Its `fetch` passes each statement through four coroutines and a cache of its own, every time: half as much
    again as it takes to send it and to read the rows.

    Args:
        driver: The connection.
    """

    __slots__ = ("_execute", "_statements", "driver")

    def __init__(self, driver: "asyncpg.Connection") -> None:
        self.driver = driver
        protocol: Any = driver._protocol  # noqa: SLF001  # no way that is public is as short
        self._execute = protocol.bind_execute
        self._statements: dict[str, PreparedStatement] = {}

    def __len__(self) -> int:
        """How many statements are kept."""
        return len(self._statements)

    def fetch(self, query: Query) -> Awaitable[Rows]:
        """What a statement finds. One at a time."""
        statement = self._statements.get(query.text)
        if statement is None:
            return self._fetch_anew(query)
        return self._execute(statement._state, query.parameters, "", 0, False, None)  # noqa: FBT003, SLF001  # as above

    async def _fetch_anew(self, query: Query) -> Rows:
        if len(query.text) > _LONGEST_KEPT:
            return await self.driver.fetch(query.text, *query.parameters)
        statement = await self.driver.prepare(query.text)
        while len(self._statements) >= _MOST_KEPT:
            # asyncpg closes it in the database, too, when it prepares the next one.
            del self._statements[next(iter(self._statements))]
        self._statements[query.text] = statement
        return await statement.fetch(*query.parameters)
