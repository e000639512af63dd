"""A way to PostgreSQL on which one message is kept back, while cancellations overtake it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

from sqlalchemy import make_url

_CANCELS = (80877102).to_bytes(4)
"""What a connection begins with, behind a length, that only cancels the statement of another one."""


class Way:
    """Passes on what clients and the server send.

    Attributes:
        url: Where clients find it.
        mark: The next message from a client that has this in it is kept back; None for none.
        kept: Set when there is such a message.
        overtaken: Set when the server has taken a cancellation.
        free: Set by a test, to let the message go.
    """

    def __init__(self, socket: str) -> None:
        self._socket = socket
        self._serving: list[asyncio.Task[None]] = []
        self.url = ""
        self.mark: bytes | None = None
        self.kept, self.overtaken, self.free = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def close(self) -> None:
        """Wait until all have left."""
        self.free.set()
        await asyncio.gather(*self._serving)

    def serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        self._serving.append(asyncio.create_task(self._serve(client, to_client)))

    async def _serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        server, to_server = await asyncio.open_unix_connection(self._socket)
        first = await client.read(65536)
        to_server.write(first)
        await asyncio.gather(self._pass_on(client, to_server), self._pass_on(server, to_client))
        if first[4:8] == _CANCELS:
            self.overtaken.set()

    async def _pass_on(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while message := await source.read(65536):
                if self.mark is not None and self.mark in message:
                    self.mark = None
                    self.kept.set()
                    await self.free.wait()
                target.write(message)
        target.close()
        with suppress(ConnectionError):
            await target.wait_closed()


@asynccontextmanager
async def way_to(database_url: str) -> AsyncGenerator[Way]:
    """Open a way to a database whose server listens on a socket in a folder."""
    url = make_url(database_url)
    way = Way(f"{url.query['host']}/.s.PGSQL.5432")
    async with await asyncio.start_server(way.serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        # Without a question about TLS in front a cancellation is what its connection begins with.
        plain = url.set(host="127.0.0.1", port=port, query={"sslmode": "disable"})
        way.url = plain.render_as_string(hide_password=False)
        yield way
        await way.close()
