"""Who calls, and whether they may: the checks of the service in its order."""

from dataclasses import dataclass
from functools import lru_cache

from simulator.errors import forbidden, lacks_mfa, unauthorized, wrong_audience
from simulator.partners import INDIRECT_RESELLER, Partner, User, find_application, find_partner, find_user
from simulator.store import Store
from simulator.tokens import PARTNER_CENTER, Claims, read_access_token
from simulator.world import World

# The application id of Partner Center itself is the other spelling of its audience.
AUDIENCES = frozenset({PARTNER_CENTER, PARTNER_CENTER + "/", "fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd"})
AGENTS = frozenset({"admin_agent", "sales_agent", "helpdesk_agent"})
SELLERS = frozenset({"admin_agent", "sales_agent"})


@dataclass(frozen=True)
class Access:
    """What an operation asks of its caller."""

    roles: frozenset[str]
    app_only: bool = True
    user: bool = True
    resellers: bool = False


ANYONE = Access(AGENTS)
SELLER = Access(SELLERS)
USER = Access(AGENTS, app_only=False)
SELLING_USER = Access(SELLERS, app_only=False)
ANY_PARTNERS_USER = Access(AGENTS, app_only=False, resellers=True)
APPLICATION = Access(SELLERS, user=False)


@dataclass(frozen=True)
class Principal:
    """The partner that calls; `user` is none when its application acts for itself, and then `mfa` too."""

    partner: Partner
    client_id: str
    user: User | None
    mfa: bool | None = None


def authenticate(world: World, authorization: str) -> Principal:
    """Name the caller.

    Raises:
        Refusal: 401, in this order: no token, not readable or expired, wrong audience, user without MFA.
    """
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise unauthorized(800001, "Partner Token missing in request context")
    claims = read_access_token(token.strip())
    if claims is None or claims.expires_at <= world.now().timestamp():
        raise unauthorized(400, "Access denied")
    if claims.audience not in AUDIENCES:
        raise wrong_audience()
    principal = _identify(world.store, claims, world.store.changes)
    if principal.mfa is False and world.behaviour.mfa_enforced:
        raise lacks_mfa()
    return principal


@lru_cache(maxsize=1024)
def _identify(store: Store, claims: Claims, _changes: int) -> Principal:
    """Look the caller up, anew after any change: who has a token may have lost all else."""
    partner = find_partner(store, claims.tenant_id)
    application = find_application(store, claims.tenant_id, claims.client_id)
    if partner is None or application is None or not application.registered:
        raise unauthorized(400, "Access denied")
    if claims.object_id is None:
        return Principal(partner, claims.client_id, user=None)
    user = find_user(store, claims.object_id)
    if user is None or user.tenant_id != partner.tenant_id:
        raise unauthorized(400, "Access denied")
    mfa = any(method.endswith("mfa") for method in claims.methods)
    return Principal(partner, claims.client_id, user, mfa)


def authorize(principal: Principal, access: Access) -> None:
    """Let the caller pass to an operation.

    Raises:
        Refusal: 403, first for an application where a user is needed, then for a role without the right.
    """
    if principal.user is None and not access.app_only:
        raise forbidden(900329, "This resource doesn't support application-only authentication.")
    if principal.user is not None and not access.user:
        raise forbidden(2032, "Access denied. This resource takes the application's own token only.")
    lacks_role = principal.user is not None and not principal.user.roles & access.roles
    if lacks_role or (principal.partner.kind == INDIRECT_RESELLER and not access.resellers):
        raise forbidden(
            900150, "The supplied role does not have the rights to perform the requested operation"
        )
