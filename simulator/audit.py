"""The log of changes that the service keeps, of which webhooks tell."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson

from simulator.api import Call
from simulator.customers import Customer, detail
from simulator.store import Store
from simulator.values import Json, pascal_case
from simulator.webhooks import Event, notify
from simulator.world import World


@dataclass(frozen=True)
class Actor:
    """Who makes a change; `user_name` is none for an application that acts for itself."""

    user_name: str | None
    application: str
    correlation_id: str | None = None


@dataclass(frozen=True)
class Change:
    """What was done to a customer. `new` and `old` are resources as the API shows them."""

    operation: str
    resource_type: str
    new: Json
    old: Json = None
    details: Mapping[str, str | None] | None = None
    resource_id: str | None = None


@dataclass(frozen=True)
class AuditRecord:
    """`at` is a POSIX time; `position` orders what happened at the same instant."""

    position: int
    partner_id: str
    customer_id: str
    customer_name: str
    operation: str
    resource_type: str
    resource_id: str | None
    old_value: str | None
    new_value: str | None
    user_name: str | None
    application: str
    correlation_id: str | None
    at: float
    details: Mapping[str, str | None]

    @property
    def id(self) -> str:
        parts = [self.partner_id, self.customer_id, self.resource_id, self.operation, str(self._ticks())]
        return "_".join(part for part in parts if part)

    def _ticks(self) -> int:
        """Count the 100 ns steps since the year 1; the last digit tells records of one microsecond apart."""
        return round(self.at * 1_000_000) * 10 + 621_355_968_000_000_000 + self.position % 10

    def operation_date(self) -> str:
        instant = datetime.fromtimestamp(self.at, UTC)
        return f"{instant:%Y-%m-%dT%H:%M:%S.%f}{self.position % 10}Z"


BEHIND_THE_SCENES = Actor(None, "Partner Center simulator")
CUSTOMER_ITSELF = Actor(None, "Microsoft 365 admin center")


def actor_of(call: Call) -> Actor:
    user = call.principal.user
    correlation_id = call.request.headers.get("ms-correlationid")
    return Actor(None if user is None else user.upn, call.principal.client_id, correlation_id)


def added(customer: Customer) -> Change:
    """Describe a customer that was just created; its first password is kept back."""
    return Change(
        "add_customer",
        "customer",
        {**detail(customer), "userCredentials": {"userName": "admin", "password": ""}},
        details={"PrimaryDomainName": customer.domain, "Relationship": "Reseller"},
    )


def removed(customer: Customer, operation: str = "remove_partner_customer_relationship") -> Change:
    """Describe a customer that is the partner's no more."""
    return Change(operation, "customer", None, detail(customer))


def updated(old: Json, new: Json, subscription_id: str) -> Change:
    """Describe a change of a subscription, of which webhooks tell."""
    return Change("update_subscription", "subscription", new, old, resource_id=subscription_id)


def record(world: World, partner_id: str, customer: Customer, change: Change, actor: Actor) -> None:
    """Write a change down, and tell the partner if it wanted to hear of such."""
    _save(world, partner_id, customer, change, actor)
    match change.operation:
        case "update_subscription" if change.resource_id:
            path = f"/webhooks/v1/customers/{customer.id}/subscriptions/{change.resource_id}"
            event = Event("subscription-updated", "subscription", path, _last_id(world.store))
        case "extend_relationship":
            path = f"/v1/customers/{customer.id}"
            name = "reseller-relationship-accepted-by-customer"
            event = Event(name, "customer", path, _last_id(world.store))
        case _:
            return
    notify(world, partner_id, event)


def find_record(store: Store, partner_id: str, record_id: str) -> AuditRecord | None:
    """Find a record by the id it is shown with."""
    ticks = record_id.rpartition("_")[2]
    if not ticks.isdecimal():
        return None
    at = (int(ticks) - 621_355_968_000_000_000) / 10_000_000
    rows = store.rows(
        "select * from audit_records where tenant_id = ? and at between ? and ?",
        (partner_id, at - 0.001, at + 0.001),
    )
    return next((known for row in rows if (known := record_from(row)).id == record_id), None)


def record_from(row: sqlite3.Row) -> AuditRecord:
    return AuditRecord(
        position=row["position"],
        partner_id=row["tenant_id"],
        customer_id=row["customer_id"],
        customer_name=row["customer_name"],
        operation=row["operation"],
        resource_type=row["resource_type"],
        resource_id=row["resource_id"],
        old_value=_in_string(row["old_value"]),
        new_value=_in_string(row["new_value"]),
        user_name=row["user_name"],
        application=row["application"],
        correlation_id=row["correlation_id"],
        at=row["at"],
        details=json.loads(row["details"]),
    )


def _last_id(store: Store) -> str:
    (row,) = store.rows("select * from audit_records where position = last_insert_rowid()")
    return record_from(row).id


def _save(world: World, partner_id: str, customer: Customer, change: Change, actor: Actor) -> None:
    world.store.write(
        "insert into audit_records (tenant_id, customer_id, customer_name, operation, resource_type,"
        " resource_id, old_value, new_value, user_name, application, correlation_id, at, details)"
        " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            partner_id,
            customer.id,
            customer.company_name,
            change.operation,
            change.resource_type,
            change.resource_id,
            _text(change.old),
            _text(change.new),
            actor.user_name,
            actor.application,
            actor.correlation_id,
            world.now().timestamp(),
            json.dumps(change.details or {}),
        ),
    )


def _text(resource: Json) -> str | None:
    return None if resource is None else orjson.dumps(resource).decode()


def _in_string(text: str | None) -> str | None:
    """Spell a resource the way the log shows it: JSON with other names, in a string."""
    return None if text is None else json.dumps(pascal_case(json.loads(text)), ensure_ascii=False)
