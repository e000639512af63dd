"""What mutations answer: references to entities, read after the commit, and what stood in the way."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Self
from uuid import UUID

import strawberry

from graph import Node, reference, references
from models import ErrorCode
from resolvers.errors import DomainError, Refusals
from resolvers.new_agreements import ProviderAccountRequired
from resolvers.offboarding import OffboardResult
from resolvers.provisioning import ProvisionResult
from resolvers.provisioning_request import AlreadyProvisioned
from schema.errors import UserError, user_error
from schema.types.account import Account
from schema.types.agreement import Agreement
from schema.types.agreement_template import AgreementTemplate
from schema.types.billing_contract import BillingContract
from schema.types.document import Document
from schema.types.job import Job
from schema.types.provider import Provider
from schema.types.provider_account import ProviderAccount

_ENTITIES: Mapping[str, type[Node]] = {
    "account": Account,
    "agreement": Agreement,
    "agreement_template": AgreementTemplate,
    "billing_contract": BillingContract,
    "document": Document,
    "job": Job,
    "provider": Provider,
    "provider_account": ProviderAccount,
}
_IN_THE_WAY: Mapping[ErrorCode, str] = {
    ErrorCode.PROVIDER_NAME_TAKEN: "provider",
    ErrorCode.EXTERNAL_REF_TAKEN: "account",
    ErrorCode.TEMPLATE_DUPLICATE: "agreement_template",
    ErrorCode.TEMPLATE_EXPIRED: "agreement_template",
    ErrorCode.PROVIDER_ACCOUNT_DUPLICATE: "provider_account",
    ErrorCode.ALREADY_MAPPED: "provider_account",
    ErrorCode.HAS_AGREEMENTS: "provider_account",
    ErrorCode.PROVIDER_ACCOUNT_INACTIVE: "provider_account",
    ErrorCode.SIGNATURE_LOCKED: "agreement",
    ErrorCode.AGREEMENT_ALREADY_EXISTS: "agreement",
    ErrorCode.AGREEMENT_INACTIVE: "agreement",
    ErrorCode.ALREADY_ACCEPTED: "agreement",
    ErrorCode.NOT_REACTIVATABLE: "agreement",
    ErrorCode.NOTHING_TO_PUSH: "agreement",
    ErrorCode.DUPLICATE_DOCUMENT: "document",
    ErrorCode.DOCUMENT_IS_EVIDENCE: "document",
    ErrorCode.CONTRACT_INACTIVE: "billing_contract",
    ErrorCode.SYNC_ALREADY_RUNNING: "job",
    ErrorCode.OFFBOARDING_ALREADY_RUNNING: "job",
    ErrorCode.JOB_FINISHED: "job",
}
"""Of which kind the entity is that an error names, where the payload has it."""


@strawberry.type(description="What every payload has.")
class Payload:
    user_errors: list[UserError] = strawberry.field(
        description="Why nothing was done; empty when it was.", default_factory=list
    )

    @classmethod
    def refused(cls, error: DomainError) -> Self:
        """Answer with what the error says, and with the entity in the way if this payload has its kind."""
        refusals = error.refusals if isinstance(error, Refusals) else (error,)
        payload = cls(user_errors=[user_error(each) for each in refusals])
        if error.entity is not None:
            payload.refer(cls._kind_in_the_way(error.code), error.entity)
        return payload

    def refer(self, kind: str | None, id: UUID | None) -> None:
        """Set the payload's entity of a kind, if it has one."""
        if kind is not None and id is not None and hasattr(self, kind):
            setattr(self, kind, _ENTITIES[kind].ref(id))

    @classmethod
    def _kind_in_the_way(cls, code: ErrorCode) -> str | None:
        if code is ErrorCode.REVISION_CONFLICT:  # what was to be changed: each payload's first entity
            return next((each.name for each in fields(cls) if each.name in _ENTITIES), None)
        return _IN_THE_WAY.get(code)


@strawberry.type(description="The account that was made, or that has the external reference already.")
class CreateAccountPayload(Payload):
    account: Account | None = reference(description="The account.")


