"""One call to Partner Center: signed, repeated, traced, decoded, and failing with our errors."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import Enum, auto
from ssl import PROTOCOL_TLS_CLIENT, SSLContext
from typing import Generic, TypeVar
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

import httpx

from providers.errors import InputRefused, ProviderUnavailable
from providers.partner_center.auth import Entra, SaveRefreshToken, TokenAuth
from providers.partner_center.connection import Connection, is_loopback
from providers.partner_center.paging import CONTINUATION, Next, Page
from providers.partner_center.record import Malformed, parse
from providers.partner_center.refusals import END_OF_PAGES, PLAIN, Meaning, error_from
from providers.partner_center.retry import repeats

T = TypeVar("T")

MAX_CONNECTIONS = 20


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


class Session:
    """The connection's HTTP client; belongs to one event loop."""

    def __init__(
        self,
        connection: Connection,
        *,
        save_refresh_token: SaveRefreshToken | None,
        now: Callable[[], datetime],
    ) -> None:
        self._now = now
        self._ahead = timedelta(0)
        self._repeated = repeats(max_attempts=connection.max_attempts, first_wait=connection.first_wait)
        trust = _trust(connection)
        self._entra = Entra(connection, trust, save_refresh_token=save_refresh_token, now=now)
        self._auth = {
            Actor.APPLICATION: TokenAuth(self._entra.as_application, now=now),
            Actor.USER: TokenAuth(self._entra.as_user, now=now),
        }
        self._http = httpx.AsyncClient(
            base_url=f"{connection.base_url.rstrip('/')}/v1",
            headers={
                "Accept": "application/json",
                "X-Locale": "en-US",
                "MS-PartnerCenter-Client": "customer-agreements-api",
            },
            timeout=connection.timeout.total_seconds(),
            limits=httpx.Limits(max_connections=MAX_CONNECTIONS),
            trust_env=not is_loopback(connection.base_url),
            verify=trust,
        )

    async def send(self, call: Call[T]) -> T:
        """Make a call, repeating it under the same request id while there is no usable answer."""
        headers = {
            **call.headers,
            "MS-RequestId": _guid(call.request_id),
            "MS-CorrelationId": str(uuid4()),
        }
        return await self._repeated(self._attempt, call, headers)

    async def pages(self, first: Call[Page[T]]) -> AsyncIterator[Sequence[T]]:
        """Follow a collection to its end.

        Raises:
            ProviderUnavailable: A page is missing or broken, or comes again.
        """
        page = await self.send(first)
        yield page.items
        while page.next is not None:
            try:
                following = await self.send(_following(first, page.next))
            except InputRefused as error:
                if error.provider_code == END_OF_PAGES:
                    return
                raise ProviderUnavailable(f"A page is missing. {error}") from error
            if following.items == page.items:
                raise ProviderUnavailable("Partner Center gives the same page again and again.")
            page = following
            yield page.items

    def now(self) -> datetime:
        """Tell the time as the slower of both clocks, ours and the one in the last answer."""
        return self._now() - self._ahead

    async def aclose(self) -> None:
        await self._http.aclose()
        self._entra.close()

    async def _attempt(self, call: Call[T], headers: Mapping[str, str]) -> T:
        request_id = headers["MS-RequestId"]
        try:
            response = await self._http.request(
                call.method,
                call.path,
                params=call.params or None,
                json=call.json,
                headers=headers,
                auth=self._auth[call.actor],
            )
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise ProviderUnavailable(
                f"Partner Center could not be reached ({type(error).__name__}).", request_id=request_id
            ) from error
        self._compare_clocks(response.headers)
        if not response.is_success:
            raise error_from(
                response.status_code,
                response.headers,
                response.content,
                meaning=call.meaning,
                request_id=request_id,
            )
        try:
            return call.read(parse(response.content))
        except Malformed as error:
            raise ProviderUnavailable(
                f"Partner Center gave an answer that cannot be read: {error}",
                request_id=request_id,
                correlation_id=response.headers.get("MS-CorrelationId"),
            ) from error

    def _compare_clocks(self, headers: Mapping[str, str]) -> None:
        try:
            theirs = parsedate_to_datetime(headers.get("Date", ""))
        except ValueError:
            return
        theirs = theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC)
        self._ahead = max(timedelta(0), self._now() - theirs)


def _trust(connection: Connection) -> SSLContext:
    """Load the authorities, which takes a while; where nothing is encrypted trust nobody instead."""
    encrypted = any(url.startswith("https:") for url in (connection.base_url, connection.login_url))
    return httpx.create_ssl_context() if encrypted else SSLContext(PROTOCOL_TLS_CLIENT)


def _following(first: Call[T], step: Next) -> Call[T]:
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
