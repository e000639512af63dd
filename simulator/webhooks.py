"""Who is told of which changes, and how: the registrations, and the signed message."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import uuid4

from simulator.authority import signer
from simulator.courier import Delivery
from simulator.store import Store
from simulator.world import World

EVENTS = (
    "subscription-updated",
    "test-created",
    "usagerecords-thresholdExceeded",
    "referral-created",
    "referral-updated",
    "invoice-ready",
    "azure-fraud-event-detected",
    "dap-admin-relationship-approved",
    "dap-admin-relationship-terminated",
    "dap-admin-relationship-terminated-by-microsoft",
    "reseller-relationship-accepted-by-customer",
    "indirect-reseller-relationship-accepted-by-customer",
)
CERTIFICATE_PATH = "/cert/pcnotifications-dispatch.cer"


@dataclass(frozen=True)
class Registration:
    """Where a partner wants to hear of what; `origin` is the address that it knows this server by."""

    tenant_id: str
    subscriber_id: str
    url: str
    events: Sequence[str]
    origin: str
    plain_authorization: bool = True


@dataclass(frozen=True)
class Event:
    """What is told: a name, and the path of what changed."""

    name: str
    resource_name: str
    path: str
    audit_id: str | None = None


def find_registration(store: Store, tenant_id: str) -> Registration | None:
    row = store.row("select * from webhooks where tenant_id = ?", (tenant_id,))
    if row is None:
        return None
    return Registration(
        row["tenant_id"],
        row["subscriber_id"],
        row["url"],
        tuple(json.loads(row["events"])),
        row["origin"],
        bool(row["plain_authorization"]),
    )


def save_registration(store: Store, registration: Registration) -> None:
    store.write(
        "insert or replace into webhooks values (?, ?, ?, ?, ?, ?)",
        (
            registration.tenant_id,
            registration.subscriber_id,
            registration.url,
            json.dumps(list(registration.events)),
            registration.origin,
            registration.plain_authorization,
        ),
    )


def notify(world: World, tenant_id: str, event: Event) -> Delivery | None:
    """Send a signed message; nothing if the partner did not ask for such."""
    registration = find_registration(world.store, tenant_id)
    if registration is None or event.name not in registration.events:
        return None
    now = world.now()
    message = {
        "EventName": event.name,
        "ResourceUri": f"{registration.origin}{event.path}",
        "ResourceName": event.resource_name,
        "AuditUri": event.audit_id and f"{registration.origin}/v1/auditrecords/{event.audit_id}",
        "ResourceChangeUtcDate": f"{now:%Y-%m-%dT%H:%M:%S.%f}0+00:00",
    }
    body = json.dumps(message).encode()
    headers = _headers(world, registration, body)
    delivery = Delivery(str(uuid4()), tenant_id, event.name, now.timestamp(), registration.url, headers, body)
    world.courier.send(delivery, world.behaviour.webhook_retry_seconds)
    return delivery


def _headers(world: World, registration: Registration, body: bytes) -> dict[str, str]:
    signature = f"Signature {signer(world.store).sign(body)}"
    return {
        "Authorization" if registration.plain_authorization else "x-ms-signature": signature,
        "X-MS-Certificate-Url": f"{registration.origin}{CERTIFICATE_PATH}",
        "X-MS-Signature-Algorithm": "rsa-sha256",
    }
