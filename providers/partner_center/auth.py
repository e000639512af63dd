"""Tokens of Microsoft Entra through msal, as httpx sees authentication."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from ssl import SSLContext
from typing import Protocol, cast

import httpx
import msal  # pyright: ignore[reportMissingTypeStubs]  # msal ships none
from msal.exceptions import MsalError  # pyright: ignore[reportMissingTypeStubs]  # msal ships none

from providers.clock import Clock, SystemClock
from providers.errors import AdministratorNeeded, ProviderError, ProviderUnavailable
from providers.exchange import ENCODINGS, PATIENCE, exchange_login, no_cookies
from providers.partner_center.claims import read_claims
from providers.partner_center.connection import Cloud, Connection
from providers.partner_center.throttle import Throttle
from providers.partner_center.troubles import NOBODY_CONSENTED, UNKNOWN_TENANT, cause_of_login
from providers.server_time import ServerTime, retry_after_seconds
from providers.transport import is_loopback

RENEWAL = timedelta(minutes=5)
"""How long before its expiry a token is replaced, at most a tenth of its life."""

LEFT_ALONE = timedelta(seconds=5)
"""For so long a login service out of order is not asked again, if it does not say otherwise."""

_TRANSIENT = frozenset({"temporarily_unavailable", "server_error", "request_timeout"})

APPLICATION, USER = "application", "user"

SaveRefreshToken = Callable[[str], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An access token; `methods` says how its user signed in, None if the token does not tell."""

    text: str = field(repr=False)
    renew_at: datetime
    methods: frozenset[str] | None = None


class TokenAuth(httpx.Auth):
    """Signs requests with one kind of token, acquired once for all who wait for it.

    A token that the service rejects is replaced once; the second rejection is the caller's to see. Each
    request, also the repeated one, goes out when the throttle lets it.
    """

    def __init__(
        self, acquire: Callable[[], Awaitable[Token]], *, clock: Clock, find_throttle: Callable[[], Throttle]
    ) -> None:
        self._acquire = acquire
        self._clock = clock
        self._find_throttle = find_throttle
        self._throttle: Throttle | None = None
        self._lock = asyncio.Lock()
        self._token: Token | None = None
        self._acquiring: asyncio.Future[Token] | None = None
        self._out_of_order: tuple[datetime, ProviderUnavailable] | None = None

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        token: Token | None = None
        # Found here and not sooner, since a client may be made before its event loop runs.
        throttle = self._throttle = self._throttle or self._find_throttle()
        for _ in range(2):
            async with throttle.turn(request):
                token = await self._current(rejected=token)
                request.headers["Authorization"] = f"Bearer {token.text}"
                response = yield request
                throttle.note(response)
            if response.status_code != HTTPStatus.UNAUTHORIZED:
                return

    async def sign_in(self) -> Token:
        """Acquire a new token, whatever the one at hand is good for."""
        async with self._lock:
            return await self._renew()

    async def _current(self, *, rejected: Token | None) -> Token:
        async with self._lock:
            held = self._token
            if held is None or held is rejected or self._clock.now() >= held.renew_at:
                return await self._renew()
            return held

    async def _renew(self) -> Token:
        """Ask the login service, unless it has just been found out of order."""
        if self._out_of_order is not None:
            until, error = self._out_of_order
            left = (until - self._clock.now()).total_seconds()
            if left > 0:
                raise ProviderUnavailable(error.message, retry_after_seconds=left)
        try:
            self._token = await self._acquired()
        except ProviderUnavailable as error:
            if error.retry_after_seconds is not None:
                self._out_of_order = (
                    self._clock.now() + timedelta(seconds=error.retry_after_seconds),
                    error,
                )
            raise
        return self._token

    async def _acquired(self) -> Token:
        """Acquire to the end, even if the caller leaves: a refresh token that is on its way would be lost."""
        if self._acquiring is None or self._acquiring.done():
            self._acquiring = asyncio.ensure_future(self._acquire())
        acquiring = self._acquiring
        await asyncio.wait([acquiring])
        return acquiring.result()


