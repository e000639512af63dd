"""One operation's view of the data: one read-only snapshot, opened when first needed, and its batches."""

import asyncio
import sqlite3
from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from sqlalchemy import Dialect
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from graph.binding import Binding
from graph.dynamic import Value
from graph.loader import Batches, Loader
from graph.pace import Pace
from graph.paging import Limits, Request
from graph.source import Source
from graph.statements import Statement, by_id, nested_counts, nested_pages, root_count, root_page, selected

T = TypeVar("T")

_INTERRUPT_EVERY_SECONDS = 0.02
"""An interrupt that comes before its statement has begun is lost."""

Values = Mapping[str, Value]
"""A row: values by the model's attribute names."""


class Slice:
    """The rows of one page, in the order asked for, and whether there are others around it."""

    __slots__ = ("has_next", "has_previous", "rows")

    def __init__(self, request: Request, found: list[Values]) -> None:
        """Take what a statement found: in the direction of the request, at most one row more than its size.

        A bound counts as a row beyond: the row that its cursor was given for stood there.
        """
        more = len(found) > request.size
        self.rows = found[: request.size]
        if request.backward:
            self.rows.reverse()
            self.has_next, self.has_previous = request.before is not None, more or request.after is not None
        else:
            self.has_next, self.has_previous = more or request.before is not None, request.after is not None


class Reader:
    """Reads what one operation selects, on one connection and one snapshot.

    Not for concurrent operations; within one, any number of fields may load at once.

    Args:
        engine: For reads: each of its transactions must be one snapshot that cannot write.
        caller: Whoever asks, given to the `visible` functions; hashable, and equal only to who sees the same.
        key: Secret that signs cursors, at most 64 bytes.
        limits: Sizes allowed and taken by default.
        event_seconds: For which the row of a subscription's event may be read.
        source: Where plans read, if there are any.
    """

    def __init__(  # noqa: PLR0913, PLR0917  # by name it takes twice as long, for each operation
        self,
        engine: AsyncEngine,
        caller: object,
        key: bytes,
        limits: Limits | None = None,
        event_seconds: float = 10.0,
        source: Source | None = None,
    ) -> None:
        self.caller = caller
        self.key = key
        self.limits = limits or Limits()
        self.event_seconds = event_seconds
        self.source = source
        self._engine = engine
        self._connection: AsyncConnection | None = None
        self._kept: dict[Hashable, Any] = {}
        self._batches: Batches | None = None
        self._ended = False

    @property
    def dialect(self) -> Dialect:
        return self._engine.dialect

    @property
    def pace(self) -> Pace:
        """Of the operation that reads."""
        return self._batched().pace

    async def renew(self) -> None:
        """Give up the snapshot and all that was read in it: the next read sees what is committed by then."""
        await self._stop_reading()
        self._kept.clear()
        connection, self._connection = self._connection, None
        if connection is not None:
            await asyncio.shield(_given_back(connection))

    def end(self) -> bool:
        """Read nothing more. Returns whether there is anything to be closed."""
        self._ended = True
        if self._batches is not None:
            self._batches.end()
        return self._connection is not None or (self._batches is not None and self._batches.busy)

    async def close(self) -> None:
        """Return the connection, for good: nothing more is read."""
        self.end()
        await self.renew()

    def keep(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` gave when first asked for under this key in this snapshot."""
        if key not in self._kept:
            self._kept[key] = make()
        return self._kept[key]

    def rows(self, binding: Binding, key: Hashable = None) -> Loader[Value, Values | None]:
        """Rows by id, None for those that do not exist or that the caller does not see.

        Args:
            binding: Of the rows.
            key: Who asks: each gets a batch, and thus a statement, of its own.
        """
        names = selected(binding)

        async def read(ids: Sequence[Value]) -> Mapping[Value, Values]:
            found = await self._execute(by_id(binding, ids, self.caller, self.dialect))
            values = [dict(zip(names, row, strict=True)) for row in found]
            return {item[binding.key[0]]: item for item in values}

        return self.keep(("rows", binding, key), lambda: Loader(self._batched(), read, None))

    def slices(self, request: Request) -> Loader[Value, Slice]:
        """The page of each parent; of None for a connection on the root."""
        names = selected(request.binding, *request.keys)

        async def read(parents: Sequence[Value]) -> Mapping[Value, Slice]:
            found: dict[Value, list[Values]] = {parent: [] for parent in parents}
            if request.page.link is None:
                for row in await self._execute(root_page(request, self.caller)):
                    found[None].append(dict(zip(names, row, strict=True)))
            else:
                statement = nested_pages(request, parents, self.caller, self.dialect)
                for parent, *row in await self._execute(statement):
                    found[parent].append(dict(zip(names, row, strict=True)))
            return {parent: Slice(request, rows) for parent, rows in found.items()}

        return self.keep(("slices", request), lambda: Loader(self._batched(), read, Slice(request, [])))

    def counts(self, request: Request) -> Loader[Value, int]:
        """The size of each parent's connection; of None for a connection on the root."""

        async def read(parents: Sequence[Value]) -> Mapping[Value, int]:
            if request.page.link is None:
                [[count]] = await self._execute(root_count(request, self.caller))
                return {None: count}
            statement = nested_counts(request, parents, self.caller, self.dialect)
            return dict(await self._execute(statement))

        return self.keep(("counts", request), lambda: Loader(self._batched(), read, 0))

    def _batched(self) -> Batches:
        """The batches of the operation, made when there are some: a plan reads without."""
        if self._batches is None:
            self._batches = Batches()
            if self._ended:
                self._batches.end()
        return self._batches

    async def _stop_reading(self) -> None:
        """Give up the statement that is running, at the database, too."""
        if self._batches is None:
            return None
        if not self._batches.busy:
            return await self._batches.stop()
        stopping = asyncio.ensure_future(self._batches.stop())
        while not stopping.done():
            await self._interrupt()
            await asyncio.wait([stopping], timeout=_INTERRUPT_EVERY_SECONDS)
        return None

    async def _interrupt(self) -> None:
        """End SQLite's statement, which goes on in its thread otherwise; psycopg cancels by itself."""
        if self._connection is not None and self.dialect.name == "sqlite":
            # Closed meanwhile: the driver has two ways to say so.
            with suppress(SQLAlchemyError, ValueError, sqlite3.ProgrammingError):
                raw = await self._connection.get_raw_connection()
                if raw.driver_connection is not None:
                    await raw.driver_connection.interrupt()

    async def _execute(self, statement: Statement) -> Sequence[Any]:
        if self._connection is None:
            self._connection = await self._engine.connect()
        return (await self._connection.execute(statement)).all()


async def _given_back(connection: AsyncConnection) -> None:
    """Give it back; that it is broken is of no interest to who has read all there was to read."""
    with suppress(SQLAlchemyError):
        await connection.close()