@strawberry.type(description="The account after the change.")
class UpdateAccountPayload(Payload):
    account: Account | None = reference(description="The account.")


@strawberry.type(description="The billing contract that was entered.")
class CreateBillingContractPayload(Payload):
    billing_contract: BillingContract | None = reference(description="The billing contract.")


@strawberry.type(description="The agreement that was recorded, or that stands already.")
class CreateAgreementPayload(Payload):
    agreement: Agreement | None = reference(description="The agreement.")
    candidates: list[ProviderAccount] = references(
        description="The provider accounts to choose from, with PROVIDER_ACCOUNT_REQUIRED."
    )

    @classmethod
    def refused(cls, error: DomainError) -> Self:
        payload = super().refused(error)
        if isinstance(error, ProviderAccountRequired):
            payload.candidates = [ProviderAccount.ref(each) for each in error.candidates]
        return payload


@strawberry.type(description="The agreement after the change.")
class UpdateAgreementPayload(Payload):
    agreement: Agreement | None = reference(description="The agreement.")


@strawberry.type(description="The agreement after its acceptance.")
class AcceptAgreementPayload(Payload):
    agreement: Agreement | None = reference(description="The agreement.")
    warnings: list[str] = strawberry.field(
        description="What a person should know, one sentence each.", default_factory=list
    )


@strawberry.type(description="The agreement after its end.")
class DeactivateAgreementPayload(Payload):
    agreement: Agreement | None = reference(description="The agreement.")
    changed: bool = strawberry.field(
        description="False when it had ended before, or with errors.", default=False
    )
    warnings: list[str] = strawberry.field(
        description="What a person should know, such as billing contracts that carry it.",
        default_factory=list,
    )


@strawberry.type(description="The agreement that was brought back, or that stands in its place.")
class ReactivateAgreementPayload(Payload):
    agreement: Agreement | None = reference(description="The agreement.")


@strawberry.type(description="The agreement, waiting to be told to its provider.")
class RetryAgreementPushPayload(Payload):
    agreement: Agreement | None = reference(description="The agreement.")


@strawberry.type(description="The agreement as the provider knows it.")
class RefreshAgreementPayload(Payload):
    agreement: Agreement | None = reference(description="The agreement.")
    changed: bool = strawberry.field(
        description="Whether the provider said anything new; false with errors.", default=False
    )


@strawberry.type(description="Both ends of the tag.")
class TagAgreementPayload(Payload):
    agreement: Agreement | None = reference(description="The agreement.")
    billing_contract: BillingContract | None = reference(description="The billing contract.")


@strawberry.type(description="Both ends of the tag that was.")
class UntagAgreementPayload(Payload):
    agreement: Agreement | None = reference(description="The agreement.")
    billing_contract: BillingContract | None = reference(description="The billing contract.")


@strawberry.type(description="The document that was attached, or that has this content already.")
class AttachDocumentPayload(Payload):
    document: Document | None = reference(description="The document.")
    agreement: Agreement | None = reference(description="Its agreement.")


@strawberry.type(description="The document after its removal.")
class RemoveDocumentPayload(Payload):
    document: Document | None = reference(description="The document.")
    agreement: Agreement | None = reference(description="The agreement that it belongs to.")
    changed: bool = strawberry.field(
        description="False when it had been removed before, or with errors.", default=False
    )


@strawberry.type(description="The provider that was made, or that has the name already.")
class CreateProviderPayload(Payload):
    provider: Provider | None = reference(description="The provider.")


@strawberry.type(description="The provider with its status.")
class SetProviderStatusPayload(Payload):
    provider: Provider | None = reference(description="The provider.")
    changed: bool = strawberry.field(description="False when it had the status before.", default=False)


@strawberry.type(description="The template that was made, or that is there already.")
class CreateAgreementTemplatePayload(Payload):
    agreement_template: AgreementTemplate | None = reference(description="The template.")


@strawberry.type(description="The new version, or the one that is there already.")
class CreateAgreementTemplateVersionPayload(Payload):
    agreement_template: AgreementTemplate | None = reference(description="The template.")


