"""Enhanced attestation: the customer's own acceptance, asked for by the partner's application."""

import sqlite3
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from uuid import uuid4

from starlette.routing import Route

from simulator.access import APPLICATION
from simulator.api import Call, Reply, operation
from simulator.countries import find_country
from simulator.errors import Refusal, invalid, not_found, refused_by_customer_service
from simulator.store import Store
from simulator.values import Body, Json, guid, is_email, is_guid, without_nulls
from simulator.world import World

STARTED, ACCEPTED, FINALIZED, REFUSED, EXPIRED = "started", "accepted", "finalized", "refused", "expired"


@dataclass(frozen=True)
class Attestation:
    """One request to a signatory. Instants are POSIX times; that it has expired is seen from the clock."""

    id: str
    tenant_id: str
    country: str
    language: str
    company_name: str
    first_name: str
    last_name: str
    email: str
    phone: str | None
    status: str
    expires_at: float
    accepted_at: float | None = None

    def status_at(self, now: datetime) -> str:
        lapsed = self.status == STARTED and now.timestamp() >= self.expires_at
        return EXPIRED if lapsed else self.status


def routes() -> list[Route]:
    return [
        operation("POST", "/attestations/enhanced", _start, APPLICATION),
        operation("GET", "/attestations/enhanced/{attestation_id}", _get, APPLICATION),
    ]


def find_attestation(store: Store, attestation_id: str) -> Attestation | None:
    if not is_guid(attestation_id):
        return None
    row = store.row("select * from attestations where id = ?", (guid(attestation_id),))
    return None if row is None else _attestation(row)


def list_attestations(store: Store) -> Sequence[Attestation]:
    return [_attestation(row) for row in store.rows("select * from attestations order by expires_at, id")]


def save_attestation(store: Store, attestation: Attestation) -> None:
    store.write(
        "insert or replace into attestations values (:id, :tenant_id, :country, :language, :company_name,"
        " :first_name, :last_name, :email, :phone, :status, :expires_at, :accepted_at)",
        asdict(attestation),
    )


def accepted_attestation(world: World, partner_id: str, attestation_id: str) -> Attestation:
    """Find one that the customer has accepted and that nobody has used yet.

    Raises:
        Refusal: 400 for any other.
    """
    attestation = find_attestation(world.store, attestation_id)
    if attestation is None or attestation.tenant_id != partner_id:
        raise invalid(f"The attestation '{attestation_id}' was not found.")
    status = attestation.status_at(world.now())
    if status != ACCEPTED:
        raise _unfit(status)
    return attestation


def show_attestation(world: World, attestation: Attestation, origin: str) -> dict[str, Json]:
    accepted_at = attestation.accepted_at
    return without_nulls(
        {
            "attestationId": attestation.id,
            "status": attestation.status_at(world.now()),
            "acceptedDate": None if accepted_at is None else _instant(accepted_at),
            "country": attestation.country,
            "language": attestation.language,
            "companyName": attestation.company_name,
            "signatoryFirstName": attestation.first_name,
            "signatoryLastName": attestation.last_name,
            "email": attestation.email,
            "phone": attestation.phone,
            "url": f"{origin.rstrip('/')}/attestations/{attestation.id}",
            "expirationDate": _instant(attestation.expires_at),
        }
    )


def _start(call: Call) -> Reply:
    attestation = _read(call, call.body)
    save_attestation(call.world.store, attestation)
    shown = show_attestation(call.world, attestation, str(call.request.base_url))
    told = {name: shown[name] for name in ("attestationId", "url", "expirationDate", "status")}
    return Reply(201, told)


def _read(call: Call, body: Body) -> Attestation:
    country = find_country(body.text("country").upper())
    if country is None:
        raise invalid("Invalid property: country")
    required = ("language", "companyName", "signatoryFirstName", "signatoryLastName", "email")
    missing = [name for name in required if not body.text(name)]
    if missing:
        raise invalid(f"Invalid property: {missing[0]} is required.")
    if not is_email(body.text("email")):
        raise invalid("Invalid property: email")
    lifetime = call.world.behaviour.attestation_lifetime_seconds
    return Attestation(
        id=str(uuid4()),
        tenant_id=call.partner_id,
        country=country.code,
        language=body.text("language"),
        company_name=body.text("companyName"),
        first_name=body.text("signatoryFirstName"),
        last_name=body.text("signatoryLastName"),
        email=body.text("email"),
        phone=body.text("phone") or None,
        status=STARTED,
        expires_at=call.world.now().timestamp() + lifetime,
    )


def _get(call: Call) -> Reply:
    attestation = find_attestation(call.world.store, call.request.path_params["attestation_id"])
    if attestation is None or attestation.tenant_id != call.partner_id:
        raise not_found("The attestation was not found.")
    return Reply(200, show_attestation(call.world, attestation, str(call.request.base_url)))


def _unfit(status: str) -> Refusal:
    match status:
        case "expired":
            name, text = "AttestationExpired", "The attestation has expired before the customer accepted."
        case "refused":
            name, text = "AttestationRefused", "The customer has refused the agreement."
        case "finalized":
            return refused_by_customer_service(
                600061,
                "PartnerConfirmedAgreementAlreadyExists",
                "A partner confirmed agreement already exists for this attestation.",
            )
        case _:
            name, text = "AttestationNotAccepted", "The customer has not accepted the agreement yet."
    return refused_by_customer_service(600070, name, text)


def _instant(timestamp: float) -> str:
    return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _attestation(row: sqlite3.Row) -> Attestation:
    return Attestation(**dict(zip(row.keys(), row, strict=True)))
