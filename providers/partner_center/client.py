"""Partner Center as a provider: who answers each question of the protocol."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date, datetime

from providers.base import (
    AcceptanceRequest,
    AcceptanceStatus,
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
    Subscription,
    Template,
    Trouble,
)
from providers.clock import Clock, SystemClock
from providers.errors import Unsupported
from providers.partner_center.agreements import Agreements
from providers.partner_center.attestation import Attestations
from providers.partner_center.audit import AuditLog
from providers.partner_center.auth import SaveRefreshToken
from providers.partner_center.connection import ConfirmationMode, Connection
from providers.partner_center.customers import Customers
from providers.partner_center.endings import Subscriptions
from providers.partner_center.examination import examine
from providers.partner_center.findings import Findings, find_out
from providers.partner_center.session import Session
from providers.partner_center.webhooks import Webhooks


class PartnerCenter:
    """One partner's Partner Center, with a connection pool of its own.

    Agreements and relationships are asked about as the partner user who consented, all else, and enhanced
    attestation, as the application.

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
        clock = clock or SystemClock()
        self._connection = connection
        self._session = Session(connection, save_refresh_token=save_refresh_token, clock=clock)
        self._customers = Customers(self._session, connection)
        self._with_agreements = Agreements(self._session, connection, clock)
        self._with_attestations = Attestations(self._session, self._customers, self._with_agreements)
        self._subscriptions = Subscriptions(self._session, connection, clock)
        self._audit_log = AuditLog(self._session, clock)
        self._webhooks = Webhooks(self._session, connection, clock)

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

    async def find_out(self) -> Findings:
        """Tell what is worth knowing of a connection in which `examine` found no trouble."""
        return await find_out(self._session)

    async def list_customers(self) -> AsyncIterator[Sequence[Customer]]:
        async for customers in self._customers.all():
            yield customers

    async def list_changes(self, *, since: datetime) -> AsyncIterator[Sequence[CustomerChange]]:
        async for changes in self._audit_log.changes(since):
            yield changes

    async def find_customer(self, *, domain: str) -> Customer | None:
        return await self._customers.find(domain)

    async def get_customer(self, customer_id: str) -> Customer | None:
        return await self._customers.get(customer_id)

    async def is_domain_available(self, domain: str) -> bool:
        return await self._customers.is_domain_available(domain)

    async def check_new_customer(self, new: NewCustomer) -> Sequence[Problem]:
        return [problem async for problem in self._customers.problems(new)]

    async def create_customer(self, new: NewCustomer, *, request_id: str) -> CreatedCustomer:
        return await self._customers.create(new, request_id=request_id)

    async def list_templates(self) -> Sequence[Template]:
        return await self._agreements.templates()

    async def list_confirmations(
        self, customer_id: str, *, enough_since: date | None = None
    ) -> Sequence[Confirmation]:
        return await self._agreements.confirmations(customer_id, enough_since=enough_since)

    async def confirm(
        self, customer_id: str, *, template_id: str, contact: Contact, agreed_on: date, request_id: str
    ) -> Confirmation:
        """Confirm in the retired way if the connection says so; otherwise the customer must accept."""
        return await self._agreements.confirm(
            customer_id, template_id=template_id, contact=contact, agreed_on=agreed_on, request_id=request_id
        )

    async def request_acceptance(
        self, customer_id: str, *, template_id: str, contact: Contact, request_id: str
    ) -> AcceptanceRequest:
        """Start an attestation if the connection says so.

        Otherwise give Microsoft's own page, which is the same for every customer and does not expire.
        """
        if self._connection.confirmation is ConfirmationMode.ENHANCED:
            return await self._attestations.start(
                customer_id, template_id=template_id, contact=contact, request_id=request_id
            )
        self._agreements.refuse_retired(template_id)
        base = self._connection.admin_center_url.rstrip("/")
        return AcceptanceRequest(url=f"{base}/AdminPortal/Home?ref=/BillingAccounts/agreement")

    async def follow_acceptance(
        self, customer_id: str, *, reference: str, template_id: str, request_id: str
    ) -> AcceptanceStatus:
        return await self._attestations.follow(
            customer_id, reference=reference, template_id=template_id, request_id=request_id
        )

    async def document_link(self, template_id: str, *, language: str, country: str) -> DocumentLink:
        return await self._agreements.document(template_id, language=language, country=country)

    async def list_subscriptions(self, customer_id: str) -> Sequence[Subscription]:
        return await self._subscriptions.all(customer_id)

    async def end_subscription(self, customer_id: str, subscription_id: str, *, request_id: str) -> Ending:
        return await self._subscriptions.end(customer_id, subscription_id, request_id=request_id)

    async def remove_customer(self, customer_id: str, *, request_id: str) -> None:
        await self._customers.remove(customer_id, request_id=request_id)

    async def invitation_url(self) -> str:
        return await self._customers.invitation_url()

    async def subscribe(self, url: str) -> None:
        await self._webhooks.subscribe(url)

    async def read_notification(self, headers: Mapping[str, str], body: bytes) -> Notification:
        return await self._webhooks.read(headers, body)

    async def aclose(self) -> None:
        await self._session.aclose()
        await self._webhooks.aclose()

    @property
    def _agreements(self) -> Agreements:
        self._need_agreements()
        return self._with_agreements

    @property
    def _attestations(self) -> Attestations:
        self._need_agreements()
        return self._with_attestations

    def _need_agreements(self) -> None:
        if not self._connection.has_agreements:
            raise Unsupported("Microsoft's national clouds know no agreements of customers.")