class Entra:
    """Acquires both kinds of tokens for one connection; each kind only from within its `TokenAuth`'s lock."""

    def __init__(
        self,
        connection: Connection,
        trust: SSLContext,
        *,
        save_refresh_token: SaveRefreshToken | None,
        clock: Clock,
        server_time: ServerTime,
    ) -> None:
        self._connection = connection
        self._refresh_token = connection.refresh_token
        self._save_refresh_token = save_refresh_token
        self._clock = clock
        self._http = LoginHttp(connection, trust, server_time)
        self._apps: dict[str, _Application] = {}

    async def as_application(self) -> Token:
        """Acquire a token of the application by itself."""
        scope = f"{self._connection.resource}/.default"

        def acquire() -> Mapping[str, object]:
            app = self._application(APPLICATION)
            app.remove_tokens_for_client()  # ours is rejected or about to expire, and so is msal's copy
            return app.acquire_token_for_client([scope])

        return self._token(await self._ask(APPLICATION, acquire))

    async def as_user(self) -> Token:
        """Acquire a token of the partner user who consented; the new refresh token is saved first.

        Raises:
            AdministratorNeeded: Nobody has consented, or the consent has ended.
        """
        refresh_token = self._refresh_token
        if not refresh_token:
            raise AdministratorNeeded(
                "Partner Center: no partner user has consented to this connection yet.",
                provider_code=NOBODY_CONSENTED,
            )
        scope = f"{self._connection.resource}/user_impersonation"
        answer = await self._ask(
            USER, lambda: self._application(USER).acquire_token_by_refresh_token(refresh_token, [scope])
        )
        rotated = answer.get("refresh_token")
        if isinstance(rotated, str) and rotated != refresh_token:
            self._refresh_token = rotated
            if self._save_refresh_token is not None:
                await self._save_refresh_token(rotated)
        return self._token(answer)

    def close(self) -> None:
        self._http.close()

    async def _ask(self, kind: str, acquire: Callable[[], Mapping[str, object]]) -> Mapping[str, object]:
        """Run msal off the event loop; its errors may quote answers, so that none is kept as a cause.

        After a refusal msal would answer from memory for a minute of real time, also when what was wrong has
        been mended, so that its client is made anew.
        """
        try:
            async with asyncio.timeout(self._http.longest_seconds):
                answer = await asyncio.to_thread(acquire)
        except TimeoutError:
            raise ProviderUnavailable("Microsoft Entra did not come to the end of its answer.") from None
        except ValueError:
            raise AdministratorNeeded(
                "Microsoft Entra does not know the partner's tenant or answers unintelligibly.",
                provider_code=UNKNOWN_TENANT,
            ) from None
        except (MsalError, httpx.HTTPError, LookupError, TypeError):  # msal takes members for granted
            raise ProviderUnavailable("Microsoft Entra did not answer usefully.") from None
        if "error" in answer:
            self._apps.pop(kind, None)
            raise _login_error(answer, as_user=kind == USER)
        return answer

    def _application(self, kind: str) -> "_Application":
        """Give msal's client of a kind of token; making one asks Entra where its endpoints are."""
        if kind not in self._apps:
            make = cast("Callable[..., _Application]", msal.ConfidentialClientApplication)
            self._apps[kind] = make(
                self._connection.client_id,
                client_credential=self._connection.client_secret,
                authority=self._http.authority,
                instance_discovery=None if self._asks_microsoft else False,
                http_client=self._http,
            )
        return self._apps[kind]

    @property
    def _asks_microsoft(self) -> bool:
        """Tell whether msal may ask the global cloud about the address of the login service."""
        return self._http.scheme == "https" and self._connection.cloud is Cloud.GLOBAL

    def _token(self, answer: Mapping[str, object]) -> Token:
        text, seconds = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(text, str) or not isinstance(seconds, int | str):
            raise ProviderUnavailable("Microsoft Entra gave no token.")
        try:
            life = timedelta(seconds=int(seconds))
            renew_at = self._clock.now() + life - min(RENEWAL, life / 10)
        except (ValueError, OverflowError):
            raise ProviderUnavailable("Microsoft Entra gave a token of no known life.") from None
        return Token(text=text, renew_at=renew_at, methods=read_claims(text).methods)


