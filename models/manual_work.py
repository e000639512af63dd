"""Conditions in SQL that also say which rows an index holds: they are written out, without bound values."""

PENDING = "status = 'ACTIVE' AND status_reason = 'PENDING'"
UNANSWERED = "acceptance_status IN ('EXPIRED', 'REFUSED')"
PROVISIONED_BY_HAND = "status = 'ACTIVE' AND origin = 'PROVISIONING' AND provider_account_id IS NULL"
UNMAPPED = "account_id IS NULL"
MISSING = "missing_since IS NOT NULL"
NOT_AWAITING_SIGNATURE = "status_reason != 'PENDING'"
