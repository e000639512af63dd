"""A partner's confirmations that its customers accepted the terms, and whether they did so themselves."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from starlette.routing import Route

from simulator.access import SELLER, SELLING_USER, USER, Access
from simulator.api import Call, Reply, operation
from simulator.attestations import FINALIZED, Attestation, accepted_attestation, save_attestation
from simulator.audit import Change, actor_of, record
from simulator.errors import Refusal, invalid, refused_by_customer_service
from simulator.store import Store
from simulator.templates import Template, find_template, select_templates
from simulator.values import Body, Json, is_email, parse_instant, without_nulls

WIRE_TYPES = frozenset({"*", "microsoftcloudagreement", "microsoftcustomeragreement"})


@dataclass(frozen=True)
class Contact:
    """The customer's person. An empty phone number is none."""

    first_name: str
    last_name: str
    email: str
    phone_number: str | None = None

    def as_wire(self) -> Json:
        return without_nulls(
            {
                "firstName": self.first_name,
                "lastName": self.last_name,
                "email": self.email,
                "phoneNumber": self.phone_number,
            }
        )


@dataclass(frozen=True)
class Confirmation:
    """`agreed_at` is an instant in UTC, kept in full though lists show its date only.

    `created_at` is a POSIX time; none for one that has always been there.
    """

    template_id: str
    contact: Contact
    agreed_at: datetime
    user_id: str | None
    attestation_id: str | None = None
    created_at: float | None = None

    def as_wire(self, date: str | None = None) -> dict[str, Json]:
        """Show it as the answer to a confirmation does, with the date as it was sent if that is known."""
        template = find_template(self.template_id)
        return {
            "userId": self.user_id,
            "primaryContact": self.contact.as_wire(),
            "templateId": self.template_id,
            "dateAgreed": date or self.agreed_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "type": None if template is None else template.agreement_type,
        }


def routes() -> list[Route]:
    return [
        operation("GET", "/agreements", _metadata, USER),
        operation("GET", "/customers/{customer_id}/agreements", _list, USER),
        operation("POST", "/customers/{customer_id}/agreements", _confirm, _who_confirms),
        operation(
            "GET",
            "/customers/{customer_id}/directSignedMicrosoftCustomerAgreementStatus",
            _direct_status,
            USER,
        ),
    ]


def list_confirmations(store: Store, partner_id: str, customer_id: str) -> list[Confirmation]:
    """Give one partner's confirmations for a customer, in the order they were made."""
    rows = store.rows(
        "select * from agreements where tenant_id = ? and customer_id = ? order by position",
        (partner_id, customer_id),
    )
    return [
        Confirmation(
            row["template_id"],
            Contact(row["first_name"], row["last_name"], row["email"], row["phone_number"]),
            datetime.fromisoformat(row["date_agreed"]),
            row["user_id"],
            row["attestation_id"],
            row["created_at"],
        )
        for row in rows
    ]


def save_confirmation(store: Store, partner_id: str, customer_id: str, confirmation: Confirmation) -> None:
    contact = confirmation.contact
    store.write(
        "insert into agreements (tenant_id, customer_id, template_id, first_name, last_name, email,"
        " phone_number, date_agreed, user_id, attestation_id, created_at)"
        " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            partner_id,
            customer_id,
            confirmation.template_id,
            contact.first_name,
            contact.last_name,
            contact.email,
            contact.phone_number,
            confirmation.agreed_at.astimezone(UTC).isoformat(),
            confirmation.user_id,
            confirmation.attestation_id,
            confirmation.created_at,
        ),
    )


def delete_confirmations(store: Store, partner_id: str, customer_id: str) -> None:
    store.write("delete from agreements where tenant_id = ? and customer_id = ?", (partner_id, customer_id))


def _metadata(call: Call) -> Reply:
    agreement_type = _agreement_type(call)
    items = [template.metadata() for template in select_templates(agreement_type)]
    body: dict[str, Json] = {"totalCount": len(items), "items": items}
    if agreement_type is None:
        body["links"] = {"self": {"uri": "/agreements", "method": "GET", "headers": []}}
    return Reply(200, {**body, "attributes": {"objectType": "Collection"}}, collection=True)


