"""The resellers: their tenant, their registered applications, the people who act for them."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import NAMESPACE_URL, uuid5

from simulator.store import Store

INDIRECT_RESELLER = "indirect_reseller"


@dataclass(frozen=True)
class Partner:
    tenant_id: str
    name: str
    country: str
    kind: str
    indirect_providers: frozenset[str]
    sandbox: bool = False

    @property
    def domain(self) -> str:
        """The tenant's first domain, which tells an integration sandbox from the real thing."""
        name = "".join(letter for letter in self.name.lower() if letter.isascii() and letter.isalnum())
        return f"{name or 'partner'}.{'ccsctp.net' if self.sandbox else 'onmicrosoft.com'}"


@dataclass(frozen=True)
class Application:
    """Known to the tenant; `registered` is known to Partner Center too, `consented` by an administrator."""

    client_id: str
    client_secret: str
    registered: bool = True
    consented: bool = True


@dataclass(frozen=True)
class User:
    object_id: str
    tenant_id: str
    upn: str
    roles: frozenset[str]
    mfa: bool


def find_partner(store: Store, tenant_id: str) -> Partner | None:
    row = store.row("select * from partners where tenant_id = ?", (tenant_id.lower(),))
    return None if row is None else _partner(row)


def list_partners(store: Store) -> list[Partner]:
    return [_partner(row) for row in store.rows("select * from partners order by name, tenant_id")]


def list_resellers(store: Store, provider_id: str) -> list[Partner]:
    """Give the indirect resellers in partnership with an indirect provider."""
    return [partner for partner in list_partners(store) if provider_id in partner.indirect_providers]


def find_application(store: Store, tenant_id: str, client_id: str) -> Application | None:
    row = store.row(
        "select * from applications where tenant_id = ? and client_id = ?",
        (tenant_id.lower(), client_id.lower()),
    )
    return None if row is None else _application(row)


def list_applications(store: Store, tenant_id: str) -> list[Application]:
    rows = store.rows("select * from applications where tenant_id = ? order by client_id", (tenant_id,))
    return [_application(row) for row in rows]


def find_user(store: Store, object_id: str) -> User | None:
    row = store.row("select * from users where object_id = ?", (object_id,))
    return None if row is None else _user(row)


def list_users(store: Store, tenant_id: str) -> list[User]:
    rows = store.rows("select * from users where tenant_id = ? order by upn", (tenant_id.lower(),))
    return [_user(row) for row in rows]


def save_partner(store: Store, partner: Partner) -> None:
    store.write(
        "insert into partners values (?, ?, ?, ?, ?, ?) on conflict (tenant_id) do update set"
        " name = excluded.name, country = excluded.country, kind = excluded.kind,"
        " indirect_providers = excluded.indirect_providers, sandbox = excluded.sandbox",
        (
            partner.tenant_id,
            partner.name,
            partner.country,
            partner.kind,
            json.dumps(sorted(partner.indirect_providers)),
            partner.sandbox,
        ),
    )


def save_application(store: Store, tenant_id: str, application: Application) -> None:
    store.write(
        "insert or replace into applications values (?, ?, ?, ?, ?)",
        (
            tenant_id,
            application.client_id.lower(),
            application.client_secret,
            application.registered,
            application.consented,
        ),
    )


def save_user(store: Store, tenant_id: str, upn: str, roles: Sequence[str], *, mfa: bool) -> User:
    """Create or change a user; the object id follows from tenant and name, so it is the same every time."""
    object_id = str(uuid5(NAMESPACE_URL, f"https://partner.invalid/{tenant_id}/users/{upn}"))
    store.write(
        "insert into users values (?, ?, ?, ?, ?) on conflict (object_id) do update set"
        " roles = excluded.roles, mfa = excluded.mfa",
        (object_id, tenant_id, upn, json.dumps(sorted(roles)), mfa),
    )
    return User(object_id, tenant_id, upn, frozenset(roles), mfa)


def _partner(row: sqlite3.Row) -> Partner:
    return Partner(
        row["tenant_id"],
        row["name"],
        row["country"],
        row["kind"],
        frozenset(json.loads(row["indirect_providers"])),
        bool(row["sandbox"]),
    )


def _application(row: sqlite3.Row) -> Application:
    return Application(
        row["client_id"], row["client_secret"], bool(row["registered"]), bool(row["consented"])
    )


def _user(row: sqlite3.Row) -> User:
    return User(
        row["object_id"], row["tenant_id"], row["upn"], frozenset(json.loads(row["roles"])), bool(row["mfa"])
    )
