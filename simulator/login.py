"""The part of the Microsoft identity platform that a partner's application needs."""

import base64
import json
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.partners import Partner, User, find_application, find_partner
from simulator.tokens import (
    Asked,
    issue_access_token,
    issue_id_token,
    issue_refresh_token,
    redeem_authorization_code,
    renew_refresh_token,
)
from simulator.world import World

ANY_TENANT = frozenset({"common", "organizations"})
OPENID_SCOPES = frozenset({"openid", "profile", "offline_access", "email"})
NO_STORE = {"Cache-Control": "no-store, no-cache", "Pragma": "no-cache"}


@dataclass(eq=False)
class LoginRefusal(Exception):
    """A refusal in the identity platform's own form."""

    error: str
    number: int
    description: str
    status: int = 400


def routes() -> list[Route]:
    return [
        Route("/common/discovery/instance", _instance_discovery, methods=["GET"]),
        Route("/{tenant}/v2.0/.well-known/openid-configuration", _configuration, methods=["GET"]),
        Route("/{tenant}/.well-known/openid-configuration", _configuration, methods=["GET"]),
        Route("/{tenant}/oauth2/v2.0/token", _token_v2, methods=["POST"]),
        Route("/{tenant}/oauth2/token", _token_v1, methods=["POST"]),
    ]


async def _instance_discovery(request: Request) -> Response:
    host = "login.microsoftonline.com"
    aliases = [host, "login.windows.net", "login.microsoft.com", "sts.windows.net"]
    return JSONResponse(
        {
            "tenant_discovery_endpoint": f"{origin(request)}/common/v2.0/.well-known/openid-configuration",
            "api-version": "1.1",
            "metadata": [{"preferred_network": host, "preferred_cache": host, "aliases": aliases}],
        }
    )


