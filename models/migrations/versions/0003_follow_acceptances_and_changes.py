"""Add what lets a request to a customer be followed, and a sync go on from where the last one ended.

Expand: nullable columns without a default, which the version still running neither reads nor writes.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_SYNCED = ("listed_at", "changes_read_until")


def upgrade() -> None:
    op.add_column("agreements", sa.Column("acceptance_reference", sa.String(), nullable=True))
    for name in _SYNCED:
        op.add_column("providers", sa.Column(name, sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    for name in _SYNCED:
        op.drop_column("providers", name)
    op.drop_column("agreements", "acceptance_reference")
