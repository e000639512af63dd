"""Give every filter and every order of lists an index, and drop those that only sorted a customer's own rows.

Indexes only, of which the version still running needs none to be right. Some of those that are dropped it used for
lists by name of what a filter keeps: until it is replaced it sorts.

Of two indexes that serve equally many conditions SQLite takes the one that was made last. So the least telling come
first here, and on SQLite what is already there and tells more is made anew.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_EXECUTED_KEY = sa.text("coalesce(executed_on, '9999-12-31')")
_DROPPED = {
    "agreement_templates": [["provider_id", "name_fold", "id"]],
    "billing_contracts": [
        ["account_id", "name_fold", "id"],
        ["account_id", "start_on", "id"],
        ["account_id", "created_at", "id"],
    ],
    "provider_accounts": [["account_id", "name_fold", "id"], ["account_id", "provider_id"]],
    "agreements": [
        ["account_id", "name_fold", "id"],
        ["account_id", "serial"],
        ["account_id", "created_at", "id"],
        ["status", "status_reason", "name_fold", "id"],
        ["sync_state", "name_fold", "id"],
        ["origin", "name_fold", "id"],
        ["provider_id", "name_fold", "id"],
    ],
}
_MADE = {
    "accounts": [["status", "id"]],
    "agreement_templates": [["status", "id"], ["provider_id", "id"]],
    "billing_contracts": [["status", "id"], ["account_id", "id"]],
    "provider_accounts": [
        ["status", "id"],
        ["account_id", "id"],
        ["account_id", "provider_id", "name_fold", "id"],
    ],
    "jobs": [["kind", "id"]],
    "agreements": [
        ["status", "id"],
        ["origin", "id"],
        ["provider_id", "id"],
        ["sync_state", "id"],
        ["status_reason", "id"],
        ["template_id", "id"],
        ["template_id", "serial", "id"],
        ["template_id", "created_at", "id"],
        ["template_id", "status_reason", "id"],
        ["account_id", "id"],
        ["account_id", "template_id"],
        ["provider_account_id", "id"],
    ],
}
_MADE_ANEW = {
    "agreements": [["template_id", "name_fold", "id"], ["provider_account_id", "template_id"]],
    "provider_accounts": [
        ["provider_id", "name_fold", "id"],
        ["provider_id", "id"],
        ["provider_id", "domain"],
        ["account_id", "id"],
    ],
}
_PARTIAL = {
    "ix_agreements_unsigned": ("agreements", ["signer_email", "id"], "signer_email IS NULL"),
    "ix_agreements_signed": ("agreements", ["id"], "signer_email IS NOT NULL"),
    "ix_agreements_not_awaiting_signature": ("agreements", ["id"], "status_reason != 'PENDING'"),
    "ix_provider_accounts_unmapped": ("provider_accounts", ["status"], "account_id IS NULL"),
}


def upgrade() -> None:
    _drop(_DROPPED)
    op.drop_index("ix_agreements_account_id_executed_key_id", table_name="agreements")
    _make(_MADE)
    op.create_index(
        "ix_agreements_template_id_executed_key_id", "agreements", ["template_id", _EXECUTED_KEY, "id"]
    )
    for name, (table, columns, where) in _PARTIAL.items():
        _make_partial(name, table, columns, where)
    if op.get_bind().dialect.name == "sqlite":
        _drop(_MADE_ANEW)
        _make(_MADE_ANEW)
    _remake_missing("status")


def downgrade() -> None:
    _remake_missing("id")
    for name, (table, _, _) in _PARTIAL.items():
        op.drop_index(name, table_name=table)
    op.drop_index("ix_agreements_template_id_executed_key_id", table_name="agreements")
    _drop(_MADE)
    op.create_index(
        "ix_agreements_account_id_executed_key_id", "agreements", ["account_id", _EXECUTED_KEY, "id"]
    )
    _make(_DROPPED)


def _remake_missing(column: str) -> None:
    """Have the index of missing provider accounts hold this column."""
    name, table = "ix_provider_accounts_missing", "provider_accounts"
    op.drop_index(name, table_name=table)
    _make_partial(name, table, [column], "missing_since IS NOT NULL")


def _make_partial(name: str, table: str, columns: list[str], where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, sqlite_where=condition, postgresql_where=condition)


def _make(indexes: dict[str, list[list[str]]]) -> None:
    for table, each in indexes.items():
        for columns in each:
            op.create_index(_name(table, columns), table, columns)


def _drop(indexes: dict[str, list[list[str]]]) -> None:
    for table, each in indexes.items():
        for columns in each:
            op.drop_index(_name(table, columns), table_name=table)


def _name(table: str, columns: list[str]) -> str:
    return "_".join(("ix", table, *columns))