async def _configuration(request: Request) -> Response:
    tenant = request.path_params["tenant"]
    try:
        if tenant not in ANY_TENANT:
            _partner(request)
    except LoginRefusal as refusal:
        return refused(request, refusal)
    base = f"{origin(request)}/{tenant}"
    return JSONResponse(
        {
            "issuer": _issuer(request, tenant),
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
            "response_types_supported": ["code"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["none"],
        }
    )


async def _token_v2(request: Request) -> Response:
    """Answer in numbers, for scopes."""
    form = await _form(request)
    try:
        grant = _grant(request, form)
        scopes = _scopes(form, grant)
    except LoginRefusal as refusal:
        return refused(request, refusal)
    audience = scopes[0].rsplit("/", 1)[0]
    return JSONResponse(_answer(request, form, grant, audience, " ".join(scopes)), headers=NO_STORE)


async def _token_v1(request: Request) -> Response:
    """Answer in strings, for a resource."""
    form = await _form(request)
    try:
        grant = _grant(request, form)
        resource = _required(form, "resource")
    except LoginRefusal as refusal:
        return refused(request, refusal)
    world: World = request.app.state.world
    answer = _answer(request, form, grant, resource.rstrip("/"), "user_impersonation")
    now = int(world.now().timestamp())
    expires_on = now + world.behaviour.token_lifetime_seconds
    answer |= {"resource": resource, "not_before": now, "expires_on": expires_on}
    if grant.user is None:
        del answer["scope"]
    return JSONResponse({name: str(value) for name, value in answer.items()}, headers=NO_STORE)


def _scopes(form: dict[str, str], grant: "_Grant") -> list[str]:
    """Give the scopes of the resource that is asked for, those of the sign-in itself apart."""
    scopes = [scope for scope in _required(form, "scope").split() if scope not in OPENID_SCOPES]
    if not scopes:
        raise LoginRefusal("invalid_scope", 70011, "The input parameter 'scope' is not valid.")
    if grant.user is None and not scopes[0].endswith("/.default"):
        raise LoginRefusal(
            "invalid_scope", 1002012, f"The scope {scopes[0]} is not valid for client credentials."
        )
    return scopes


def _required(form: dict[str, str], name: str) -> str:
    if not form.get(name):
        raise LoginRefusal("invalid_request", 900144, f"The request body must contain '{name}'.")
    return form[name]


@dataclass(frozen=True)
class _Grant:
    partner: Partner
    client_id: str
    user: User | None = None
    refresh_token: str | None = None


def _grant(request: Request, form: dict[str, str]) -> _Grant:
    """Check tenant, application and secret, then what the application presents."""
    world: World = request.app.state.world
    partner = _partner(request)
    client_id = _client(world, partner, form)
    match form.get("grant_type"):
        case "client_credentials":
            return _Grant(partner, client_id)
        case "refresh_token":
            renewed = renew_refresh_token(world, form.get("refresh_token", ""))
            if renewed is None or renewed[0].tenant_id != partner.tenant_id:
                raise LoginRefusal(
                    "invalid_grant", 700082, "The refresh token has expired due to inactivity or was revoked."
                )
            _require_mfa(world, renewed[0])
            return _Grant(partner, client_id, *renewed)
        case "authorization_code":
            user = redeem_authorization_code(
                world, form.get("code", ""), client_id, form.get("code_verifier", "")
            )
            if user is None or user.tenant_id != partner.tenant_id:
                raise LoginRefusal("invalid_grant", 70008, "The provided authorization code has expired.")
            _require_mfa(world, user)
            return _Grant(partner, client_id, user, issue_refresh_token(world, user))
        case "urn:ietf:params:oauth:grant-type:device_code":
            user, asked = _signed_in_elsewhere(world, partner, client_id, form.get("device_code", ""))
            form.setdefault("scope", asked)
            _require_mfa(world, user)
            return _Grant(partner, client_id, user, issue_refresh_token(world, user))
        case other:
            raise LoginRefusal(
                "unsupported_grant_type", 70003, f"The app requested an unsupported grant type '{other}'."
            )


def _signed_in_elsewhere(
    world: World, partner: Partner, client_id: str, device_code: str
) -> tuple[User, str]:
    """Give who signed in, and the scope that was asked for when it began."""
    sign_in = world.device_sign_ins.ask(device_code)
    if sign_in is None or (sign_in.tenant_id, sign_in.client_id) != (partner.tenant_id, client_id):
        raise LoginRefusal("bad_verification_code", 70018, "Invalid verification code.")
    if sign_in.user is not None:
        world.device_sign_ins.forget(device_code)
        return sign_in.user, sign_in.scope
    if sign_in.declined:
        raise LoginRefusal("authorization_declined", 70021, "The end user denied the authorization request.")
    if world.device_sign_ins.is_over(sign_in):
        raise LoginRefusal("expired_token", 70020, "The provided value for 'device_code' has expired.")
    raise LoginRefusal("authorization_pending", 70016, "Authorization is pending. Continue polling.")


def check_application(request: Request, client_id: str) -> Partner:
    """Give the partner of the address.

    Raises:
        LoginRefusal: There is no such tenant, or the application is unknown in it.
    """
    world: World = request.app.state.world
    partner = _partner(request)
    if find_application(world.store, partner.tenant_id, client_id) is None:
        raise _unknown_application(partner, client_id)
    return partner


def _require_mfa(world: World, user: User) -> None:
    if world.behaviour.login_requires_mfa and not user.mfa:
        raise LoginRefusal(
            "interaction_required",
            50076,
            "Due to a configuration change made by your administrator, or because you moved to a new"
            " location, you must use multi-factor authentication to access the resource.",
        )


def _client(world: World, partner: Partner, form: dict[str, str]) -> str:
    client_id = form.get("client_id", "")
    application = find_application(world.store, partner.tenant_id, client_id)
    if application is None:
        raise _unknown_application(partner, client_id)
    if "client_secret" not in form:
        raise LoginRefusal(
            "invalid_client",
            7000218,
            "The request body must contain 'client_assertion' or 'client_secret'.",
            401,
        )
    if form["client_secret"] != application.client_secret:
        raise LoginRefusal(
            "invalid_client", 7000215, f"Invalid client secret provided for app '{client_id}'.", 401
        )
    if not application.consented:
        raise LoginRefusal(
            "invalid_grant",
            65001,
            "The user or administrator has not consented to use the application with ID"
            f" '{application.client_id}'. Send an interactive authorization request for this user and"
            " resource.",
        )
    return client_id.lower()


def _unknown_application(partner: Partner, client_id: str) -> LoginRefusal:
    return LoginRefusal(
        "unauthorized_client",
        700016,
        f"Application with identifier '{client_id}' was not found in the directory '{partner.name}'.",
    )


def _partner(request: Request) -> Partner:
    world: World = request.app.state.world
    tenant = request.path_params["tenant"]
    partner = find_partner(world.store, tenant)
    if partner is None:
        raise LoginRefusal("invalid_request", 90002, f"Tenant '{tenant}' not found.")
    return partner


def _answer(
    request: Request, form: dict[str, str], grant: _Grant, audience: str, scope: str
) -> dict[str, str | int]:
    world: World = request.app.state.world
    lifetime = world.behaviour.token_lifetime_seconds
    partner, user = grant.partner, grant.user
    answer: dict[str, str | int] = {
        "token_type": "Bearer",
        "scope": scope,
        "expires_in": lifetime,
        "ext_expires_in": lifetime,
        "access_token": issue_access_token(world, audience, partner.tenant_id, grant.client_id, user),
    }
    if user is not None and grant.refresh_token is not None:
        issuer = _issuer(request, partner.tenant_id)
        nonce = Asked.of(form.get("code", "")).nonce or form.get("nonce")
        answer["refresh_token"] = grant.refresh_token
        answer["id_token"] = issue_id_token(world, issuer, grant.client_id, user, nonce)
        client_info = json.dumps({"uid": user.object_id, "utid": user.tenant_id}).encode()
        answer["client_info"] = base64.urlsafe_b64encode(client_info).decode().rstrip("=")
    return answer


def refused(request: Request, refusal: LoginRefusal) -> Response:
    world: World = request.app.state.world
    trace, timestamp = str(uuid4()), world.now().strftime("%Y-%m-%d %H:%M:%SZ")
    correlation = request.headers.get("client-request-id", str(uuid4()))
    code = f"AADSTS{refusal.number}"
    body = {
        "error": refusal.error,
        "error_description": f"{code}: {refusal.description} Trace ID: {trace} Correlation ID: {correlation}"
        f" Timestamp: {timestamp}",
        "error_codes": [refusal.number],
        "timestamp": timestamp,
        "trace_id": trace,
        "correlation_id": correlation,
        "error_uri": f"https://login.microsoftonline.com/error?code={refusal.number}",
    }
    return JSONResponse(body, status_code=refusal.status, headers=NO_STORE)


async def _form(request: Request) -> dict[str, str]:
    return dict(parse_qsl((await request.body()).decode(errors="replace"), keep_blank_values=True))


def _issuer(request: Request, tenant: str) -> str:
    return f"{origin(request)}/{tenant}/v2.0"


def origin(request: Request) -> str:
    """Point at ourselves, so that a client that forgets to rewrite a host never leaves this machine."""
    url = urlsplit(str(request.base_url))
    return f"{url.scheme}://{url.netloc}"