def _list(call: Call) -> Reply:
    """Show confirmations of this partner: a date without zone and time, and not who confirmed."""
    newest = call.world.now().timestamp() - call.world.behaviour.agreements_visible_after_seconds
    templates = {template.id: template for template in select_templates(_agreement_type(call))}
    confirmations = list_confirmations(call.world.store, call.partner_id, call.customer.id)
    date = "%Y-%m-%dT00:00:00" + ("Z" if call.world.behaviour.agreement_dates_with_zone else "")
    items: list[Json] = [
        {
            "primaryContact": confirmation.contact.as_wire(),
            "templateId": confirmation.template_id,
            "dateAgreed": confirmation.agreed_at.strftime(date),
            "type": template.agreement_type,
            "agreementLink": template.link,
        }
        for confirmation in confirmations
        if (confirmation.created_at is None or confirmation.created_at <= newest)
        and (template := templates.get(confirmation.template_id)) is not None
    ]
    return Reply(200, {"totalCount": len(items), "items": items}, collection=True)


def _direct_status(call: Call) -> Reply:
    return Reply(200, {"isSigned": call.customer.direct_signed})


def _who_confirms(body: Body) -> Access:
    """With the customer's own acceptance in hand the application may act alone."""
    return SELLER if body.text("attestationId") else SELLING_USER


def _confirm(call: Call) -> Reply:
    """Record a confirmation; the template decides its type, whatever type was sent."""
    attestation = _attestation(call)
    if attestation is None and call.world.behaviour.legacy_attestation == "gone":
        raise _retired()
    sent_date = call.body.text("dateAgreed")
    agreed_at = parse_instant(sent_date)
    if agreed_at is None:
        raise invalid("Invalid property: dateAgreed")
    if agreed_at > call.world.now():
        raise refused_by_customer_service(
            600002, "InvalidAgreementDate", "Date of agreement cannot be greater than the current date."
        )
    template = _confirmable(call.body.text("templateId"))
    contact = _read_contact(call.body.section("primaryContact"))
    customer_id, store = call.customer.id, call.world.store
    confirmed = list_confirmations(store, call.partner_id, customer_id)
    if any((known.template_id, known.contact) == (template.id, contact) for known in confirmed):
        raise refused_by_customer_service(
            600061,
            "PartnerConfirmedAgreementAlreadyExists",
            "A partner confirmed agreement already exists for the customer.",
        )
    _check_contact(contact)
    user = call.principal.user
    user_id = None if user is None else user.object_id
    attestation_id = None if attestation is None else attestation.id
    created_at = call.world.now().timestamp()
    confirmation = Confirmation(template.id, contact, agreed_at, user_id, attestation_id, created_at)
    save_confirmation(store, call.partner_id, customer_id, confirmation)
    if attestation is not None:
        save_attestation(store, replace(attestation, status=FINALIZED))
    answer = confirmation.as_wire(sent_date)
    change = Change("create_agreement", "agreement", answer)
    record(call.world, call.partner_id, call.customer, change, actor_of(call))
    return Reply(201, answer)


def _attestation(call: Call) -> Attestation | None:
    """Find the enhanced attestation a confirmation rests on; none is given by the older API."""
    attestation_id = call.body.text("attestationId")
    if not attestation_id:
        return None
    return accepted_attestation(call.world, call.partner_id, attestation_id)


def _retired() -> Refusal:
    return refused_by_customer_service(
        410,
        "LegacyAttestationRetired",
        "Partner attestation through this API has been retired. The customer must accept the agreement in the"
        " Microsoft 365 admin center.",
        status=410,
    )


def _confirmable(template_id: str) -> Template:
    template = find_template(template_id)
    if template is None:
        raise invalid(f"Agreement Template ID '{template_id}' is not valid.")
    if not template.confirmable:
        raise invalid(f"Microsoft Cloud Agreement Template ID '{template_id}' is no longer supported.")
    return template


def _read_contact(body: Body) -> Contact:
    return Contact(
        body.text("firstName"), body.text("lastName"), body.text("email"), body.text("phoneNumber") or None
    )


def _check_contact(contact: Contact) -> None:
    if not contact.first_name:
        raise invalid("Invalid property: primaryContact.firstName is required.")
    if not contact.last_name:
        raise invalid("Invalid property: primaryContact.lastName is required.")
    if not is_email(contact.email):
        raise invalid("Invalid property: primaryContact.email")


def _agreement_type(call: Call) -> str | None:
    agreement_type = call.request.query_params.get("agreementType")
    if agreement_type is not None and agreement_type.lower() not in WIRE_TYPES:
        raise invalid("Invalid property: agreementType", code=800002)
    return agreement_type