class LoginHttp:
    """What msal asks of an HTTP client: httpx with our time-out, and plain http to this machine.

    msal insists on https. A login service on loopback may speak http: msal is told https, and both the
    addresses that go out and those that come back are rewritten for that one origin.
    """

    def __init__(
        self, connection: Connection, trust: SSLContext, server_time: ServerTime | None = None
    ) -> None:
        self._server_time = server_time or ServerTime(SystemClock())
        spoken = connection.login_url.rstrip("/")
        self.scheme, _, host = spoken.partition("://")
        self._spoken, self._told = f"{spoken}/", f"https://{host}/"
        self.authority = f"{self._told}{connection.tenant_id}"
        self._timeout = connection.timeout
        self.longest_seconds = 3 * PATIENCE * connection.timeout.total_seconds()  # it may ask three times
        self._client = httpx.Client(
            headers={"Accept-Encoding": ENCODINGS},
            cookies=no_cookies(),
            timeout=connection.timeout.total_seconds(),
            trust_env=not is_loopback(connection.login_url),
            verify=trust,
        )

    def get(
        self, url: str, *, params: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> "LoginAnswer":
        return self._send(
            self._client.build_request("GET", self._outward(url), params=params, headers=headers)
        )

    def post(
        self,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        data: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> "LoginAnswer":
        return self._send(
            self._client.build_request("POST", self._outward(url), params=params, data=data, headers=headers)
        )

    def close(self) -> None:
        self._client.close()

    def _outward(self, url: str) -> str:
        return self._spoken + url.removeprefix(self._told) if url.startswith(self._told) else url

    def _send(self, request: httpx.Request) -> "LoginAnswer":
        response = exchange_login(self._client, request, wait=self._timeout)
        self._server_time.note(response.headers)
        if response.status_code == HTTPStatus.TOO_MANY_REQUESTS or response.is_server_error:
            # Raised past msal, which would answer from memory for seconds of real time.
            wait = retry_after_seconds(response.headers, now=self._server_time.now())
            raise ProviderUnavailable(
                f"Microsoft Entra is out of order ({response.status_code}).",
                retry_after_seconds=LEFT_ALONE.total_seconds() if wait is None else wait,
            )
        text = response.text.replace(self._spoken, self._told)
        if response.is_success:
            _check_json(text)
        return LoginAnswer(status_code=response.status_code, text=text, headers=dict(response.headers))


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginAnswer:
    status_code: int
    text: str
    headers: Mapping[str, str]


class _Application(Protocol):
    """The part of msal's confidential client that is used here, typed."""

    def remove_tokens_for_client(self) -> None: ...
    def acquire_token_for_client(self, scopes: list[str]) -> Mapping[str, object]: ...
    def acquire_token_by_refresh_token(
        self, refresh_token: str, scopes: list[str]
    ) -> Mapping[str, object]: ...


def _check_json(text: str) -> None:
    """Refuse what msal would stumble over, or write to the log in full, tokens included."""
    try:
        is_object = isinstance(json.loads(text), dict)
    except ValueError:
        is_object = False
    if not is_object:
        raise httpx.HTTPError("Microsoft Entra answered with something else than a JSON object.") from None


def _login_error(answer: Mapping[str, object], *, as_user: bool) -> ProviderError:
    """Name a refused login by its codes alone; the description quotes identifiers and the time of day."""
    error = str(answer["error"])
    raw = answer.get("error_codes")
    codes = [f"AADSTS{code}" for code in cast("list[object]", raw)] if isinstance(raw, list) else []
    code = " ".join([error, *codes])
    correlation_id = answer.get("correlation_id")
    trace = correlation_id if isinstance(correlation_id, str) else None
    if error in _TRANSIENT:
        return ProviderUnavailable(
            f"Microsoft Entra is busy ({code}).", provider_code=code, correlation_id=trace
        )
    cause = cause_of_login(code, as_user=as_user)
    said = cause.message if cause else "Microsoft Entra refuses the partner's credentials or consent."
    return AdministratorNeeded(
        f"{said.removesuffix('.')} ({code}).", provider_code=code, correlation_id=trace
    )