@strawberry.type(description="The template with its status.")
class SetAgreementTemplateStatusPayload(Payload):
    agreement_template: AgreementTemplate | None = reference(description="The template.")
    changed: bool = strawberry.field(description="False when it had the status before.", default=False)


@strawberry.type(description="The provider account that was entered, or that is there already.")
class CreateProviderAccountPayload(Payload):
    provider_account: ProviderAccount | None = reference(description="The provider account.")


@strawberry.type(description="The provider account and its agreements.")
class MapProviderAccountPayload(Payload):
    provider_account: ProviderAccount | None = reference(description="The provider account.")
    agreements: list[Agreement] = references(
        description="The pending agreements that were created now that the customer is known."
    )
    changed: bool = strawberry.field(
        description="False when it belonged to the account before.", default=False
    )


@strawberry.type(description="The provider account, on its own.")
class UnmapProviderAccountPayload(Payload):
    provider_account: ProviderAccount | None = reference(description="The provider account.")
    changed: bool = strawberry.field(description="False when it belonged to no account.", default=False)


@strawberry.type(description="The first sign-in of a new tenant.")
class TenantCredentials:
    user_name: str = strawberry.field(description="Whom to sign in as.")
    password: str = strawberry.field(description="To be changed at the first sign-in.")

    def __repr__(self) -> str:
        return "TenantCredentials(…)"


@strawberry.type(description="What exists when the wait is over; the work may go on: see the job.")
class ProvisionAccountPayload(Payload):
    account: Account | None = reference(description="The account.")
    provider_account: ProviderAccount | None = reference(description="The customer at the provider.")
    agreement: Agreement | None = reference(description="The agreement.")
    job: Job | None = reference(description="The work.")
    invitation_url: str | None = strawberry.field(
        description="With `existingTenant`: the page on which the customer accepts the partner.", default=None
    )
    credentials: TenantCredentials | None = strawberry.field(
        description="Shown once, never stored; null if the tenant was not created within this very call.",
        default=None,
    )

    @classmethod
    def of(cls, result: ProvisionResult) -> Self:
        payload = cls() if result.refusal is None else cls(user_errors=[user_error(result.refusal)])
        payload.refer("account", result.account_id)
        payload.refer("provider_account", result.provider_account_id)
        payload.refer("agreement", result.agreement_id)
        payload.refer("job", result.job_id)
        payload.invitation_url = result.invitation_url
        if result.credentials is not None:
            payload.credentials = TenantCredentials(
                user_name=result.credentials.user_name, password=result.credentials.password
            )
        return payload

    @classmethod
    def refused(cls, error: DomainError) -> Self:
        payload = super().refused(error)
        if isinstance(error, AlreadyProvisioned):
            payload.refer("provider_account", error.provider_account_id)
            payload.refer("job", error.job_id)
        return payload


@strawberry.type(description="The work that creates the agreements.")
class BulkCreateCustomerAgreementsPayload(Payload):
    job: Job | None = reference(description="The job.")


@strawberry.type(description="The work that reads the provider, or the work that does so already.")
class SyncProviderAccountsPayload(Payload):
    job: Job | None = reference(description="The job.")


@strawberry.type(description="What exists when the wait is over; the work may go on: see the job.")
class OffboardProviderAccountPayload(Payload):
    provider_account: ProviderAccount | None = reference(
        description="The provider account; INACTIVE once its customer is none any more."
    )
    job: Job | None = reference(
        description="The work. Each subscription is an item with its id as key; another one, with the "
        "customer's id as key, tells of the relationship."
    )
    warnings: list[str] = strawberry.field(
        description="What a person should know, such as agreements that stay active.", default_factory=list
    )

    @classmethod
    def of(cls, result: OffboardResult) -> Self:
        payload = cls() if result.refusal is None else cls(user_errors=[user_error(result.refusal)])
        payload.refer("provider_account", result.provider_account_id)
        payload.refer("job", result.job_id)
        payload.warnings = list(result.warnings)
        return payload


@strawberry.type(description="The job that was asked to stop, or that had ended.")
class CancelJobPayload(Payload):
    job: Job | None = reference(description="The job; it stops at its next step.")
