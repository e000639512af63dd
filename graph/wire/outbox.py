"""What waits to be sent on one socket: bounded, however slowly the client reads."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from graph.admission import Budget
from graph.errors import Code, CodedError


class SlowConsumer(CodedError):
    """There was no room for too long."""

    def __init__(self) -> None:
        super().__init__(Code.SLOW_CONSUMER.meaning, code=Code.SLOW_CONSUMER)


class Outbox:
    """Messages in the order in which they are put. One reads, any number put.

    Args:
        most_messages: That wait; with so many it is full.
        most_bytes: That wait; with so many it is full, so that at most one message goes beyond.
        patience: Seconds for which `put` waits for room. Messages of so many bytes may wait so; more are
            refused at once.
        budget: Of bytes that wait for clients, all sockets together.
    """

    def __init__(
        self, *, most_messages: int, most_bytes: int, patience: float, budget: Budget | None = None
    ) -> None:
        self._most_messages, self._most_bytes = most_messages, most_bytes
        self._patience = patience
        self._budget = budget or Budget()
        self._before = 0
        self._messages: deque[bytes] = deque()
        self._bytes = 0
        self._put = asyncio.Event()
        self._taken = asyncio.Event()

    def __len__(self) -> int:
        return len(self._messages)

    @property
    def full(self) -> bool:
        return len(self._messages) >= self._most_messages or self._bytes >= self._most_bytes

    async def put(self, message: bytes) -> None:
        """Put it as soon as there is room.

        Raises:
            SlowConsumer: There was none in time.
        """
        if self.full:
            await self._room(len(message))
        if not self._budget.fits(len(message)):
            raise SlowConsumer
        self.put_now(message)

    def put_now(self, message: bytes) -> None:
        """Put it, room or not: for what must not wait, and cannot become many."""
        self._messages.append(message)
        self._bytes += len(message)
        self._budget.take(len(message))
        self._put.set()

    def close(self) -> None:
        """Give up what is left."""
        self._budget.give(self._bytes)
        self._messages.clear()
        self._bytes = 0

    async def send_all(self, send: Callable[[bytes], Awaitable[None]]) -> None:
        """Send what is put, one after the other, for ever. A message takes up room until it is sent."""
        while True:
            while not self._messages:
                self._put.clear()
                await self._put.wait()
            await send(self._messages[0])
            sent = len(self._messages.popleft())
            self._bytes -= sent
            self._budget.give(sent)
            self._taken.set()

    async def emptied(self) -> None:
        """Return when all is sent."""
        while self._messages:
            self._taken.clear()
            await self._taken.wait()

    async def _room(self, size: int) -> None:
        """Wait for room with a message of this size in hand."""
        if self._before and self._before + size > self._most_bytes:
            raise SlowConsumer
        self._before += size
        try:
            async with asyncio.timeout(self._patience):
                while self.full:
                    self._taken.clear()
                    await self._taken.wait()
        except TimeoutError as error:
            raise SlowConsumer from error
        finally:
            self._before -= size


class Rate:
    """Lets so many a second pass on average, and a burst at once.

    Args:
        per_second: On average.
        burst: At once, after a while of rest.
    """

    def __init__(self, per_second: float, burst: int) -> None:
        self._per_second, self._burst = per_second, burst
        self._left, self._at = float(burst), 0.0

    def passes(self, now: float) -> bool:
        """Count one more, at a time in seconds of a clock that never goes back."""
        self._left = min(self._burst, self._left + (now - self._at) * self._per_second)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
