"""Add what off-boarding, lists of manual work and providers' own notifications need.

Expand: a nullable column and indexes, of which the version still running knows nothing.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_INDEXES = {
    "ix_agreements_pending_at": (
        "agreements",
        ["provider_id", "status", "status_reason"],
        "status = 'ACTIVE' AND status_reason = 'PENDING'",
    ),
    "ix_agreements_unanswered": (
        "agreements",
        ["sync_state", "status"],
        "acceptance_status IN ('EXPIRED', 'REFUSED')",
    ),
    "ix_agreements_provisioned_by_hand": (
        "agreements",
        ["status", "origin", "provider_account_id", "account_id", "provider_id"],
        "status = 'ACTIVE' AND origin = 'PROVISIONING' AND provider_account_id IS NULL",
    ),
    "ix_provider_accounts_missing": ("provider_accounts", ["id"], "missing_since IS NOT NULL"),
    "uq_jobs_unfinished_offboard": (
        "jobs",
        ["provider_account_id"],
        "kind = 'OFFBOARD' AND status IN ('QUEUED', 'RUNNING')",
    ),
}


def upgrade() -> None:
    op.add_column("providers", sa.Column("sync_wanted_at", sa.DateTime(timezone=True), nullable=True))
    for name, (table, columns, where) in _INDEXES.items():
        op.create_index(
            name,
            table,
            columns,
            unique=name.startswith("uq_"),
            sqlite_where=sa.text(where),
            postgresql_where=sa.text(where),
        )


def downgrade() -> None:
    for name, (table, _, _) in _INDEXES.items():
        op.drop_index(name, table_name=table)
    op.drop_column("providers", "sync_wanted_at")
