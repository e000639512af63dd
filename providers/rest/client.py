"""A REST provider as a provider: which calls answer each question of the protocol."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date, datetime, timedelta

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
    AlreadyConfirmed,
    CustomerMustAccept,
    CustomerNotVisible,
    InputRefused,
    Unsupported,
)
from providers.rest import calls, wire
from providers.rest.connection import RestConnection
from providers.rest.examination import examine
from providers.rest.refusals import Absent
from providers.rest.rules import CountryRules, problems
from providers.rest.session import Session

PAGE = 500
"""The contract gives customers in one piece; they are handed on in pages of this size."""

PROPERTIES_KEPT = timedelta(minutes=10)


class RestProvider:
    """One provider that serves the REST contract, with a connection pool of its own.

    The contract knows no idempotency keys: before each attempt to create something it is looked up. It has no
    calls for templates, documents, changes, subscriptions, invitations and notifications, nor for the end of
    a relationship.
    """

    def __init__(self, connection: RestConnection, *, clock: Clock | None = None) -> None:
        self._connection = connection
        self._clock = clock or SystemClock()
        self._session = Session(connection, clock=self._clock)
        self._properties: tuple[datetime, wire.Properties] | None = None
        self._seen = frozenset[str]()

    async def read_capabilities(self) -> Capabilities:
        return (await self._ask_properties()).capabilities

    async def examine(self) -> Sequence[Trouble]:
        return await examine(self._session)

    async def list_customers(self) -> AsyncIterator[Sequence[Customer]]:
        customers = [listed.customer for listed in await self._session.send(calls.CUSTOMERS)]
        self._seen = frozenset(customer.id for customer in customers)
        yield customers[:PAGE]
        for start in range(PAGE, len(customers), PAGE):
            yield customers[start : start + PAGE]

    async def list_changes(self, *, since: datetime) -> AsyncIterator[Sequence[CustomerChange]]:
        raise _unsupported("tell what has changed")
        yield  # makes this an asynchronous iterator, as the protocol has it

    async def find_customer(self, *, domain: str) -> Customer | None:
        for listed in await self._session.send(calls.CUSTOMERS):
            if (listed.customer.domain or "").casefold() == domain.casefold():
                return listed.customer
        return None

    async def get_customer(self, customer_id: str) -> Customer | None:
        try:
            return await self._session.send(calls.customer(customer_id))
        except (Absent, InputRefused):  # an id that it does not take names nobody
            return None

    async def is_domain_available(self, domain: str) -> bool:
        return await self._session.send(calls.domain_check(domain))

    async def check_new_customer(self, new: NewCustomer) -> Sequence[Problem]:
        return [problem async for problem in self._problems(new)]

    async def create_customer(self, new: NewCustomer, *, request_id: str) -> CreatedCustomer:
        """Create a customer, or give without credentials the one that is there already."""
        if not (await self._known_properties()).capabilities.customer_creation:
            raise _unsupported("create customers")
        rules = await self._country_rules(new.address.country) if new.address else None

        async def look() -> CreatedCustomer | None:
            listed = await self._session.once(calls.CUSTOMERS)
            same = next((each.customer for each in listed if each.is_same_as(new)), None)
            return CreatedCustomer(customer=same) if same else None

        return await self._session.create(calls.creation(new, rules), look=look)

    async def list_templates(self) -> Sequence[Template]:
        raise _unsupported("list its templates")

    async def list_confirmations(
        self, customer_id: str, *, enough_since: date | None = None
    ) -> Sequence[Confirmation]:
        agreements = await self._agreements(customer_id)
        signed = [each.confirmation for each in agreements if each.confirmation is not None]
        return sorted(signed, key=lambda confirmation: confirmation.agreed_on, reverse=True)

    async def confirm(
        self, customer_id: str, *, template_id: str, contact: Contact, agreed_on: date, request_id: str
    ) -> Confirmation:
        """Submit a signed agreement; a provider that takes no signature from us asks the customer for it."""
        if agreed_on > self._today():
            raise InputRefused("The provider takes no agreement of a future day.")
        before = [each for each in await self._agreements(customer_id) if each.is_of(template_id)]
        if any(each.is_signed_by(contact) for each in before):
            raise AlreadyConfirmed("The provider holds this agreement with this signer already.")
        known = {each.id for each in before}

        async def look() -> wire.Agreement | None:
            """Find what an attempt of ours has left, signed or not."""
            agreements = await self._of(customer_id, template_id)
            return next((each for each in agreements if each.id not in known), None)

        submission = calls.submission(
            customer_id,
            template_id=template_id,
            today=self._today(),
            contact=contact,
            agreed_on=min(agreed_on, self._session.now().date()),
        )
        agreement = await self._session.create(submission, look=look, looked=True)
        if agreement.confirmation is None:
            raise CustomerMustAccept("The provider asks the customer itself to accept.")
        return agreement.confirmation

    async def request_acceptance(
        self, customer_id: str, *, template_id: str, contact: Contact, request_id: str
    ) -> AcceptanceRequest:
        """Submit an agreement without a signature, unless one is open already.

        The provider turns to whom it knows at the customer: the contract has no place for our contact.
        """
        agreement = _open(await self._agreements(customer_id), template_id)

        async def look() -> wire.Agreement | None:
            return _open(await self._of(customer_id, template_id), template_id)

        if agreement is None:
            submission = calls.submission(customer_id, template_id=template_id, today=self._today())
            agreement = await self._session.create(submission, look=look, looked=True)
        return AcceptanceRequest(url=self._connection.acceptance_url, reference=agreement.id)

    async def follow_acceptance(
        self, customer_id: str, *, reference: str, template_id: str, request_id: str
    ) -> AcceptanceStatus:
        """Look at the agreement; the contract knows neither an end nor a refusal of a request."""
        for agreement in await self._agreements(customer_id):
            if agreement.id == reference:
                return AcceptanceStatus.ACCEPTED if agreement.confirmation else AcceptanceStatus.OPEN
        raise InputRefused("The provider knows no such agreement of this customer any more.")

    async def document_link(self, template_id: str, *, language: str, country: str) -> DocumentLink:
        raise _unsupported("give the text of its terms")

    async def list_subscriptions(self, customer_id: str) -> Sequence[Subscription]:
        raise _unsupported("list subscriptions")

    async def end_subscription(self, customer_id: str, subscription_id: str, *, request_id: str) -> Ending:
        raise _unsupported("end subscriptions")

    async def remove_customer(self, customer_id: str, *, request_id: str) -> None:
        raise _unsupported("end a relationship")

    async def invitation_url(self) -> str:
        raise _unsupported("invite customers")

    async def subscribe(self, url: str) -> None:
        raise _unsupported("send notifications")

    async def read_notification(self, headers: Mapping[str, str], body: bytes) -> Notification:
        raise _unsupported("send notifications")

    async def aclose(self) -> None:
        await self._session.aclose()

    async def _ask_properties(self) -> wire.Properties:
        properties = await self._session.send(calls.PROPERTIES)
        self._properties = (self._clock.now(), properties)
        return properties

    async def _known_properties(self) -> wire.Properties:
        known = self._properties
        if known is not None and self._clock.now() - known[0] < PROPERTIES_KEPT:
            return known[1]
        return await self._ask_properties()

    async def _problems(self, new: NewCustomer) -> AsyncIterator[Problem]:
        """Ask as little as possible: an address that breaks a rule is not looked up as well."""
        told = await self._against_domain(new.domain) if new.domain else None
        if told is not None:
            yield Problem(code=ProblemCode.DOMAIN_UNAVAILABLE, message=told, field=("domain",))
        if new.address is None:
            return
        try:
            rules = await self._country_rules(new.address.country)
        except InputRefused as error:
            yield Problem(
                code=ProblemCode.ADDRESS_INVALID, message=error.message, field=("address", "country")
            )
            return
        broken = list(problems(new, rules)) if rules else []
        for problem in broken:
            yield problem
        if not any(problem.field[0] == "address" for problem in broken):
            problem = await self._address_problem(new.address)
            if problem is not None:
                yield problem

    async def _against_domain(self, domain: str) -> str | None:
        try:
            return None if await self.is_domain_available(domain) else "The domain is taken."
        except InputRefused as error:
            return error.message

    async def _address_problem(self, address: Address) -> Problem | None:
        if not (await self._known_properties()).verifies_addresses:
            return None
        try:
            return await self._session.send(calls.address_check(address))
        except InputRefused as error:
            return Problem(code=ProblemCode.ADDRESS_INVALID, message=error.message, field=("address",))

    async def _country_rules(self, country: str) -> CountryRules | None:
        """Ask for the rules; None if the provider has none, which stands against nobody."""
        try:
            return await self._session.send(calls.rules_of(country))
        except (Absent, Unsupported):
            return None

    async def _agreements(self, customer_id: str) -> Sequence[wire.Agreement]:
        """List agreements of a customer who is there; some providers list none for one they do not know."""
        if not (await self._known_properties()).capabilities.agreement_confirmation:
            raise _unsupported("confirm agreements")
        agreements = await self._session.send(calls.agreements(customer_id, today=self._today()))
        known = bool(agreements) or customer_id in self._seen
        if not known and await self.get_customer(customer_id) is None:
            raise CustomerNotVisible("The provider does not know the customer, or not yet.")
        return agreements

    async def _of(self, customer_id: str, template_id: str) -> Sequence[wire.Agreement]:
        """List in a single attempt, as part of a call that is repeated as a whole."""
        agreements = await self._session.once(calls.agreements(customer_id, today=self._today()))
        return [each for each in agreements if each.is_of(template_id)]

    def _today(self) -> date:
        return self._clock.now().date()


def _open(agreements: Sequence[wire.Agreement], template_id: str) -> wire.Agreement | None:
    waiting = (each for each in agreements if each.confirmation is None and each.is_of(template_id))
    return next(waiting, None)


def _unsupported(what: str) -> Unsupported:
    return Unsupported(f"A REST provider cannot {what}.")
