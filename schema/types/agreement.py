"""Agreements, and the acceptances that they stand on."""

from datetime import date, datetime
from typing import TYPE_CHECKING

import graph
import models
from graph import Connection, Node, column, relation, shows, value
from schema.filters import AgreementFilter
from schema.orders import AGREEMENT_ORDER
from schema.types.values import AcceptanceRequest, Contact, SystemFields

if TYPE_CHECKING:
    from schema.types.account import Account
    from schema.types.agreement_template import AgreementTemplate
    from schema.types.billing_contract import BillingContract
    from schema.types.document import Document
    from schema.types.provider import Provider
    from schema.types.provider_account import ProviderAccount

graph.enum(
    models.AgreementStatus,
    "Whether an agreement is in force.",
    ACTIVE="In force, or waiting to be accepted.",
    INACTIVE="Ended; kept for the record.",
)
graph.enum(
    models.AgreementStatusReason,
    "Why an agreement has its status.",
    PENDING="ACTIVE: the customer has not accepted yet.",
    ACCEPTED="ACTIVE: accepted and in effect.",
    DEACTIVATED="INACTIVE: ended after it had been accepted.",
    WITHDRAWN="INACTIVE: ended while it was pending.",
    EXPIRED="INACTIVE: the template expired while it was pending.",
    SUPERSEDED="INACTIVE: a newer version of the terms was accepted.",
)
graph.enum(
    models.AgreementOrigin,
    "How an agreement came about.",
    MANUAL="A person created it.",
    PROVISIONING="An account was provisioned.",
    SYNC="A sync found a customer without one.",
    BULK="A bulk creation was asked for.",
)
graph.enum(
    models.SyncState,
    "What the provider knows of an agreement.",
    NOT_APPLICABLE="Nothing, and it need not.",
    IN_SYNC="What is recorded here is what the provider has.",
    TO_PUSH="The provider has yet to be told.",
    AWAITING_CUSTOMER="The provider wants the customer's own acceptance: see `acceptanceRequest`.",
    PUSH_FAILED="The provider refused: see `syncError`.",
)
graph.enum(
    models.AcceptancePath,
    "How an acceptance came about.",
    CUSTOMER_LINK="The customer used a link that we sent.",
    PARTNER_ATTESTATION="The partner attests it.",
    PROVIDER_IMPORT="The provider reported it.",
    DIRECT_AT_VENDOR="The customer accepted at the vendor, which gives no names.",
    PROVISIONING="It was given when the account was provisioned.",
    RECORDED_BY_HAND="A person recorded it.",
)


@shows(
    models.Agreement,
    description="The record that one account stands in one template: pending until accepted, never deleted.",
    filter=AgreementFilter,
    order=AGREEMENT_ORDER,
)
class Agreement(SystemFields, Node):
    number: str = column(description="Number for people, e.g. AGR-000123; unique.")
    name: str = column(description="Name for people; made of template and account unless given.")
    status: models.AgreementStatus = column(description="Whether it is in force.")
    status_reason: models.AgreementStatusReason = column(description="Why it has its status.")
    executed_on: date | None = column(
        description="The day on which the customer accepted. Before that the day that was given when it was "
        "created, updated or provisioned, which accepts nothing by itself; null if none was."
    )
    created_on: date | None = column(
        description="The day that business records give for its creation; `createdAt` is the system's own."
    )
    signed_by: Contact | None = value(
        description="Who accepted for the customer; null where the provider names nobody, until an update "
        "does. Before that whoever was named when it was created, updated or provisioned; null if nobody was."
    )
    description: str | None = column(description="Remarks.")
    origin: models.AgreementOrigin = column(description="How it came about.")
    sync_state: models.SyncState = column(description="What the provider knows of it.")
    sync_error: str | None = column(description="Why the provider refused, with PUSH_FAILED.")
    acceptance_request: AcceptanceRequest | None = value(
        description="Where the customer gives its own acceptance, if the provider wants that."
    )
    deactivated_on: date | None = column(description="The day on which it ended.")
    deactivation_reason: str | None = column(description="Why it ended.")
    account: "Account" = relation(description="The customer.")
    provider: "Provider" = relation(description="Whose terms they are.")
    provider_account: "ProviderAccount | None" = relation(
        description="The customer as the provider knows it; always there for automatic providers."
    )
    template: "AgreementTemplate" = relation(description="The terms.")
    template_version: str = column(description="Version of the terms, frozen at creation.")
    agreement_link: str | None = column(description="Where the terms can be read, frozen at creation.")
    billing_contracts: "Connection[BillingContract]" = relation(description="Contracts that it is tagged on.")
    acceptances: "Connection[Acceptance]" = relation(description="Every acceptance on record, oldest first.")
    documents: "Connection[Document]" = relation(
        description="Files attached to it, oldest first; also those that were removed, unless filtered."
    )


@shows(models.Acceptance, description="That a customer said yes. Appended, never changed.")
class Acceptance(Node):
    path: models.AcceptancePath = column(description="How it came about.")
    contact: Contact | None = value(description="Who accepted; null only for DIRECT_AT_VENDOR.")
    agreed_on: date = column(description="The day of the acceptance.")
    recorded_at: datetime = column(description="When it was recorded here.")
    recorded_by: str = column(description="Who recorded it.")
    template_version: str = column(description="Version of the terms that were accepted.")
    voided: bool = column(description="Whether a later acceptance replaced it.")
