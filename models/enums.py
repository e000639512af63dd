"""The closed vocabularies of the domain; a value is also its name in the API and in the database."""

from enum import StrEnum


class AccountStatus(StrEnum):
    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"


class AgreementStatus(StrEnum):
    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"


class AgreementStatusReason(StrEnum):
    PENDING = "PENDING"
    ACCEPTED = "ACCEPTED"
    DEACTIVATED = "DEACTIVATED"
    WITHDRAWN = "WITHDRAWN"
    EXPIRED = "EXPIRED"
    SUPERSEDED = "SUPERSEDED"


class AgreementOrigin(StrEnum):
    MANUAL = "MANUAL"
    PROVISIONING = "PROVISIONING"
    SYNC = "SYNC"
    BULK = "BULK"


class SyncState(StrEnum):
    NOT_APPLICABLE = "NOT_APPLICABLE"
    IN_SYNC = "IN_SYNC"
    TO_PUSH = "TO_PUSH"
    AWAITING_CUSTOMER = "AWAITING_CUSTOMER"
    PUSH_FAILED = "PUSH_FAILED"


class AcceptanceRequestStatus(StrEnum):
    OPEN = "OPEN"
    EXPIRED = "EXPIRED"
    REFUSED = "REFUSED"
    ACCEPTED = "ACCEPTED"


class AcceptancePath(StrEnum):
    CUSTOMER_LINK = "CUSTOMER_LINK"
    PARTNER_ATTESTATION = "PARTNER_ATTESTATION"
    PROVIDER_IMPORT = "PROVIDER_IMPORT"
    DIRECT_AT_VENDOR = "DIRECT_AT_VENDOR"
    PROVISIONING = "PROVISIONING"
    RECORDED_BY_HAND = "RECORDED_BY_HAND"


class AgreementTemplateKind(StrEnum):
    MICROSOFT_CLOUD_AGREEMENT = "MICROSOFT_CLOUD_AGREEMENT"
    MICROSOFT_CUSTOMER_AGREEMENT = "MICROSOFT_CUSTOMER_AGREEMENT"
    CUSTOM = "CUSTOM"


class AgreementTemplateStatus(StrEnum):
    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"


class BillingContractStatus(StrEnum):
    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"


class BillingFrequency(StrEnum):
    MONTHLY = "MONTHLY"
    QUARTERLY = "QUARTERLY"
    ANNUAL = "ANNUAL"


class BillingPolicy(StrEnum):
    ADVANCE = "ADVANCE"
    ARREARS = "ARREARS"


class ProviderKind(StrEnum):
    AUTOMATIC = "AUTOMATIC"
    MANUAL = "MANUAL"


class ProviderConnector(StrEnum):
    PARTNER_CENTER = "PARTNER_CENTER"
    REST = "REST"
    NONE = "NONE"


class ProviderRole(StrEnum):
    VENDOR = "VENDOR"
    DISTRIBUTOR = "DISTRIBUTOR"
    PARTNER = "PARTNER"


class ProviderStatus(StrEnum):
    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"


class ProviderAccountMapping(StrEnum):
    UNMAPPED = "UNMAPPED"
    AUTO = "AUTO"
    MANUAL = "MANUAL"
    PROVISIONED = "PROVISIONED"


class ProviderAccountStatus(StrEnum):
    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"


class JobKind(StrEnum):
    PROVISION = "PROVISION"
    SYNC = "SYNC"
    BULK_CREATE = "BULK_CREATE"
    OFFBOARD = "OFFBOARD"


class JobStatus(StrEnum):
    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    PARTIAL = "PARTIAL"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class JobItemOutcome(StrEnum):
    CREATED = "CREATED"
    UPDATED = "UPDATED"
    UNCHANGED = "UNCHANGED"
    SKIPPED = "SKIPPED"
    FAILED = "FAILED"


class CoverageState(StrEnum):
    NONE = "NONE"
    PENDING = "PENDING"
    ACCEPTED = "ACCEPTED"
    INACTIVE = "INACTIVE"
    EXPIRED = "EXPIRED"
    UNMAPPED = "UNMAPPED"


class DocumentKind(StrEnum):
    SIGNED = "SIGNED"
    TEMPLATE_COPY = "TEMPLATE_COPY"
    EVIDENCE = "EVIDENCE"
    OTHER = "OTHER"


class AgreementEvent(StrEnum):
    """What happened to an agreement, as the audit trail and subscribers name it."""

    CREATED = "CREATED"
    UPDATED = "UPDATED"
    ACCEPTED = "ACCEPTED"
    DEACTIVATED = "DEACTIVATED"
    REACTIVATED = "REACTIVATED"
    TAGGED = "TAGGED"
    UNTAGGED = "UNTAGGED"
