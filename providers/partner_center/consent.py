"""Consent of a partner user: one sign-in by a person, after which the program may act for that user."""

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol, cast

import httpx
import msal  # pyright: ignore[reportMissingTypeStubs]  # msal ships none
from msal.exceptions import MsalError  # pyright: ignore[reportMissingTypeStubs]  # msal ships none

from providers.errors import AdministratorNeeded, ProviderUnavailable
from providers.partner_center.auth import LoginHttp
from providers.partner_center.claims import read_claims
from providers.partner_center.connection import Connection

ASK_FOR_MFA = json.dumps({"access_token": {"amr": {"essential": True, "values": ["mfa"]}}})
"""What makes the identity platform ask for a second factor where a session without one exists."""

_WAITING = frozenset({"authorization_pending", "slow_down"})

_ACCEPT = "Sign in again, and accept what the application asks for."
_GRANT = "Let an administrator of the partner's tenant grant the application admin consent in Entra."
_TOO_LATE = "Sign in again: the code had expired."
_REMEDIES = {
    "AADSTS50011": "Register http://localhost as a redirect URI (platform Web) of the application in Entra.",
    "AADSTS50076": "Sign in as a user who has multi-factor authentication set up.",
    "AADSTS50079": "Set up multi-factor authentication for this user first.",
    "AADSTS65001": _GRANT,
    "AADSTS65004": _ACCEPT,
    "AADSTS70008": _TOO_LATE,
    "AADSTS700016": "Check the client id and the tenant id: the tenant does not know the application.",
    "AADSTS7000215": "Store the client secret anew: its value, not its id.",
    "AADSTS7000218": "Allow public client flows for the application in Entra, or sign in by the browser.",
    "AADSTS7000222": "The client secret has expired: make a new one in Entra and store it.",
    "AADSTS90002": "Check the tenant id: there is no such tenant.",
    "AADSTS90094": _GRANT,
    "access_denied": _ACCEPT,
    "authorization_declined": _ACCEPT,
    "expired_token": _TOO_LATE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What a sign-in gave.

    Attributes:
        refresh_token: Acts for the user: seal it, never show it.
        user_name: Who signed in; None if the answer does not say.
        mfa: Whether it took more than a password; None if the token does not say.
    """

    refresh_token: str = field(repr=False)
    user_name: str | None
    mfa: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCode:
    """What a person enters, where, and until when."""

    user_code: str
    url: str
    expires_at: datetime


class SignIn:
    """Signs a partner user in, as the application of a connection.

    One instance serves one sign-in. Each method may raise `ProviderUnavailable`, when Microsoft Entra does
    not answer, and `AdministratorNeeded`, when it refuses; the text says what to do.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._http = LoginHttp(connection, httpx.create_ssl_context())
        self._scopes = [f"{connection.resource}/user_impersonation"]
        self._flow: dict[str, object] = {}
        self._interval = 5
        self._app: _Application | None = None

    async def begin_in_browser(self, redirect_uri: str) -> str:
        """Give the address where the person signs in; what `redirect_uri` then gets goes to `finish`."""
        self._flow = await _asked(
            lambda: self._application().initiate_auth_code_flow(
                self._scopes,
                redirect_uri,
                prompt="select_account",
                claims_challenge=ASK_FOR_MFA,
                response_mode="form_post",
            )
        )
        return self._shown(self._flow["auth_uri"])

    def is_answer(self, given: Mapping[str, str]) -> bool:
        """Tell whether this came from the sign-in, not from another page that guessed the address."""
        return bool(given.get("state")) and given.get("state") == self._flow.get("state")

    async def finish_in_browser(self, answer: Mapping[str, str]) -> Consent:
        """Exchange what came to the redirect URI for the consent."""
        if "error" in answer:
            raise _refusal(answer)
        return _consent(
            await _asked(
                lambda: self._application().acquire_token_by_auth_code_flow(self._flow, dict(answer))
            )
        )

    async def begin_on_device(self) -> DeviceCode:
        """Ask for a code that the person enters on any device with a browser."""
        self._flow = await _asked(
            lambda: self._application(device=True).initiate_device_flow(
                self._scopes, claims_challenge=ASK_FOR_MFA
            )
        )
        try:
            code = DeviceCode(
                user_code=str(self._flow["user_code"]),
                url=self._shown(self._flow["verification_uri"]),
                expires_at=datetime.now(UTC) + timedelta(seconds=int(str(self._flow["expires_in"]))),
            )
            self._interval = int(str(self._flow["interval"]))
        except (KeyError, ValueError):
            raise ProviderUnavailable("Microsoft Entra gave no code to sign in with.") from None
        self._flow["expires_at"] = 0  # has msal ask once and return: waiting is done here, off its thread
        return code

    async def finish_on_device(self) -> Consent:
        """Wait until the person has signed in, declined, or let the code expire."""
        while True:
            await asyncio.sleep(self._interval)
            answer = await _asked(
                lambda: self._application(device=True).acquire_token_by_device_flow(
                    self._flow,
                    claims_challenge=ASK_FOR_MFA,
                    data={"client_secret": self._connection.client_secret},
                ),
                fine=_WAITING,
            )
            if "error" not in answer:
                return _consent(answer)
            self._interval = int(str(self._flow["interval"]))  # longer, if it was asked too often

    def close(self) -> None:
        self._http.close()

    def _application(self, *, device: bool = False) -> "_Application":
        """Give msal's client; making one asks Entra where its endpoints are.

        msal signs devices in for public clients only, so that ours adds its secret to the question by hand.
        """
        if self._app is None:
            kind = msal.PublicClientApplication if device else msal.ConfidentialClientApplication
            secret = {} if device else {"client_credential": self._connection.client_secret}
            self._app = cast("Callable[..., _Application]", kind)(
                self._connection.client_id,
                authority=self._http.authority,
                instance_discovery=None if self._http.scheme == "https" else False,
                http_client=self._http,
                **secret,
            )
        return self._app

    def _shown(self, url: object) -> str:
        """Undo for a person what `LoginHttp` does for msal, which insists on https."""
        spoken = self._connection.login_url.rstrip("/")
        return str(url).replace(f"https://{spoken.partition('://')[2]}/", f"{spoken}/", 1)


class _Application(Protocol):
    """The part of msal's clients that is used here, typed."""

    def initiate_auth_code_flow(
        self, scopes: list[str], redirect_uri: str, *, prompt: str, claims_challenge: str, response_mode: str
    ) -> dict[str, object]: ...
    def acquire_token_by_auth_code_flow(
        self, auth_code_flow: dict[str, object], auth_response: dict[str, str]
    ) -> dict[str, object]: ...
    def initiate_device_flow(self, scopes: list[str], *, claims_challenge: str) -> dict[str, object]: ...
    def acquire_token_by_device_flow(
        self, flow: dict[str, object], *, claims_challenge: str, data: dict[str, str]
    ) -> dict[str, object]: ...


async def _asked(
    ask: Callable[[], dict[str, object]], *, fine: frozenset[str] = frozenset()
) -> dict[str, object]:
    """Run msal off the event loop; its errors may quote answers, so that none is kept as a cause."""
    try:
        answer = await asyncio.to_thread(ask)
    except ValueError:
        raise AdministratorNeeded(
            "Microsoft Entra does not know the partner's tenant. Check the tenant id."
        ) from None
    except (MsalError, RuntimeError, httpx.HTTPError):
        raise ProviderUnavailable("Microsoft Entra did not answer usefully. Try again.") from None
    if "error" in answer and answer["error"] not in fine:
        raise _refusal(answer)
    return answer


def _consent(answer: Mapping[str, object]) -> Consent:
    refresh_token = answer.get("refresh_token")
    if not isinstance(refresh_token, str) or not refresh_token:
        raise AdministratorNeeded("Microsoft Entra gave no lasting consent (no refresh token).")
    claims = cast("Mapping[str, object]", answer.get("id_token_claims") or {})
    name = claims.get("preferred_username")
    return Consent(
        refresh_token=refresh_token,
        user_name=name if isinstance(name, str) else None,
        mfa=read_claims(str(answer.get("access_token", ""))).mfa,
    )


def _refusal(answer: Mapping[str, object]) -> AdministratorNeeded:
    """Name a refused sign-in by its code, and say what to do; its description quotes identifiers."""
    error = str(answer.get("error"))
    found = re.findall(r"AADSTS\d+", str(answer.get("error_description", "")))
    code = found[0] if found else error
    remedy = _REMEDIES.get(code) or _REMEDIES.get(error) or "Look the code up, or ask who runs the tenant."
    return AdministratorNeeded(f"Microsoft Entra refused the sign-in ({code}). {remedy}", provider_code=code)
