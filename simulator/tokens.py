"""Access tokens as unsigned JWTs, and refresh tokens that turn over at each use.

Nothing is signed: whoever reaches the simulator may claim to be anyone. It guards nothing but test data, and
a token that outlives a restart, or that a test writes with a wrong claim, is worth more than a signature.
"""

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import cast

from simulator.partners import User, find_user
from simulator.store import Store
from simulator.world import World

PARTNER_CENTER = "https://api.partnercenter.microsoft.com"
CODE_LIFETIME_SECONDS = 600


@dataclass(frozen=True)
class Claims:
    """What an access token says; `object_id` is none for an application that acts for itself."""

    audience: str
    tenant_id: str
    client_id: str
    object_id: str | None
    methods: frozenset[str]
    expires_at: float


@dataclass(frozen=True)
class Asked:
    """What an application asked a sign-in with; the code carries it to where the code is redeemed."""

    challenge: str = ""
    nonce: str = ""

    @staticmethod
    def of(code: str) -> "Asked":
        try:
            text = code.split(".")[2]
            return Asked(**json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))))
        except (LookupError, TypeError, ValueError):
            return NOTHING_ASKED

    def as_text(self) -> str:
        return _segment(asdict(self))

    def is_proved_by(self, verifier: str) -> bool:
        """Tell whether the verifier is the one of the challenge (PKCE, S256)."""
        digest = hashlib.sha256(verifier.encode()).digest()
        return not self.challenge or base64.urlsafe_b64encode(digest).decode().rstrip("=") == self.challenge


NOTHING_ASKED = Asked()


def issue_access_token(world: World, audience: str, tenant_id: str, client_id: str, user: User | None) -> str:
    issued_at = int(world.now().timestamp())
    claims: dict[str, object] = {
        "aud": world.behaviour.token_audience or audience,
        "iss": f"https://sts.windows.net/{tenant_id}/",
        "iat": issued_at,
        "nbf": issued_at,
        "exp": issued_at + world.behaviour.token_lifetime_seconds,
        "appid": client_id,
        "tid": tenant_id,
    }
    if user is not None:
        claims |= {
            "oid": user.object_id,
            "upn": user.upn,
            "scp": "user_impersonation",
            "amr": ["pwd", "mfa"] if user.mfa else ["pwd"],
        }
    return encode(claims)


def issue_id_token(world: World, issuer: str, client_id: str, user: User, nonce: str | None) -> str:
    issued_at = int(world.now().timestamp())
    claims: dict[str, object] = {
        "aud": client_id,
        "iss": issuer,
        "iat": issued_at,
        "nbf": issued_at,
        "exp": issued_at + world.behaviour.token_lifetime_seconds,
        "oid": user.object_id,
        "sub": user.object_id,
        "tid": user.tenant_id,
        "preferred_username": user.upn,
    }
    return encode(claims if nonce is None else claims | {"nonce": nonce})


def encode(claims: Mapping[str, object]) -> str:
    return f"{_segment({'typ': 'JWT', 'alg': 'none'})}.{_segment(claims)}."


@lru_cache(maxsize=1024)
def read_access_token(token: str) -> Claims | None:
    """Read the claims; nothing if the text is not one of our tokens. Expiry is for the caller to judge."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        methods = cast("list[str]", claims.get("amr", []))
        return Claims(
            audience=str(claims["aud"]),
            tenant_id=str(claims["tid"]),
            client_id=str(claims["appid"]),
            object_id=claims["oid"] if "scp" in claims else None,
            methods=frozenset(methods),
            expires_at=float(claims["exp"]),
        )
    except (LookupError, TypeError, ValueError, AttributeError):
        return None


def save_refresh_token(world: World, token: str, user: User) -> None:
    """Make a token known; one that is known already stays as it is."""
    world.store.write(
        "insert or ignore into refresh_tokens values (?, ?, ?, null)",
        (token, user.object_id, world.now().timestamp()),
    )


def renew_refresh_token(world: World, token: str) -> tuple[User, str] | None:
    """Exchange a refresh token for its user and a successor; nothing if it is unknown or outlived its use."""
    row = world.store.row("select * from refresh_tokens where token = ?", (token,))
    if row is None:
        return None
    now, grace = world.now().timestamp(), world.behaviour.refresh_token_grace_seconds
    if now - row["issued_at"] >= world.behaviour.refresh_token_lifetime_seconds:
        return None
    if row["used_at"] is not None and grace is not None and now - row["used_at"] >= grace:
        return None
    user = find_user(world.store, row["object_id"])
    if user is None:
        return None
    world.store.write(
        "update refresh_tokens set used_at = ? where token = ? and used_at is null", (now, token)
    )
    return user, issue_refresh_token(world, user)


def issue_refresh_token(world: World, user: User) -> str:
    token = f"0.{secrets.token_urlsafe(48)}"
    save_refresh_token(world, token, user)
    return token


def withdraw_refresh_tokens(store: Store, tenant_id: str) -> int:
    """End the consent of all users of a partner, and say how many tokens that killed."""
    return store.write(
        "delete from refresh_tokens where object_id in (select object_id from users where tenant_id = ?)",
        (tenant_id,),
    )


def issue_authorization_code(world: World, user: User, client_id: str, asked: Asked = NOTHING_ASKED) -> str:
    code = f"0.{secrets.token_urlsafe(32)}.{asked.as_text()}"
    world.store.write(
        "insert into authorization_codes values (?, ?, ?, ?)",
        (code, user.object_id, client_id.lower(), world.now().timestamp() + CODE_LIFETIME_SECONDS),
    )
    return code


def redeem_authorization_code(world: World, code: str, client_id: str, verifier: str = "") -> User | None:
    """Spend a code; nothing if it is unknown, spent, too old, another application's or not proved."""
    row = world.store.row("select * from authorization_codes where code = ?", (code,))
    if row is None or row["client_id"] != client_id.lower():
        return None
    world.store.write("delete from authorization_codes where code = ?", (code,))
    if row["expires_at"] < world.now().timestamp() or not Asked.of(code).is_proved_by(verifier):
        return None
    return find_user(world.store, row["object_id"])


def _segment(value: Mapping[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
