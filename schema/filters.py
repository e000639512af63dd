"""What lists can be filtered by. Absent and null mean any; every condition that is given must hold."""

from datetime import date

import strawberry

import models
from graph import criterion, equal, has, is_null, is_set, lacks, one_of
from models import criteria

_SEARCH = (
    "Each word begins a word of {}; case and composed or decomposed form do not matter. "
    "Without a letter or digit it is no condition."
)


@strawberry.input(description="Conditions on accounts.")
class AccountFilter:
    status: models.AccountStatus | None = equal("status", description="In this status.")
    search: str | None = criterion(
        criteria.search, description=_SEARCH.format("the name, the domain or the external reference")
    )


@strawberry.input(description="Conditions on agreements.")
class AgreementFilter:
    status: models.AgreementStatus | None = equal("status", description="In this status.")
    status_reason: models.AgreementStatusReason | None = equal(
        "status_reason", description="In its status for this reason."
    )
    account_id: strawberry.ID | None = equal("account_id", node="Account", description="Of this account.")
    provider_id: strawberry.ID | None = equal(
        "provider_id", node="Provider", description="With this provider."
    )
    agreement_template_id: strawberry.ID | None = equal(
        "template_id", node="AgreementTemplate", description="In this template."
    )
    provider_account_id: strawberry.ID | None = equal(
        "provider_account_id", node="ProviderAccount", description="For this provider account."
    )
    origin: models.AgreementOrigin | None = equal("origin", description="That came about this way.")
    sync_state: models.SyncState | None = equal(
        "sync_state", description="Of which the provider knows this much."
    )
    executed_from: date | None = criterion(
        criteria.executed_from, description="Executed on this day or later."
    )
    executed_to: date | None = criterion(criteria.executed_to, description="Executed on this day or earlier.")
    awaiting_signature: bool | None = equal(
        "awaiting_signature", description="True: active and pending. False: not so."
    )
    missing_signer: bool | None = is_null(
        "signer_email", description="True: `signedBy` is null. False: it names somebody."
    )
    awaiting_manual_work: bool | None = criterion(
        criteria.awaiting_manual_work,
        description="True: active, and it gets no further unless a person acts, because it is pending at a "
        "provider that cannot confirm (record the customer's signature: acceptAgreement); or the provider "
        "has not taken it (PUSH_FAILED: put right what `syncError` says, then retryAgreementPush); or the "
        "customer's acceptance was refused or not given in time (`acceptanceRequest` REFUSED or EXPIRED: "
        "ask again); or its customer was provisioned at a manual provider and has no active provider "
        "account there yet (take it on there, then createProviderAccount with its account). "
        "False: none of these.",
    )
    tagged_on: strawberry.ID | None = has("billing_contracts", description="Tagged on this billing contract.")
    not_tagged_on: strawberry.ID | None = lacks(
        "billing_contracts", description="Not tagged on this billing contract."
    )
    search: str | None = criterion(
        criteria.search_agreements,
        description=_SEARCH.format("the account's or the agreement's name, or of the number"),
    )


@strawberry.input(description="Conditions on documents.")
class DocumentFilter:
    kind: models.DocumentKind | None = equal("kind", description="Of this kind.")
    visible_to_customer: bool | None = equal(
        "visible_to_customer", description="True: the customer may see it. False: it may not."
    )
    removed: bool | None = is_set(
        "removed_at", description="True: taken off its agreement. False: attached to it."
    )


@strawberry.input(description="Conditions on agreement templates.")
class AgreementTemplateFilter:
    status: models.AgreementTemplateStatus | None = equal("status", description="In this status.")
    provider_id: strawberry.ID | None = equal("provider_id", node="Provider", description="Of this provider.")
    search: str | None = criterion(criteria.search, description=_SEARCH.format("the name or the template id"))


@strawberry.input(description="Conditions on billing contracts.")
class BillingContractFilter:
    status: models.BillingContractStatus | None = equal("status", description="In this status.")
    account_id: strawberry.ID | None = equal("account_id", node="Account", description="Of this account.")
    search: str | None = criterion(criteria.search, description=_SEARCH.format("the name"))


@strawberry.input(description="Conditions on provider accounts.")
class ProviderAccountFilter:
    provider_id: strawberry.ID | None = equal("provider_id", node="Provider", description="At this provider.")
    account_id: strawberry.ID | None = equal("account_id", node="Account", description="Of this account.")
    mapped: bool | None = is_set(
        "account_id", description="True: of a known account. False: nobody has said whose it is."
    )
    status: models.ProviderAccountStatus | None = equal("status", description="In this status.")
    awaiting_manual_work: bool | None = criterion(
        criteria.place_awaiting_manual_work,
        description="True: active, and a person has to act, because nobody has said whose it is "
        "(mapProviderAccount), or because its provider does not list it any more (`missingSince`: find out "
        "why, and offboardProviderAccount if the customer is gone). False: neither.",
    )
    search: str | None = criterion(
        criteria.search, description=_SEARCH.format("the name at the provider or the domain")
    )


@strawberry.input(description="Conditions on jobs.")
class JobFilter:
    kind: models.JobKind | None = equal("kind", description="Of this kind.")
    status: models.JobStatus | None = equal("status", description="In this status.")


@strawberry.input(description="Direct arguments of a job's items.")
class JobItemArguments:
    outcome: models.JobItemOutcome | None = equal("outcome", description="Only rows with this outcome.")


@strawberry.input(description="Direct arguments of the coverage of a template.")
class CoverageArguments:
    agreement_template_id: strawberry.ID = equal(
        "template_id", node="AgreementTemplate", description="The template in question."
    )
    states: list[models.CoverageState] | None = one_of(
        "state", description="Only these states; null means any."
    )
