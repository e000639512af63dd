"""One call to a REST provider: with the key, repeated, decoded, and failing with our errors."""

import asyncio
from codecs import BOM_UTF8
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from ssl import PROTOCOL_TLS_CLIENT, SSLContext
from typing import Generic, TypeVar

import httpx

from providers.clock import Clock
from providers.errors import ProviderError, ProviderUnavailable
from providers.exchange import ENCODINGS, UNSENDABLE, exchange, no_cookies
from providers.record import Malformed, parse
from providers.rest.connection import RestConnection
from providers.rest.refusals import Broken, Foreign, error_from
from providers.retry import Repeats
from providers.server_time import ServerTime
from providers.transport import is_loopback

T = TypeVar("T")

KEY_HEADER = "work-365-rest-provider-api-key"
MAX_CONNECTIONS = 10
LARGE = 100_000
"""Bytes; longer answers are read beside the event loop: all customers come in one piece."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[T]):
    """A call as data.

    Attributes:
        path: Below the base address, with each variable part quoted.
        read: Decodes the body of a success, None if there is none; raises `Malformed`.
        missing: What 404 means.
        whole: A success without a body must say so with 204: one that got lost on the way is no answer.
    """

    path: str
    read: Callable[[object], T]
    method: str = "GET"
    json: Mapping[str, object] | None = None
    missing: type[ProviderError] = Foreign
    whole: bool = False


class Session:
    """The connection's HTTP client; belongs to one event loop."""

    def __init__(self, connection: RestConnection, *, clock: Clock) -> None:
        self._key = connection.api_key
        self._clock = clock
        self._timeout = connection.timeout
        self._time = ServerTime(clock)
        self._repeated = Repeats(
            clock, max_attempts=connection.max_attempts, first_wait=connection.first_wait
        )
        encrypted = connection.base_url.startswith("https:")
        self._http = httpx.AsyncClient(
            base_url=connection.base_url.rstrip("/"),
            headers={
                "Accept": "application/json",
                "Accept-Encoding": ENCODINGS,
                KEY_HEADER: connection.api_key,
            },
            timeout=connection.timeout.total_seconds(),
            limits=httpx.Limits(max_connections=MAX_CONNECTIONS),
            trust_env=not is_loopback(connection.base_url),
            # Reading the authorities takes a while; where nothing is encrypted nobody is trusted instead.
            verify=httpx.create_ssl_context() if encrypted else SSLContext(PROTOCOL_TLS_CLIENT),
            cookies=no_cookies(),
        )
        self.now = self._time.now

    async def send(self, call: Call[T]) -> T:
        """Make a call that may be made several times, repeating it while there is no usable answer."""
        return await self._repeated(lambda: self.once(call))

    async def create(
        self, call: Call[T], *, look: Callable[[], Awaitable[T | None]], looked: bool = False
    ) -> T:
        """Make a call that creates something, which the provider would do each time.

        Before every attempt it is looked for. While the provider may still be at it, or has done it and shows
        it late, it is looked for again, but not created a second time.

        Args:
            call: Makes it.
            look: Finds it in a single attempt.
            looked: The caller has just looked.
        """
        open_end: ProviderUnavailable | None = None

        async def attempt() -> T:
            nonlocal looked, open_end
            found = None if looked else await look()
            if found is not None:
                return found
            if open_end is not None:
                raise open_end
            looked = False
            try:
                return await self.once(call)
            except ProviderUnavailable as error:
                if not _has_ended(error):
                    open_end = error
                raise

        return await self._repeated(attempt)

    async def once(self, call: Call[T]) -> T:
        """Make a single attempt.

        Raises:
            Foreign: The answer is none of the contract's.
        """
        try:
            request = self._http.build_request(call.method, call.path, json=call.json)
            response = await exchange(self._http, request, wait=self._timeout)
        except (httpx.TransportError, httpx.DecodingError, *UNSENDABLE) as error:
            raise ProviderUnavailable(
                f"The provider could not be reached ({type(error).__name__})."
            ) from error
        self._time.note(response.headers)
        if not response.is_success:
            raise error_from(
                response.status_code,
                response.headers,
                response.content,
                missing=call.missing,
                key=self._key,
                now=self._clock.now(),
            )
        try:
            if len(response.content) > LARGE:
                return await asyncio.to_thread(_read, call, response)
            return _read(call, response)
        except Malformed as error:
            raise Foreign(f"The provider gave an answer that cannot be read: {error}") from error

    async def aclose(self) -> None:
        await self._http.aclose()


def _has_ended(error: ProviderUnavailable) -> bool:
    """Tell whether the call never arrived, or came to an end after which a look tells what it did."""
    never_sent = httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout
    return isinstance(error, Broken) or isinstance(error.__cause__, never_sent)


def _read(call: Call[T], response: httpx.Response) -> T:
    blank = not response.content.removeprefix(BOM_UTF8).strip()
    if call.whole and blank and response.status_code != HTTPStatus.NO_CONTENT:
        raise Malformed("It is empty.")
    return call.read(parse(response.content))
