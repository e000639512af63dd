"""What the database itself sees to for agreements: references, states, uniqueness, and lists' indexes."""

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    text,
)

from models.manual_work import PENDING, PROVISIONED_BY_HAND, UNANSWERED

_REASONS = (
    "(status = 'ACTIVE' AND status_reason IN ('PENDING', 'ACCEPTED'))"
    " OR (status = 'INACTIVE' AND status_reason IN ('DEACTIVATED', 'WITHDRAWN', 'EXPIRED', 'SUPERSEDED'))"
)
_ACTIVE_AT_PROVIDER = text("status = 'ACTIVE' AND provider_account_id IS NOT NULL")
_ACTIVE_ELSEWHERE = text("status = 'ACTIVE' AND provider_account_id IS NULL")
_EXECUTED_KEY = "coalesce(executed_on, '9999-12-31')"

RULES = (
    ForeignKeyConstraint(
        ["template_id", "provider_id"], ["agreement_templates.id", "agreement_templates.provider_id"]
    ),
    ForeignKeyConstraint(
        ["provider_account_id", "provider_id"], ["provider_accounts.id", "provider_accounts.provider_id"]
    ),
    ForeignKeyConstraint(
        ["provider_account_id", "account_id"], ["provider_accounts.id", "provider_accounts.account_id"]
    ),
    UniqueConstraint("id", "account_id"),
    CheckConstraint(_REASONS, name="reason_fits_status"),
    CheckConstraint("status_reason <> 'ACCEPTED' OR executed_on IS NOT NULL", name="accepted_has_date"),
    CheckConstraint("(status = 'INACTIVE') = (deactivated_on IS NOT NULL)", name="inactive_has_date"),
    CheckConstraint(
        "(signer_email IS NULL) = (signer_first_name IS NULL)"
        " AND (signer_email IS NULL) = (signer_last_name IS NULL)",
        name="signer_is_whole",
    ),
    CheckConstraint("(acceptance_url IS NULL) = (acceptance_status IS NULL)", name="request_is_whole"),
    Index(
        "uq_agreements_active_at_provider",
        "provider_account_id",
        "template_id",
        unique=True,
        sqlite_where=_ACTIVE_AT_PROVIDER,
        postgresql_where=_ACTIVE_AT_PROVIDER,
    ),
    Index(
        "uq_agreements_active_elsewhere",
        "account_id",
        "template_id",
        unique=True,
        sqlite_where=_ACTIVE_ELSEWHERE,
        postgresql_where=_ACTIVE_ELSEWHERE,
    ),
    Index(None, "provider_account_id", "template_id"),
    Index(None, "template_id", "name_fold", "id"),
    Index(None, "account_id", "name_fold", "id"),
    Index(None, "account_id", "serial"),
    Index(None, "account_id", "created_at", "id"),
    Index("ix_agreements_account_id_executed_key_id", "account_id", text(_EXECUTED_KEY), "id"),
    Index("ix_agreements_executed_key_id", text(_EXECUTED_KEY), "id"),
    Index(None, "name_fold", "id"),
    Index(None, "created_at", "id"),
    Index(None, "status", "status_reason", "name_fold", "id"),
    Index(None, "sync_state", "name_fold", "id"),
    Index(None, "origin", "name_fold", "id"),
    Index(None, "provider_id", "name_fold", "id"),
    # Each names what it holds once more: SQLite chooses the index of which it can use the most columns.
    Index(
        "ix_agreements_pending_at",
        "provider_id",
        "status",
        "status_reason",
        sqlite_where=text(PENDING),
        postgresql_where=text(PENDING),
    ),
    Index(
        "ix_agreements_unanswered",
        "sync_state",
        "status",
        sqlite_where=text(UNANSWERED),
        postgresql_where=text(UNANSWERED),
    ),
    Index(
        "ix_agreements_provisioned_by_hand",
        "status",
        "origin",
        "provider_account_id",
        "account_id",
        "provider_id",
        sqlite_where=text(PROVISIONED_BY_HAND),
        postgresql_where=text(PROVISIONED_BY_HAND),
    ),
)
