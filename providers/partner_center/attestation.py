"""Enhanced attestation: the customer accepts on a page of Microsoft's, and the partner files that it did.

The one place that knows the wire of it.
"""

from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import quote
from uuid import uuid4

from providers.base import AcceptanceRequest, AcceptanceStatus, Contact, Template
from providers.errors import AlreadyConfirmed, InputRefused, ProviderUnavailable
from providers.partner_center import wire
from providers.partner_center.agreements import Agreements
from providers.partner_center.customers import MAYBE_ABSENT, OF_CUSTOMER, Customers, of_customer
from providers.partner_center.refusals import Absent
from providers.partner_center.session import Call, Session
from providers.record import Record

NOT_ACCEPTED_YET = "600070"
USUAL_LANGUAGE = "en-US"

_DONE = frozenset({"finalized", "finalised"})
_ENDS = {
    "expired": AcceptanceStatus.EXPIRED,
    "refused": AcceptanceStatus.REFUSED,
    "declined": AcceptanceStatus.REFUSED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation:
    """How an attestation stands: accepted when, if it was, and whose acceptance is wanted, if it says."""

    status: str
    accepted_at: datetime | None
    signatory: Contact | None


class Attestations:
    """Starts and finishes attestations, as the application: no user may."""

    def __init__(self, session: Session, customers: Customers, agreements: Agreements) -> None:
        self._session = session
        self._customers = customers
        self._agreements = agreements

    async def start(
        self, customer_id: str, *, template_id: str, contact: Contact, request_id: str
    ) -> AcceptanceRequest:
        await self._agreements.template(template_id)
        call = Call(
            method="POST",
            path="/attestations/enhanced",
            read=acceptance_request,
            json=new_attestation(await self._customers.company(customer_id), contact),
            request_id=request_id,
        )
        return await self._session.send(call)

    async def follow(
        self, customer_id: str, *, reference: str, template_id: str, request_id: str
    ) -> AcceptanceStatus:
        """Ask how it stands, and file the agreement once it is accepted."""
        try:
            found = await self._session.send(_asking(reference))
        except Absent as error:
            raise InputRefused("Partner Center knows no such attestation.") from error
        if found.status in _DONE:
            return AcceptanceStatus.ACCEPTED
        if found.status != "accepted":
            return _ENDS.get(found.status, AcceptanceStatus.OPEN)
        terms = await self._agreements.template(template_id)
        return await self._finish(customer_id, reference, found, terms, request_id)

    async def _finish(
        self, customer_id: str, reference: str, found: Attestation, terms: Template, request_id: str
    ) -> AcceptanceStatus:
        now = self._session.now()
        agreed_at = min(found.accepted_at or now, now)
        call = Call(
            method="POST",
            path=f"{of_customer(customer_id)}/agreements",
            read=lambda _: AcceptanceStatus.ACCEPTED,
            json=agreement_of(found, reference=reference, terms=terms, agreed_at=agreed_at),
            # Each time another one, or a refusal that has passed would come back: the attestation itself is
            # good for one agreement only.
            request_id=f"{request_id}:{uuid4()}",
            meaning=OF_CUSTOMER,
        )
        try:
            return await self._session.send(call)
        except AlreadyConfirmed as error:
            if await self._is_filed(customer_id, reference, terms, agreed_at.date()):
                return AcceptanceStatus.ACCEPTED  # by an earlier call whose answer was lost
            raise InputRefused(
                "Partner Center holds an older confirmation by the same person and takes no second one: ask"
                " again with another e-mail address or phone number."
            ) from error
        except InputRefused as error:
            if error.provider_code == NOT_ACCEPTED_YET:
                return AcceptanceStatus.OPEN
            raise

    async def _is_filed(self, customer_id: str, reference: str, terms: Template, since: date) -> bool:
        """Tell whether the agreement of this attestation is there, and not only an older one."""
        if (await self._session.send(_asking(reference))).status in _DONE:
            return True
        return any(
            each.template_id == terms.template_id and each.agreed_on >= since
            for each in await self._agreements.confirmations(customer_id, enough_since=since)
        )


def _asking(reference: str) -> Call[Attestation]:
    return Call(
        path=f"/attestations/enhanced/{quote(reference, safe='')}", read=attestation, meaning=MAYBE_ABSENT
    )


def new_attestation(company: wire.Company, contact: Contact) -> wire.Json:
    """Write a request to the customer's person.

    Raises:
        InputRefused: The country of the customer is not on record.
    """
    if company.country is None:
        raise InputRefused("Partner Center has no country on record for this customer.")
    members = {
        "country": company.country,
        "language": company.language or USUAL_LANGUAGE,
        "companyName": company.name,
        "signatoryFirstName": contact.first_name,
        "signatoryLastName": contact.last_name,
        "email": contact.email,
        "phone": contact.phone,
    }
    return {name: value for name, value in members.items() if value}


def acceptance_request(body: object) -> AcceptanceRequest:
    record = Record(body)
    return AcceptanceRequest(
        url=record.web_address("url"),
        expires_at=record.instant("expirationDate"),
        reference=record.required("attestationId"),
    )


def attestation(body: object) -> Attestation:
    record = Record(body)
    return Attestation(
        status=record.required("status").casefold(),
        accepted_at=record.instant("acceptedDate"),
        signatory=_signatory(record),
    )


def agreement_of(found: Attestation, *, reference: str, terms: Template, agreed_at: datetime) -> wire.Json:
    """Write the agreement that an accepted attestation makes.

    Raises:
        ProviderUnavailable: The attestation does not say who accepted.
    """
    if found.signatory is None:
        raise ProviderUnavailable("Partner Center does not say yet who accepted.")
    written = wire.new_agreement(terms=terms, contact=found.signatory, agreed_at=agreed_at)
    return {"attestationId": reference, **written}


def _signatory(record: Record) -> Contact | None:
    first_name, last_name = record.text("signatoryFirstName"), record.text("signatoryLastName")
    email = record.text("email")
    if not (first_name and last_name and email):
        return None
    return Contact(first_name=first_name, last_name=last_name, email=email, phone=record.text("phone"))
