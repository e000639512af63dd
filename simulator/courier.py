"""Carries messages to the addresses that partners registered, and remembers what became of them."""

import asyncio
import ssl
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import urlsplit

ATTEMPTS = 10
LONGEST_WAIT_SECONDS = 60.0
TIMEOUT_SECONDS = 10.0
MAX_DELIVERIES = 1000


@dataclass
class Delivery:
    """One message on its way.

    `sent_at` is a POSIX time on the simulator's clock; `results` has a status or the reason of a failure for
    each attempt.
    """

    id: str
    partner_id: str
    event: str
    sent_at: float
    url: str
    headers: Mapping[str, str]
    body: bytes
    results: list[int | str] = field(default_factory=list[int | str])
    done: bool = False

    @property
    def succeeded(self) -> bool:
        last = self.results[-1] if self.results else ""
        return isinstance(last, int) and last // 100 == 2  # noqa: PLR2004 - the statuses of success


class Courier:
    """Works in the background of the event loop that `send` is called from."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._deliveries: deque[Delivery] = deque(maxlen=MAX_DELIVERIES)

    def send(self, delivery: Delivery, wait_seconds: float) -> None:
        """Carry a message: up to ten times, waiting longer each time, until it is answered with 2xx."""
        self._deliveries.append(delivery)
        task = asyncio.get_running_loop().create_task(_deliver(delivery, wait_seconds))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def deliveries(self, partner_id: str) -> list[Delivery]:
        return [delivery for delivery in self._deliveries if delivery.partner_id == partner_id]

    def clear(self) -> None:
        """Forget what was sent, and send nothing more."""
        for task in self._tasks:
            task.cancel()
        self._deliveries.clear()

    async def aclose(self) -> None:
        self.clear()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _deliver(delivery: Delivery, wait_seconds: float) -> None:
    for attempt in range(ATTEMPTS):
        if attempt:
            await asyncio.sleep(min(wait_seconds * 2 ** (attempt - 1), LONGEST_WAIT_SECONDS))
        delivery.results.append(await _attempt(delivery))
        if delivery.succeeded:
            break
    delivery.done = True


async def _attempt(delivery: Delivery) -> int | str:
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            return await _post(delivery)
    except TimeoutError:
        return "no answer in time"
    except (OSError, ValueError, asyncio.LimitOverrunError) as error:
        return f"{type(error).__name__}: {error}"


async def _post(delivery: Delivery) -> int:
    """Post over a connection of its own, and read no more of the answer than its status."""
    url = urlsplit(delivery.url)
    is_secure = url.scheme == "https"
    port = url.port or (443 if is_secure else 80)
    context = ssl.create_default_context() if is_secure else None
    reader, writer = await asyncio.open_connection(url.hostname, port, ssl=context)
    try:
        target = (url.path or "/") + (f"?{url.query}" if url.query else "")
        headers = {
            "Host": url.netloc.rpartition("@")[2],
            **delivery.headers,
            "Content-Type": "application/json",
            "Content-Length": str(len(delivery.body)),
            "Connection": "close",
        }
        lines = [f"POST {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        writer.write("\r\n".join([*lines, "", ""]).encode("latin-1") + delivery.body)
        await writer.drain()
        return _status(await reader.readline())
    finally:
        writer.close()


def _status(line: bytes) -> int:
    """Read a status line such as `HTTP/1.1 200 OK`."""
    parts = line.split()
    if len(parts) < 2 or not parts[0].startswith(b"HTTP/"):  # noqa: PLR2004 - version and status
        raise ValueError("not an HTTP answer")
    return HTTPStatus(int(parts[1]))
