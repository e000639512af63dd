"""Agreements at Partner Center: their terms, and who stands in them."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar
from urllib.parse import quote

from providers.base import Confirmation, Contact, DocumentLink, Template
from providers.clock import Clock
from providers.errors import CustomerMustAccept, CustomerNotVisible, InputRefused, ProviderUnavailable
from providers.partner_center import wire
from providers.partner_center.connection import ConfirmationMode, Connection
from providers.partner_center.customers import MAYBE_ABSENT, OF_CUSTOMER, of_customer
from providers.partner_center.paging import page_of
from providers.partner_center.refusals import PLAIN, Absent, Meaning
from providers.partner_center.rules import iso_country
from providers.partner_center.session import Actor, Call, Session
from providers.record import Record, identifier

T = TypeVar("T")

CLOUD_TEMPLATE_ID = "998b88de-aa99-4388-a42c-1b3517d49490"
TEMPLATES_KEPT = timedelta(hours=1)

_CONFIRMING = Meaning(missing=CustomerNotVisible, retired=CustomerMustAccept)


class Agreements:
    """What is asked and done about agreements, as the partner user who consented."""

    def __init__(self, session: Session, connection: Connection, clock: Clock) -> None:
        self._session = session
        self._mode = connection.confirmation
        self._clock = clock
        self._templates: tuple[datetime, Sequence[Template]] | None = None

    async def templates(self) -> Sequence[Template]:
        terms = await self._list("/agreements", wire.template, meaning=PLAIN)
        templates = sorted(terms, key=lambda template: template.version_rank, reverse=True)
        self._templates = (self._clock.now(), templates)
        return templates

    def refuse_retired(self, template_id: str) -> None:
        """Refuse before the call what the service may store as another kind than was meant."""
        if identifier(template_id) == CLOUD_TEMPLATE_ID:
            raise _cloud_refused()

    async def template(self, template_id: str) -> Template:
        """Give terms that new acceptances can be of.

        Raises:
            InputRefused: There are none of this id, or Microsoft takes none of them any more.
        """
        self.refuse_retired(template_id)
        for templates in (self._kept_templates, self.templates):
            for template in await templates():
                if template.template_id == identifier(template_id):
                    if template.kind == wire.CLOUD_AGREEMENT:
                        raise _cloud_refused()
                    return template
        raise InputRefused("Partner Center knows no such agreement template.")

    async def confirmations(
        self, customer_id: str, *, enough_since: date | None = None
    ) -> Sequence[Confirmation]:
        """Put together both places where an acceptance shows; neither knows of the other."""
        path = f"{of_customer(customer_id)}/agreements"
        agreements = await self._list(path, wire.confirmation, meaning=OF_CUSTOMER)
        found = [agreement for agreement in agreements if agreement is not None]
        enough = enough_since is not None and await self._is_confirmed(found, enough_since)
        if not enough and await self._accepted_directly(customer_id):
            found.append(await self._direct_confirmation())
        return sorted(found, key=lambda confirmation: confirmation.agreed_on, reverse=True)

    async def confirm(
        self, customer_id: str, *, template_id: str, contact: Contact, agreed_on: date, request_id: str
    ) -> Confirmation:
        """Confirm in the retired way if the connection says so; otherwise the customer must accept."""
        self.refuse_retired(template_id)
        if agreed_on > self._clock.now().date():
            raise InputRefused("Partner Center takes no agreement of a future day.")
        if self._mode is not ConfirmationMode.LEGACY:
            raise CustomerMustAccept("Microsoft takes the customer's own acceptance only.")
        terms = await self.template(template_id)
        agreed_at = min(midnight(agreed_on), self._session.now())
        asked = Confirmation(template_id=terms.template_id, contact=contact, agreed_on=agreed_at.date())
        call = Call(
            method="POST",
            path=f"{of_customer(customer_id)}/agreements",
            actor=Actor.USER,
            read=lambda body: wire.confirmed(body, asked=asked),
            json=wire.new_agreement(terms=terms, contact=contact, agreed_at=agreed_at),
            request_id=request_id,
            meaning=_CONFIRMING,
        )
        return await self._session.send(call)

    async def document(self, template_id: str, *, language: str, country: str) -> DocumentLink:
        """Ask for the addresses of a document; template and country are told apart by case."""
        call = Call(
            path=f"/agreementtemplates/{quote(identifier(template_id), safe='')}/document",
            params={"language": language, "country": iso_country(country)},
            actor=Actor.USER,
            read=wire.document,
            meaning=MAYBE_ABSENT,
        )
        try:
            return await self._session.send(call)
        except Absent as error:
            raise InputRefused("Partner Center has no document of this agreement template.") from error

    async def _accepted_directly(self, customer_id: str) -> bool:
        call = Call(
            path=f"{of_customer(customer_id)}/directSignedMicrosoftCustomerAgreementStatus",
            read=lambda body: Record(body).flag("isSigned"),
            actor=Actor.USER,
            meaning=OF_CUSTOMER,
        )
        return await self._session.send(call)

    async def _is_confirmed(self, found: Sequence[Confirmation], since: date) -> bool:
        """Tell whether the partner has confirmed, on this day or later, what a direct acceptance is of."""
        if not found:
            return False
        terms = await self._accepted_terms()
        return any(each.template_id == terms.template_id and each.agreed_on >= since for each in found)

    async def _direct_confirmation(self) -> Confirmation:
        """Say what a direct acceptance means: the terms in force, of no known person, seen today."""
        terms = await self._accepted_terms()
        return Confirmation(
            template_id=terms.template_id, contact=None, agreed_on=self._clock.now().date(), direct=True
        )

    async def _accepted_terms(self) -> Template:
        for template in await self._kept_templates():
            if template.kind == wire.CUSTOMER_AGREEMENT:
                return template
        raise ProviderUnavailable("Partner Center names no Microsoft Customer Agreement in force.")

    async def _kept_templates(self) -> Sequence[Template]:
        if self._templates is not None and self._clock.now() - self._templates[0] < TEMPLATES_KEPT:
            return self._templates[1]
        return await self.templates()

    async def _list(self, path: str, read_item: Callable[[object], T], *, meaning: Meaning) -> Sequence[T]:
        """List something about agreements, of every type: without the star only cloud agreements come."""
        pages = Call(
            path=path,
            read=page_of(read_item),
            params={"agreementType": "*"},
            actor=Actor.USER,
            meaning=meaning,
        )
        return [item async for items in self._session.pages(pages) for item in items]


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _cloud_refused() -> InputRefused:
    return InputRefused("Microsoft takes no new Microsoft Cloud Agreements.")
