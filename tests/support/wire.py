"""Sends bytes to a server and reads one HTTP answer, as it came: no client's kindness in between."""

import asyncio
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httptools
from support.patience import PATIENCE_SECONDS


@dataclass
class Answer:
    """What came back; `complete` says whether the answer ended as HTTP says it must."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""
    complete: bool = False
    seconds: float = 0.0


class _Reader:
    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.parser = httptools.HttpResponseParser(self)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._answer.headers[name.decode().lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self._answer.status = self.parser.get_status_code()

    def on_body(self, body: bytes) -> None:
        self._answer.body += body

    def on_message_complete(self) -> None:
        # A "100 Continue" is an answer before the answer.
        self._answer.complete = self._answer.status >= 200


async def exchange(url: str, request: bytes, *, seconds: float = PATIENCE_SECONDS) -> Answer:
    """Send the request, however much of it is taken, and read the answer.

    Raises:
        TimeoutError: There is none in time.
    """
    place = urlsplit(url)
    began = time.monotonic()
    answer = Answer()
    async with asyncio.timeout(seconds):
        reader, writer = await asyncio.open_connection(place.hostname, place.port)
        sending = asyncio.create_task(_send(writer, request))
        try:
            parser = _Reader(answer).parser
            while not answer.complete and (data := await reader.read(65536)):
                parser.feed_data(data)
        except ConnectionError:
            pass
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            writer.close()
    answer.seconds = time.monotonic() - began
    return answer


async def _send(writer: asyncio.StreamWriter, request: bytes) -> None:
    writer.write(request)
    await writer.drain()
