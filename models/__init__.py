"""Entities: columns, invariants, state changes."""

from models.acceptance import Acceptance
from models.account import Account, AccountContact
from models.agreement import Agreement, agreement_number, default_name
from models.agreement_template import (
    MICROSOFT_CLOUD_AGREEMENT_ID,
    MICROSOFT_CUSTOMER_AGREEMENT_ID,
    AgreementTemplate,
    checked_link,
    microsoft_templates,
    template_kind,
)
from models.base import Audited, Base, Entity
from models.billing_contract import AgreementTag, BillingContract
from models.coverage import AgreementCoverage
from models.document import Document, DocumentUpload
from models.enums import (
    AcceptancePath,
    AcceptanceRequestStatus,
    AccountStatus,
    AgreementEvent,
    AgreementOrigin,
    AgreementStatus,
    AgreementStatusReason,
    AgreementTemplateKind,
    AgreementTemplateStatus,
    BillingContractStatus,
    BillingFrequency,
    BillingPolicy,
    CoverageState,
    DocumentKind,
    JobItemOutcome,
    JobKind,
    JobStatus,
    ProviderAccountMapping,
    ProviderAccountStatus,
    ProviderConnector,
    ProviderKind,
    ProviderRole,
    ProviderStatus,
    SyncState,
)
from models.errors import DomainError, ErrorCode
from models.job import Counter, Job, JobItem
from models.provider import Provider, ProviderConnection
from models.provider_account import ProviderAccount
from models.records import AuditEvent, IdempotencyRecord, SearchWord
from models.values import AcceptanceRequest, Address, Contact, ProviderCapabilities

__all__ = [
    "MICROSOFT_CLOUD_AGREEMENT_ID",
    "MICROSOFT_CUSTOMER_AGREEMENT_ID",
    "Acceptance",
    "AcceptancePath",
    "AcceptanceRequest",
    "AcceptanceRequestStatus",
    "Account",
    "AccountContact",
    "AccountStatus",
    "Address",
    "Agreement",
    "AgreementCoverage",
    "AgreementEvent",
    "AgreementOrigin",
    "AgreementStatus",
    "AgreementStatusReason",
    "AgreementTag",
    "AgreementTemplate",
    "AgreementTemplateKind",
    "AgreementTemplateStatus",
    "AuditEvent",
    "Audited",
    "Base",
    "BillingContract",
    "BillingContractStatus",
    "BillingFrequency",
    "BillingPolicy",
    "Contact",
    "Counter",
    "CoverageState",
    "Document",
    "DocumentKind",
    "DocumentUpload",
    "DomainError",
    "Entity",
    "ErrorCode",
    "IdempotencyRecord",
    "Job",
    "JobItem",
    "JobItemOutcome",
    "JobKind",
    "JobStatus",
    "Provider",
    "ProviderAccount",
    "ProviderAccountMapping",
    "ProviderAccountStatus",
    "ProviderCapabilities",
    "ProviderConnection",
    "ProviderConnector",
    "ProviderKind",
    "ProviderRole",
    "ProviderStatus",
    "SearchWord",
    "SyncState",
    "agreement_number",
    "checked_link",
    "default_name",
    "microsoft_templates",
    "template_kind",
]
