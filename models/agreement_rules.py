"""What the database itself sees to for agreements: references, states, uniqueness, and lists' indexes."""

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    text,
)

from models.manual_work import NOT_AWAITING_SIGNATURE, PENDING, PROVISIONED_BY_HAND, UNANSWERED

_REASONS = (
    "(status = 'ACTIVE' AND status_reason IN ('PENDING', 'ACCEPTED'))"
    " OR (status = 'INACTIVE' AND status_reason IN ('DEACTIVATED', 'WITHDRAWN', 'EXPIRED', 'SUPERSEDED'))"
)
_ACTIVE_AT_PROVIDER = "status = 'ACTIVE' AND provider_account_id IS NOT NULL"
_ACTIVE_ELSEWHERE = "status = 'ACTIVE' AND provider_account_id IS NULL"
_EXECUTED_KEY = "coalesce(executed_on, '9999-12-31')"


def _partial(name: str, where: str, *columns: str, unique: bool = False) -> Index:
    """An index of the rows that meet the condition."""
    condition = text(where)
    return Index(name, *columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


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
    _partial(
        "uq_agreements_active_at_provider",
        _ACTIVE_AT_PROVIDER,
        "provider_account_id",
        "template_id",
        unique=True,
    ),
    _partial("uq_agreements_active_elsewhere", _ACTIVE_ELSEWHERE, "account_id", "template_id", unique=True),
    Index(None, "name_fold", "id"),
    Index(None, "created_at", "id"),
    Index("ix_agreements_executed_key_id", text(_EXECUTED_KEY), "id"),
    # What is filtered by comes by id, as a list does unless it is asked otherwise. Of two indexes that serve
    # equally many conditions SQLite takes the one that was made last: the least telling ones come first.
    Index(None, "status", "id"),
    Index(None, "origin", "id"),
    Index(None, "provider_id", "id"),
    Index(None, "sync_state", "id"),
    Index(None, "status_reason", "id"),
    # A template may have as many agreements as there are: each order has an index there. A customer, one of
    # its provider accounts or contracts has few, which are sorted as they are read.
    Index(None, "template_id", "id"),
    Index(None, "template_id", "name_fold", "id"),
    Index(None, "template_id", "serial", "id"),
    Index(None, "template_id", "created_at", "id"),
    Index("ix_agreements_template_id_executed_key_id", "template_id", text(_EXECUTED_KEY), "id"),
    Index(None, "template_id", "status_reason", "id"),
    Index(None, "account_id", "id"),
    Index(None, "account_id", "template_id"),
    Index(None, "provider_account_id", "id"),
    Index(None, "provider_account_id", "template_id"),
    _partial("ix_agreements_unsigned", "signer_email IS NULL", "signer_email", "id"),
    _partial("ix_agreements_signed", "signer_email IS NOT NULL", "id"),
    _partial("ix_agreements_not_awaiting_signature", NOT_AWAITING_SIGNATURE, "id"),
    # Each names what it holds once more: SQLite chooses the index of which it can use the most columns.
    _partial("ix_agreements_pending_at", PENDING, "provider_id", "status", "status_reason"),
    _partial("ix_agreements_unanswered", UNANSWERED, "sync_state", "status"),
    _partial(
        "ix_agreements_provisioned_by_hand",
        PROVISIONED_BY_HAND,
        "status",
        "origin",
        "provider_account_id",
        "account_id",
        "provider_id",
    ),
)
