"""One call to Partner Center: signed, repeated, traced, decoded, and failing with our errors."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum, auto
from http import HTTPStatus
from ssl import PROTOCOL_TLS_CLIENT, SSLContext
from typing import Generic, TypeVar
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

import httpx

from providers.clock import Clock
from providers.errors import InputRefused, ProviderUnavailable
from providers.exchange import ENCODINGS, UNSENDABLE, exchange, no_cookies
from providers.partner_center.auth import Entra, SaveRefreshToken, Token, TokenAuth
from providers.partner_center.connection import Connection
from providers.partner_center.paging import CONTINUATION, Next, Page
from providers.partner_center.refusals import END_OF_PAGES, PLAIN, Meaning, error_from
from providers.partner_center.throttle import throttle_of
from providers.record import Malformed, parse
from providers.retry import Repeats
from providers.server_time import ServerTime
from providers.transport import is_loopback

T = TypeVar("T")

MAX_CONNECTIONS = 20
VALIDATE_MFA, IS_MFA_COMPLIANT = "ValidateMfa", "isMfaCompliant"


class Actor(Enum):
    """Who acts: the application by itself, or with the partner user who consented."""

    APPLICATION = auto()
    USER = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[T]):
    """A call as data.

    Attributes:
        path: Below the version, with each variable part quoted.
        read: Decodes the body of a success, None if empty; raises `Malformed`.
        request_id: Idempotency key; None for calls that change nothing.
        deferred: Reads the headers, in lower case, of a success that is yet to come (202); None where
            there is no such thing.
    """

    path: str
    read: Callable[[object], T]
    method: str = "GET"
    actor: Actor = Actor.APPLICATION
    params: Mapping[str, str] = field(default_factory=dict[str, str])
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    json: Mapping[str, object] | None = None
    request_id: str | None = None
    meaning: Meaning = PLAIN
    deferred: Callable[[Mapping[str, str]], T] | None = None


class Session:
    """The connection's HTTP client; belongs to one event loop.

    Attributes:
        mfa_compliant: Whether the service found multi-factor authentication in the user's last token; None
            until it has said so.
    """

    def __init__(
        self, connection: Connection, *, save_refresh_token: SaveRefreshToken | None, clock: Clock
    ) -> None:
        self.mfa_compliant: bool | None = None
        self._clock = clock
        self._timeout = connection.timeout
        self._server_time = ServerTime(clock)
        self._repeated = Repeats(
            clock, max_attempts=connection.max_attempts, first_wait=connection.first_wait
        )
        trust = _trust(connection)
        self._entra = Entra(
            connection,
            trust,
            save_refresh_token=save_refresh_token,
            clock=clock,
            server_time=self._server_time,
        )
        acquire = {Actor.APPLICATION: self._entra.as_application, Actor.USER: self._entra.as_user}
        self._auth = {
            actor: TokenAuth(
                acquire[actor], clock=clock, find_throttle=lambda: throttle_of(connection, clock)
            )
            for actor in Actor
        }
        self._http = httpx.AsyncClient(
            base_url=f"{connection.base_url.rstrip('/')}/v1",
            headers={
                "Accept": "application/json",
                "Accept-Encoding": ENCODINGS,
                "X-Locale": "en-US",
                "MS-PartnerCenter-Client": "customer-agreements-api",
            },
            timeout=connection.timeout.total_seconds(),
            limits=httpx.Limits(max_connections=MAX_CONNECTIONS),
            trust_env=not is_loopback(connection.base_url),
            verify=trust,
            cookies=no_cookies(),
        )

    async def send(self, call: Call[T]) -> T:
        """Make a call, repeating it under the same request id while there is no usable answer."""
        headers = {
            **call.headers,
            "MS-RequestId": _guid(call.request_id),
            "MS-CorrelationId": str(uuid4()),
        }
        if call.actor is Actor.USER:
            headers[VALIDATE_MFA] = "true"
        return await self._repeated(lambda: self._attempt(call, headers))

    async def pages(self, first: Call[Page[T]]) -> AsyncIterator[Sequence[T]]:
        """Follow a collection to its end.

        Raises:
            ProviderUnavailable: A page is missing or broken, or comes again.
        """
        page = await self.send(first)
        yield page.items
        met: set[int] = set()
        while page.next is not None:
            place = hash((page.next, repr(page.items)))  # items need not have a hash of their own
            if place in met:
                raise ProviderUnavailable("Partner Center's pages go round in circles.")
            met.add(place)
            try:
                following = await self.send(_following(first, page.next))
            except InputRefused as error:
                if error.provider_code == END_OF_PAGES:
                    return
                raise ProviderUnavailable(
                    f"A page is missing. {error.message}",
                    provider_code=error.provider_code,
                    request_id=error.request_id,
                    correlation_id=error.correlation_id,
                ) from error
            if following.items == page.items and page.items:
                raise ProviderUnavailable("Partner Center gives the same page again and again.")
            page = following
            yield page.items

    def now(self) -> datetime:
        """Tell the time as the slower of both clocks, ours and the one in the last answer."""
        return self._server_time.now()

    @property
    def skew(self) -> timedelta | None:
        """Tell how far our clock is ahead of the service's; None until an answer has told."""
        return self._server_time.skew

    async def sign_in(self, actor: Actor) -> Token:
        """Acquire a new token, repeating it like a call."""
        return await self._repeated(self._auth[actor].sign_in)

    async def aclose(self) -> None:
        await self._http.aclose()
        self._entra.close()

    async def _attempt(self, call: Call[T], headers: Mapping[str, str]) -> T:
        request_id = headers["MS-RequestId"]
        try:
            request = self._http.build_request(
                call.method, call.path, params=call.params or None, json=call.json, headers=headers
            )
            response = await exchange(self._http, request, wait=self._timeout, auth=self._auth[call.actor])
        except (httpx.TransportError, httpx.DecodingError, *UNSENDABLE) as error:
            raise ProviderUnavailable(
                f"Partner Center could not be reached ({type(error).__name__}).",
                request_id=request_id,
                correlation_id=headers["MS-CorrelationId"],
            ) from error
        self._server_time.note(response.headers)
        if call.actor is Actor.USER and IS_MFA_COMPLIANT in response.headers:
            self.mfa_compliant = response.headers[IS_MFA_COMPLIANT].strip().casefold() == "true"
        if not response.is_success:
            raise error_from(
                response.status_code,
                response.headers,
                response.content,
                meaning=call.meaning,
                sent=headers,
                now=self._clock.now(),
            )
        try:
            if response.status_code == HTTPStatus.ACCEPTED and call.deferred is not None:
                return call.deferred(response.headers)
            return call.read(parse(response.content))
        except Malformed as error:
            raise ProviderUnavailable(
                f"Partner Center gave an answer that cannot be read: {error}",
                request_id=request_id,
                correlation_id=response.headers.get("MS-CorrelationId") or headers["MS-CorrelationId"],
            ) from error


def _trust(connection: Connection) -> SSLContext:
    """Load the authorities, which takes a while; where nothing is encrypted trust nobody instead."""
    encrypted = any(url.startswith("https:") for url in (connection.base_url, connection.login_url))
    return httpx.create_ssl_context() if encrypted else SSLContext(PROTOCOL_TLS_CLIENT)


def _following(first: Call[T], step: Next) -> Call[T]:
    """Ask for the next page; that it is not there says nothing of what the first one was asked about."""
    first = replace(first, meaning=PLAIN)
    headers = {CONTINUATION: step.token} if step.token else {}
    if step.target is not None:
        return replace(first, path=step.target, params={}, headers=headers)
    return replace(first, params={**first.params, "seekOperation": "Next"}, headers=headers)


def _guid(key: str | None) -> str:
    """Give the id of a request: the key itself if it is a GUID, else one that follows from it."""
    if key is None:
        return str(uuid4())
    try:
        return str(UUID(key))
    except ValueError:
        return str(uuid5(NAMESPACE_URL, key))
