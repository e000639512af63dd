"""One connection of asyncpg: its snapshots, and the statements that are prepared on it."""

# pyright: standard
# Not strict: asyncpg is untyped.
from binascii import a2b_hex
from collections.abc import Awaitable, Sequence
from struct import Struct
from typing import TYPE_CHECKING, Any

from graph.source import Query, Rows

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.prepared_stmt import PreparedStatement

_MOST_KEPT = 500
_LONGEST_KEPT = 15 * 1024
"""Characters of a statement that is prepared for good."""
_UUID, _UUIDS = 2950, 2951
"""The numbers of these types in PostgreSQL, of one and of an array."""
_ARRAY = Struct("!iiIii")
"""How an array begins: dimensions, whether it has NULLs, of which type, how many, the number of the first."""
_LENGTH = "00000010"
"""What stands before each UUID: that it has sixteen bytes."""


def array_of(keys: Sequence[str]) -> bytes:
    """UUIDs, as text with dashes, as PostgreSQL takes an array of them."""
    texts = (_LENGTH + _LENGTH.join(keys)).encode() if keys else b""
    return _ARRAY.pack(1, 0, _UUID, len(keys), 1) + a2b_hex(texts.translate(None, b"-"))


def speed_up_keys(driver: "asyncpg.Connection") -> None:
    """Have arrays of UUIDs encoded all at once.

    asyncpg encodes one after the other, which takes seven times as long. Text would be made as quickly, but
    PostgreSQL takes 0.4 µs a key to read it: an eighth of what a level of 250 pages costs.
    """
    protocol: Any = driver._protocol  # noqa: SLF001  # what is public is for no arrays
    protocol.get_settings().add_python_codec(
        _UUIDS, "_uuid", "pg_catalog", (), "array", array_of, None, "binary"
    )


class Prepared:
    """Runs statements, the first time as asyncpg does it, and from then on by what that comes to.

    Its `fetch` passes each statement through four coroutines and a cache of its own, every time: half as much
    again as it takes to send it and to read the rows.

    Args:
        driver: The connection.

    Attributes:
        is_open: Whether a snapshot has begun, and not ended.
    """

    __slots__ = ("_execute", "_statements", "driver", "is_open")

    def __init__(self, driver: "asyncpg.Connection") -> None:
        self.driver = driver
        protocol: Any = driver._protocol  # noqa: SLF001  # no way that is public is as short
        self._execute = protocol.bind_execute
        self._statements: dict[str, PreparedStatement] = {}
        self.is_open = False

    def __len__(self) -> int:
        """How many statements are kept."""
        return len(self._statements)

    async def begin(self) -> None:
        """Have all statements from now on see the one state that the first of them finds.

        What was left open is ended by the same message.
        """
        await self.driver.execute("COMMIT AND CHAIN" if self.is_open else "BEGIN")
        self.is_open = True

    async def end(self) -> None:
        """End what is open."""
        await self.driver.execute("COMMIT")
        self.is_open = False

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
