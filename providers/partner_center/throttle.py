"""No more calls a minute than the service allows a partner, and none while it has had enough."""

import asyncio
import re
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from http import HTTPStatus
from weakref import WeakKeyDictionary, WeakValueDictionary

import httpx

from providers.clock import Clock, SystemClock
from providers.errors import ProviderUnavailable
from providers.partner_center.connection import Connection
from providers.retry import LONGEST_PAUSE
from providers.server_time import retry_after_seconds

WINDOW = timedelta(minutes=1)
_NO_TIME = timedelta(0)
_COUNTED = re.compile(r"/v1/customers(/|$)")


class Throttle:
    """The budget of one partner, and the gate that a throttled call closes for all of them.

    A call occupies its place until a minute after its answer: whenever it reached the service, no more than
    the budget reach it in any minute. After a throttled call, which tells that others spend from the same
    budget, calls go out evenly for a while, and not in a burst.

    Args:
        per_minute: Calls about customers; 0 for no limit.
        clock: The clock.
    """

    def __init__(self, per_minute: int, clock: Clock) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._line = asyncio.Lock()  # its waiters are let in in the order they came
        self._answered = asyncio.Event()
        self._under_way = 0
        self._free_at: deque[datetime] = deque()
        self._opens_at: datetime | None = None
        self._last_sent: datetime | None = None

    @asynccontextmanager
    async def turn(self, request: httpx.Request) -> AsyncGenerator[None]:
        """Wait for leave to send a request, and keep its place while it is under way.

        Raises:
            ProviderUnavailable: The service has asked to be left alone for longer than a call may wait.
        """
        if not self._per_minute or not _COUNTED.search(request.url.path):
            await self._wait(self._until_open)
            yield
            return
        async with self._line:
            await self._wait(self._until_next)
            self._under_way += 1
            self._last_sent = self._clock.now()
        try:
            yield
        finally:
            self._under_way -= 1
            self._free_at.append(self._clock.now() + WINDOW)
            self._answered.set()

    def note(self, response: httpx.Response) -> None:
        """Close the gate if the service has had enough."""
        if response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
            now = self._clock.now()
            opens_at = now + timedelta(seconds=retry_after_seconds(response.headers, now=now) or 0)
            self._opens_at = max(opens_at, self._opens_at or opens_at)

    async def _wait(self, remaining: Callable[[datetime], timedelta | None]) -> None:
        while (left := remaining(self._clock.now())) != _NO_TIME:
            if left is None:
                self._answered.clear()
                await self._answered.wait()
            else:
                await self._clock.sleep(left.total_seconds())

    def _until_open(self, now: datetime) -> timedelta:
        left = max(_NO_TIME, self._opens_at - now) if self._opens_at else _NO_TIME
        if left > LONGEST_PAUSE:
            raise ProviderUnavailable(
                "Partner Center has asked to be left alone.", retry_after_seconds=left.total_seconds()
            )
        return left

    def _until_next(self, now: datetime) -> timedelta | None:
        """Tell how long the first in the line waits; None: until an answer comes."""
        closed = self._until_open(now)
        if closed:
            return closed
        while self._free_at and self._free_at[0] <= now:
            self._free_at.popleft()
        if self._under_way + len(self._free_at) >= self._per_minute:
            return self._free_at[0] - now if self._free_at else None
        if self._opens_at and self._last_sent and now < self._opens_at + WINDOW:
            return max(_NO_TIME, self._last_sent + WINDOW / self._per_minute - now)
        return _NO_TIME


_Key = tuple[str, str, int, Clock | None]
_SHARED: WeakKeyDictionary[asyncio.AbstractEventLoop, WeakValueDictionary[_Key, Throttle]] = (
    WeakKeyDictionary()
)


def throttle_of(connection: Connection, clock: Clock) -> Throttle:
    """Give the throttle that all clients of the partner share in the running event loop."""
    of_loop = _SHARED.setdefault(asyncio.get_running_loop(), WeakValueDictionary())
    other_clock = None if type(clock) is SystemClock else clock
    key = connection.base_url, connection.tenant_id.lower(), connection.requests_per_minute, other_clock
    throttle = of_loop.get(key)
    if throttle is None:
        of_loop[key] = throttle = Throttle(connection.requests_per_minute, clock)
    return throttle
