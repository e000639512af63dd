"""Tokens of Microsoft Entra through msal, as httpx sees authentication."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from ssl import SSLContext
from typing import Protocol, cast

import httpx
import msal  # pyright: ignore[reportMissingTypeStubs]  # msal ships none
from msal.exceptions import MsalError  # pyright: ignore[reportMissingTypeStubs]  # msal ships none

from providers.errors import AdministratorNeeded, ProviderError, ProviderUnavailable
from providers.partner_center.connection import Connection, is_loopback

RENEWAL = timedelta(minutes=5)
"""How long before its expiry a token is replaced, at most a tenth of its life."""

MSAL_HOLDS_BACK = timedelta(seconds=6)
"""For so long after a failure of the service msal answers from memory, without asking again."""

_TRANSIENT = frozenset({"temporarily_unavailable", "server_error", "request_timeout"})

SaveRefreshToken = Callable[[str], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    text: str
    renew_at: datetime


class TokenAuth(httpx.Auth):
    """Signs requests with one kind of token, acquired once for all who wait for it.

    A token that the service rejects is replaced once; the second rejection is the caller's to see.
    """

    def __init__(self, acquire: Callable[[], Awaitable[Token]], *, now: Callable[[], datetime]) -> None:
        self._acquire = acquire
        self._now = now
        self._lock = asyncio.Lock()
        self._token: Token | None = None

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        token = await self._current()
        request.headers["Authorization"] = f"Bearer {token.text}"
        response = yield request
        if response.status_code == HTTPStatus.UNAUTHORIZED:
            token = await self._current(rejected=token)
            request.headers["Authorization"] = f"Bearer {token.text}"
            yield request

    async def _current(self, *, rejected: Token | None = None) -> Token:
        async with self._lock:
            held = self._token
            if held is None or held is rejected or self._now() >= held.renew_at:
                self._token = held = await self._acquire()
            return held


class Entra:
    """Acquires both kinds of tokens for one connection; each kind only from within its `TokenAuth`'s lock."""

    def __init__(
        self,
        connection: Connection,
        trust: SSLContext,
        *,
        save_refresh_token: SaveRefreshToken | None,
        now: Callable[[], datetime],
    ) -> None:
        self._connection = connection
        self._refresh_token = connection.refresh_token
        self._save_refresh_token = save_refresh_token
        self._now = now
        self._http = LoginHttp(connection, trust)
        self._apps: dict[str, _Application] = {}

    async def as_application(self) -> Token:
        """Acquire a token of the application by itself."""
        scope = f"{self._connection.resource}/.default"

        def acquire() -> Mapping[str, object]:
            app = self._application("application")
            app.remove_tokens_for_client()  # ours is rejected or about to expire, and so is msal's copy
            return app.acquire_token_for_client([scope])

        return self._token(await self._ask(acquire))

    async def as_user(self) -> Token:
        """Acquire a token of the partner user who consented; the new refresh token is saved first.

        Raises:
            AdministratorNeeded: Nobody has consented, or the consent has ended.
        """
        refresh_token = self._refresh_token
        if not refresh_token:
            raise AdministratorNeeded("Partner Center: no partner user has consented to this connection yet.")
        scope = f"{self._connection.resource}/user_impersonation"
        answer = await self._ask(
            lambda: self._application("user").acquire_token_by_refresh_token(refresh_token, [scope])
        )
        rotated = answer.get("refresh_token")
        if isinstance(rotated, str) and rotated != refresh_token:
            self._refresh_token = rotated
            if self._save_refresh_token is not None:
                await self._save_refresh_token(rotated)
        return self._token(answer)

    def close(self) -> None:
        self._http.close()

    async def _ask(self, acquire: Callable[[], Mapping[str, object]]) -> Mapping[str, object]:
        """Run msal off the event loop; its errors may quote answers, so that none is kept as a cause."""
        try:
            answer = await asyncio.to_thread(acquire)
        except ValueError:
            raise AdministratorNeeded(
                "Microsoft Entra does not know the partner's tenant or answers unintelligibly."
            ) from None
        except MsalError:
            raise ProviderUnavailable(
                "Microsoft Entra is out of order.", retry_after_seconds=MSAL_HOLDS_BACK.total_seconds()
            ) from None
        except httpx.HTTPError:
            raise ProviderUnavailable("Microsoft Entra did not answer usefully.") from None
        if "error" in answer:
            raise _login_error(answer)
        return answer

    def _application(self, kind: str) -> "_Application":
        """Give msal's client of a kind of token; making one asks Entra where its endpoints are."""
        if kind not in self._apps:
            make = cast("Callable[..., _Application]", msal.ConfidentialClientApplication)
            self._apps[kind] = make(
                self._connection.client_id,
                client_credential=self._connection.client_secret,
                authority=self._http.authority,
                instance_discovery=None if self._http.scheme == "https" else False,
                http_client=self._http,
            )
        return self._apps[kind]

    def _token(self, answer: Mapping[str, object]) -> Token:
        text, seconds = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(text, str) or not isinstance(seconds, int | str):
            raise ProviderUnavailable("Microsoft Entra gave no token.")
        life = timedelta(seconds=int(seconds))
        return Token(text=text, renew_at=self._now() + life - min(RENEWAL, life / 10))


class LoginHttp:
    """What msal asks of an HTTP client: httpx with our time-out, and plain http to this machine.

    msal insists on https. A login service on loopback may speak http: msal is told https, and both the
    addresses that go out and those that come back are rewritten for that one origin.
    """

    def __init__(self, connection: Connection, trust: SSLContext) -> None:
        spoken = connection.login_url.rstrip("/")
        self.scheme, _, host = spoken.partition("://")
        self._spoken, self._told = f"{spoken}/", f"https://{host}/"
        self.authority = f"{self._told}{connection.tenant_id}"
        self._client = httpx.Client(
            timeout=connection.timeout.total_seconds(),
            trust_env=not is_loopback(connection.login_url),
            verify=trust,
        )

    def get(
        self, url: str, *, params: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> "LoginAnswer":
        return self._answer(self._client.get(self._outward(url), params=params, headers=headers))

    def post(
        self,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        data: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> "LoginAnswer":
        answer = self._client.post(self._outward(url), params=params, data=data, headers=headers)
        return self._answer(answer)

    def close(self) -> None:
        self._client.close()

    def _outward(self, url: str) -> str:
        return self._spoken + url.removeprefix(self._told) if url.startswith(self._told) else url

    def _answer(self, response: httpx.Response) -> "LoginAnswer":
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
    """Refuse what msal would write to the log in full, tokens included, for not being JSON."""
    try:
        json.loads(text)
    except ValueError:
        raise httpx.HTTPError("Microsoft Entra answered with something else than JSON.") from None


def _login_error(answer: Mapping[str, object]) -> ProviderError:
    """Name a refused login by its codes alone; the description quotes identifiers and the time of day."""
    error = str(answer["error"])
    raw = answer.get("error_codes")
    codes = [f"AADSTS{code}" for code in cast("list[object]", raw)] if isinstance(raw, list) else []
    code = " ".join([error, *codes])
    if error in _TRANSIENT:
        return ProviderUnavailable("Microsoft Entra is busy.", provider_code=code)
    return AdministratorNeeded(
        f"Microsoft Entra refuses the partner's credentials or consent ({code}).", provider_code=code
    )
