"""Partner Center as a provider: which calls answer each question of the protocol."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from json import dumps
from typing import TypeVar
from urllib.parse import quote

from providers.base import (
    AcceptanceRequest,
    AcceptanceStatus,
    Address,
    Capabilities,
    Confirmation,
    Contact,
    CreatedCustomer,
    Customer,
    CustomerChange,
    DocumentLink,
    Ending,
    NewCustomer,
    Notification,
    Problem,
    ProblemCode,
    Subscription,
    Template,
    Trouble,
)
from providers.clock import Clock, SystemClock
from providers.errors import (
    AdministratorNeeded,
    CustomerMustAccept,
    CustomerNotVisible,
    InputRefused,
    ProviderUnavailable,
    Unsupported,
)
from providers.partner_center import wire
from providers.partner_center.auth import SaveRefreshToken
from providers.partner_center.connection import ConfirmationMode, Connection
from providers.partner_center.examination import examine
from providers.partner_center.paging import page_of
from providers.partner_center.record import Record, identifier
from providers.partner_center.refusals import NOT_OURS, PLAIN, Absent, Meaning
from providers.partner_center.rules import CountryRules, address_problem, country_rules, problems
from providers.partner_center.session import Actor, Call, Session

T = TypeVar("T")

CLOUD_TEMPLATE_ID = "998b88de-aa99-4388-a42c-1b3517d49490"
TEMPLATES_KEPT = timedelta(hours=1)

_OF_CUSTOMER = Meaning(missing=CustomerNotVisible)
_CONFIRMING = Meaning(missing=CustomerNotVisible, retired=CustomerMustAccept)
_MAYBE_ABSENT = Meaning(missing=Absent)


class PartnerCenter:
    """One partner's Partner Center, with a connection pool of its own.

    Customers, domains and addresses are asked for as the application, everything about agreements as the
    partner user who consented.

    Args:
        connection: Where to and as whom.
        save_refresh_token: Called with each new refresh token before it is relied upon; the old one may end.
        clock: Tells the time and lets it pass.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        save_refresh_token: SaveRefreshToken | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._connection = connection
        self._clock = clock or SystemClock()
        self._session = Session(connection, save_refresh_token=save_refresh_token, clock=self._clock)
        self._templates: tuple[datetime, Sequence[Template]] | None = None

    async def read_capabilities(self) -> Capabilities:
        agreements = self._connection.has_agreements
        return Capabilities(
            customer_sync=True,
            customer_creation=True,
            agreement_confirmation=agreements,
            agreement_sync=agreements,
        )

    async def examine(self) -> Sequence[Trouble]:
        return await examine(self._connection, self._session)

    async def list_changes(self, *, since: datetime) -> AsyncIterator[Sequence[CustomerChange]]:
        raise Unsupported("This version does not read Partner Center's audit log.")
        yield  # makes this an asynchronous iterator, as the protocol has it

    async def list_customers(self) -> AsyncIterator[Sequence[Customer]]:
        pages = Call(
            path="/customers", read=page_of(wire.customer), params={"size": str(self._connection.page_size)}
        )
        async for customers in self._session.pages(pages):
            yield customers

    async def find_customer(self, *, domain: str) -> Customer | None:
        """Find by the whole domain; the service itself looks at the beginning only."""
        search = dumps({"Field": "Domain", "Value": domain, "Operator": "starts_with"})
        pages = Call(path="/customers", read=page_of(wire.customer), params={"size": "0", "filter": search})
        async for customers in self._session.pages(pages):
            for customer in customers:
                if customer.domain is not None and customer.domain.casefold() == domain.casefold():
                    return customer
        return None

    async def get_customer(self, customer_id: str) -> Customer | None:
        call = Call(path=_customer(customer_id), read=wire.customer, meaning=_OF_CUSTOMER)
        try:
            return await self._session.send(call)
        except CustomerNotVisible:
            return None
        except (AdministratorNeeded, InputRefused) as error:
            if error.provider_code in NOT_OURS:
                return None
            raise

    async def is_domain_available(self, domain: str) -> bool:
        call = Call(
            method="HEAD",
            path=f"/domains/{quote(domain, safe='')}",
            read=bool,
            meaning=_MAYBE_ABSENT,
        )
        try:
            await self._session.send(call)
        except Absent:
            return True
        return False

    async def check_new_customer(self, new: NewCustomer) -> Sequence[Problem]:
        return [problem async for problem in self._problems(new)]

    async def create_customer(self, new: NewCustomer, *, request_id: str) -> CreatedCustomer:
        if new.domain is None or new.address is None:
            raise InputRefused("Partner Center needs a domain and an address for a new customer.")
        rules = await self._country_rules(new.address.country)
        if rules is None:
            raise InputRefused(f"Partner Center has no rules for the country {new.address.country}.")
        call = Call(
            method="POST",
            path="/customers",
            read=wire.created_customer,
            json=wire.new_customer(new, rules),
            request_id=request_id,
        )
        return await self._session.send(call)

    async def list_templates(self) -> Sequence[Template]:
        terms = await self._list("/agreements", wire.template, meaning=PLAIN)
        templates = sorted(terms, key=lambda template: template.version_rank, reverse=True)
        self._templates = (self._clock.now(), templates)
        return templates

    async def list_confirmations(self, customer_id: str) -> Sequence[Confirmation]:
        """Put together both places where an acceptance shows; neither knows of the other."""
        path = f"{_customer(customer_id)}/agreements"
        agreements = await self._list(path, wire.confirmation, meaning=_OF_CUSTOMER)
        found = [agreement for agreement in agreements if agreement is not None]
        if await self._accepted_directly(customer_id):
            found.append(await self._direct_confirmation())
        return sorted(found, key=lambda confirmation: confirmation.agreed_on, reverse=True)

    async def confirm(
        self, customer_id: str, *, template_id: str, contact: Contact, agreed_on: date, request_id: str
    ) -> Confirmation:
        """Confirm in the retired way if the connection says so; otherwise the customer must accept."""
        _refuse_cloud(template_id)
        if agreed_on > self._clock.now().date():
            raise InputRefused("Partner Center takes no agreement of a future day.")
        if self._connection.confirmation is ConfirmationMode.CUSTOMER:
            raise CustomerMustAccept("Microsoft takes the customer's own acceptance only.")
        terms = await self._template(template_id)
        agreed_at = min(wire.midnight(agreed_on), self._session.now())
        asked = Confirmation(template_id=terms.template_id, contact=contact, agreed_on=agreed_at.date())
        call = Call(
            method="POST",
            path=f"{_customer(customer_id)}/agreements",
            actor=Actor.USER,
            read=lambda body: wire.confirmed(body, asked=asked),
            json=wire.new_agreement(terms=terms, contact=contact, agreed_at=agreed_at),
            request_id=request_id,
            meaning=_CONFIRMING,
        )
        return await self._session.send(call)

    async def request_acceptance(
        self, customer_id: str, *, template_id: str, contact: Contact, request_id: str
    ) -> AcceptanceRequest:
        """Give Microsoft's own page, the same for every customer; it does not expire."""
        _refuse_cloud(template_id)
        base = self._connection.admin_center_url.rstrip("/")
        return AcceptanceRequest(url=f"{base}/AdminPortal/Home?ref=/BillingAccounts/agreement")

    async def follow_acceptance(
        self, customer_id: str, *, reference: str, template_id: str, request_id: str
    ) -> AcceptanceStatus:
        raise Unsupported("Microsoft's own page tells nothing of a single request.")

    async def document_link(self, template_id: str, *, language: str, country: str) -> DocumentLink:
        raise Unsupported("This version does not ask Partner Center for documents.")

    async def list_subscriptions(self, customer_id: str) -> Sequence[Subscription]:
        raise Unsupported("This version does not read subscriptions.")

    async def end_subscription(self, customer_id: str, subscription_id: str, *, request_id: str) -> Ending:
        raise Unsupported("This version does not end subscriptions.")

    async def remove_customer(self, customer_id: str, *, request_id: str) -> None:
        raise Unsupported("This version does not remove customers.")

    async def subscribe(self, url: str) -> None:
        raise Unsupported("This version does not ask to be told of changes.")

    async def read_notification(self, headers: Mapping[str, str], body: bytes) -> Notification:
        raise Unsupported("This version does not read what Partner Center tells.")

    async def invitation_url(self) -> str:
        return await self._session.send(
            Call(
                path="/customers/relationshiprequests",
                read=lambda body: Record(body).required("url"),
                actor=Actor.USER,
            )
        )

    async def aclose(self) -> None:
        await self._session.aclose()

    async def _problems(self, new: NewCustomer) -> AsyncIterator[Problem]:
        """Ask as little as possible: an address that breaks a rule is not looked up as well."""
        if not new.domain:
            yield _problem(ProblemCode.DOMAIN_REQUIRED, "Partner Center needs a domain.", "domain")
        elif not await self.is_domain_available(new.domain):
            yield _problem(ProblemCode.DOMAIN_UNAVAILABLE, "The domain is taken.", "domain")
        if new.address is None:
            yield _problem(ProblemCode.ADDRESS_REQUIRED, "Partner Center needs an address.", "address")
            return
        rules = await self._country_rules(new.address.country)
        if rules is None:
            text = "Partner Center knows no such country; it wants the ISO code of two letters."
            yield _problem(ProblemCode.ADDRESS_INVALID, text, "address", "country")
            return
        broken = list(problems(new, rules))
        for problem in broken:
            yield problem
        if not any(problem.field[0] == "address" for problem in broken):
            problem = await self._address_problem(new.address)
            if problem is not None:
                yield problem

    async def _address_problem(self, address: Address) -> Problem | None:
        call = Call(
            method="POST",
            path="/validations/address",
            read=address_problem,
            json=wire.address(address),
        )
        try:
            return await self._session.send(call)
        except InputRefused as error:
            return _problem(ProblemCode.ADDRESS_INVALID, str(error), "address")

    async def _country_rules(self, country: str) -> CountryRules | None:
        path = f"/countryvalidationrules/{quote(country.upper(), safe='')}"
        try:
            return await self._session.send(Call(path=path, read=country_rules, meaning=_MAYBE_ABSENT))
        except (Absent, InputRefused):
            return None

    async def _accepted_directly(self, customer_id: str) -> bool:
        call = Call(
            path=f"{_customer(customer_id)}/directSignedMicrosoftCustomerAgreementStatus",
            read=lambda body: Record(body).flag("isSigned"),
            actor=Actor.USER,
            meaning=_OF_CUSTOMER,
        )
        return await self._session.send(call)

    async def _direct_confirmation(self) -> Confirmation:
        """Say what a direct acceptance means: the terms in force, of no known person, seen today."""
        for template in await self._kept_templates():
            if template.kind == wire.CUSTOMER_AGREEMENT:
                return Confirmation(
                    template_id=template.template_id,
                    contact=None,
                    agreed_on=self._clock.now().date(),
                    direct=True,
                )
        raise ProviderUnavailable("Partner Center names no Microsoft Customer Agreement in force.")

    async def _template(self, template_id: str) -> Template:
        for templates in (self._kept_templates, self.list_templates):
            for template in await templates():
                if template.template_id == identifier(template_id):
                    if template.kind == wire.CLOUD_AGREEMENT:
                        raise _cloud_refused()
                    return template
        raise InputRefused("Partner Center knows no such agreement template.")

    async def _kept_templates(self) -> Sequence[Template]:
        if self._templates is not None and self._clock.now() - self._templates[0] < TEMPLATES_KEPT:
            return self._templates[1]
        return await self.list_templates()

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


def _customer(customer_id: str) -> str:
    return f"/customers/{quote(customer_id, safe='')}"


def _problem(code: ProblemCode, message: str, *field: str) -> Problem:
    return Problem(code=code, message=message, field=field)


def _refuse_cloud(template_id: str) -> None:
    """Refuse before the call what the service may store as another kind than was meant."""
    if identifier(template_id) == CLOUD_TEMPLATE_ID:
        raise _cloud_refused()


def _cloud_refused() -> InputRefused:
    return InputRefused("Microsoft takes no new Microsoft Cloud Agreements.")
