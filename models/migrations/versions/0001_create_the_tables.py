"""Create the tables.

The first revision: there is no version before it to be careful of.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TABLES = (
    "accounts",
    "audit_events",
    "counters",
    "idempotency_records",
    "providers",
    "search_words",
    "account_contacts",
    "agreement_templates",
    "billing_contracts",
    "provider_accounts",
    "provider_connections",
    "agreements",
    "acceptances",
    "agreement_tags",
    "jobs",
    "job_items",
)


def upgrade() -> None:
    _create_accounts()
    _create_audit_events()
    _create_counters()
    _create_idempotency_records()
    _create_providers()
    _create_search_words()
    _create_account_contacts()
    _create_agreement_templates()
    _index_agreement_templates()
    _create_billing_contracts()
    _index_billing_contracts()
    _create_provider_accounts()
    _index_provider_accounts()
    _create_provider_connections()
    _create_agreements()
    _index_agreements()
    _allow_one_active_agreement()
    _create_acceptances()
    _create_agreement_tags()
    _create_jobs()
    _index_jobs()
    _create_job_items()


def _create_accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("primary_first_name", sa.String(), nullable=True),
        sa.Column("primary_last_name", sa.String(), nullable=True),
        sa.Column("primary_email", sa.String(), nullable=True),
        sa.Column("primary_phone", sa.String(), nullable=True),
        sa.Column("primary_email_domain", sa.String(), nullable=True),
        sa.Column("domain", sa.String(), nullable=True),
        sa.Column("address_line1", sa.String(), nullable=True),
        sa.Column("address_line2", sa.String(), nullable=True),
        sa.Column("address_city", sa.String(), nullable=True),
        sa.Column("address_region", sa.String(), nullable=True),
        sa.Column("address_postal_code", sa.String(), nullable=True),
        sa.Column("address_country", sa.String(), nullable=True),
        sa.Column("organization_registration_number", sa.String(), nullable=True),
        sa.Column(
            "external_ref", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=True
        ),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column(
            "name_fold", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("external_ref", name=op.f("uq_accounts_external_ref")),
    )
    with op.batch_alter_table("accounts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_accounts_created_at_id"), ["created_at", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_accounts_domain"), ["domain"], unique=False)
        batch_op.create_index(batch_op.f("ix_accounts_name_fold_id"), ["name_fold", "id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_accounts_primary_email_domain"), ["primary_email_domain"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_accounts_status_name_fold_id"), ["status", "name_fold", "id"], unique=False
        )


def _create_audit_events() -> None:
    op.create_table(
        "audit_events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("entity", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False),
        sa.Column("entity_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column(
            "before",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=True,
        ),
        sa.Column(
            "after",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=True,
        ),
        sa.Column("correlation_id", sa.String(), nullable=True),
        sa.Column("request_id", sa.String(), nullable=True),
        sa.Column("sequence", sa.Integer(), nullable=True),
        sa.Column("hash", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_events")),
        sa.UniqueConstraint("sequence", name=op.f("uq_audit_events_sequence")),
    )
    with op.batch_alter_table("audit_events", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_events_correlation_id"), ["correlation_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_audit_events_entity_entity_id_id"), ["entity", "entity_id", "id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_audit_events_entity_id"), ["entity", "id"], unique=False)


def _create_counters() -> None:
    op.create_table(
        "counters",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counters")),
    )


def _create_idempotency_records() -> None:
    op.create_table(
        "idempotency_records",
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("mutation", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("input_hash", sa.String(), nullable=False),
        sa.Column(
            "made",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("actor", "mutation", "key", name=op.f("pk_idempotency_records")),
    )
    with op.batch_alter_table("idempotency_records", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_idempotency_records_created_at"), ["created_at"], unique=False)


def _create_providers() -> None:
    op.create_table(
        "providers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("connector", sa.String(length=32), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("customer_sync", sa.Boolean(), nullable=False),
        sa.Column("customer_creation", sa.Boolean(), nullable=False),
        sa.Column("agreement_confirmation", sa.Boolean(), nullable=False),
        sa.Column("agreement_sync", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("last_synced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column(
            "name_fold", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "kind = 'AUTOMATIC' OR NOT (customer_sync OR customer_creation OR agreement_confirmation OR agreement_sync)",
            name=op.f("ck_providers_manual_has_no_capability"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_providers")),
    )
    with op.batch_alter_table("providers", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_providers_name_fold"), ["name_fold"], unique=True)


def _create_search_words() -> None:
    op.create_table(
        "search_words",
        sa.Column("kind", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False),
        sa.Column("word", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False),
        sa.Column("entity_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "word", "entity_id", name=op.f("pk_search_words")),
    )
    with op.batch_alter_table("search_words", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_search_words_kind_entity_id"), ["kind", "entity_id"], unique=False
        )


def _create_account_contacts() -> None:
    op.create_table(
        "account_contacts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("first_name", sa.String(), nullable=False),
        sa.Column("last_name", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("email_domain", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_account_contacts_account_id_accounts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_contacts")),
    )
    with op.batch_alter_table("account_contacts", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_account_contacts_account_id_position"), ["account_id", "position"], unique=True
        )
        batch_op.create_index(batch_op.f("ix_account_contacts_email_domain"), ["email_domain"], unique=False)


def _create_agreement_templates() -> None:
    op.create_table(
        "agreement_templates",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column(
            "template_id", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column(
            "version", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("agreement_link", sa.String(), nullable=True),
        sa.Column("display_inline", sa.Boolean(), nullable=False),
        sa.Column("portal_instructions", sa.String(), nullable=True),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("supersedes_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column(
            "name_fold", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["providers.id"], name=op.f("fk_agreement_templates_provider_id_providers")
        ),
        sa.ForeignKeyConstraint(
            ["supersedes_id"],
            ["agreement_templates.id"],
            name=op.f("fk_agreement_templates_supersedes_id_agreement_templates"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreement_templates")),
        sa.UniqueConstraint("id", "provider_id", name=op.f("uq_agreement_templates_id_provider_id")),
        sa.UniqueConstraint(
            "provider_id",
            "template_id",
            "version",
            name=op.f("uq_agreement_templates_provider_id_template_id_version"),
        ),
    )


def _index_agreement_templates() -> None:
    with op.batch_alter_table("agreement_templates", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_agreement_templates_created_at_id"), ["created_at", "id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_agreement_templates_name_fold_id"), ["name_fold", "id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_agreement_templates_provider_id_name_fold_id"),
            ["provider_id", "name_fold", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_agreement_templates_supersedes_id"), ["supersedes_id"], unique=False
        )


def _create_billing_contracts() -> None:
    op.create_table(
        "billing_contracts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("billing_frequency", sa.String(length=32), nullable=False),
        sa.Column("billing_policy", sa.String(length=32), nullable=False),
        sa.Column("start_on", sa.Date(), nullable=False),
        sa.Column("end_on", sa.Date(), nullable=True),
        sa.Column("terminated_on", sa.Date(), nullable=True),
        sa.Column("auto_renew", sa.Boolean(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column(
            "name_fold", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_billing_contracts_account_id_accounts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_billing_contracts")),
        sa.UniqueConstraint("id", "account_id", name=op.f("uq_billing_contracts_id_account_id")),
    )


def _index_billing_contracts() -> None:
    with op.batch_alter_table("billing_contracts", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_billing_contracts_account_id_created_at_id"),
            ["account_id", "created_at", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_billing_contracts_account_id_name_fold_id"),
            ["account_id", "name_fold", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_billing_contracts_account_id_start_on_id"),
            ["account_id", "start_on", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_billing_contracts_created_at_id"), ["created_at", "id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_billing_contracts_name_fold_id"), ["name_fold", "id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_billing_contracts_start_on_id"), ["start_on", "id"], unique=False
        )
        batch_op.create_index(
            "uq_billing_contracts_default",
            ["account_id"],
            unique=True,
            sqlite_where=sa.text("is_default"),
            postgresql_where=sa.text("is_default"),
        )


def _create_provider_accounts() -> None:
    op.create_table(
        "provider_accounts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column(
            "provider_specific_id",
            sa.String().with_variant(sa.String(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("provider_name", sa.String(), nullable=False),
        sa.Column(
            "name_fold", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("domain", sa.String(), nullable=True),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("mapping", sa.String(length=32), nullable=False),
        sa.Column("sync_enabled", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("missing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_synced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(account_id IS NULL) = (mapping = 'UNMAPPED')",
            name=op.f("ck_provider_accounts_mapped_has_account"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_provider_accounts_account_id_accounts")
        ),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["providers.id"], name=op.f("fk_provider_accounts_provider_id_providers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_accounts")),
        sa.UniqueConstraint("id", "account_id", name=op.f("uq_provider_accounts_id_account_id")),
        sa.UniqueConstraint("id", "provider_id", name=op.f("uq_provider_accounts_id_provider_id")),
        sa.UniqueConstraint(
            "provider_id",
            "provider_specific_id",
            name=op.f("uq_provider_accounts_provider_id_provider_specific_id"),
        ),
    )


def _index_provider_accounts() -> None:
    with op.batch_alter_table("provider_accounts", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_provider_accounts_account_id_provider_id"),
            ["account_id", "provider_id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_provider_accounts_account_id_name_fold_id"),
            ["account_id", "name_fold", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_provider_accounts_created_at_id"), ["created_at", "id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_provider_accounts_name_fold_id"), ["name_fold", "id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_provider_accounts_provider_id_domain"), ["provider_id", "domain"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_provider_accounts_provider_id_id"), ["provider_id", "id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_provider_accounts_provider_id_name_fold_id"),
            ["provider_id", "name_fold", "id"],
            unique=False,
        )


def _create_provider_connections() -> None:
    op.create_table(
        "provider_connections",
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["providers.id"], name=op.f("fk_provider_connections_provider_id_providers")
        ),
        sa.PrimaryKeyConstraint("provider_id", name=op.f("pk_provider_connections")),
    )


def _create_agreements() -> None:
    op.create_table(
        "agreements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("number", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("template_id", sa.Uuid(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("provider_account_id", sa.Uuid(), nullable=True),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("status_reason", sa.String(length=32), nullable=False),
        sa.Column("template_version", sa.String(), nullable=False),
        sa.Column("agreement_link", sa.String(), nullable=True),
        sa.Column("executed_on", sa.Date(), nullable=True),
        sa.Column("created_on", sa.Date(), nullable=True),
        sa.Column("signer_first_name", sa.String(), nullable=True),
        sa.Column("signer_last_name", sa.String(), nullable=True),
        sa.Column("signer_email", sa.String(), nullable=True),
        sa.Column("signer_phone", sa.String(), nullable=True),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("origin", sa.String(length=32), nullable=False),
        sa.Column("sync_state", sa.String(length=32), nullable=False),
        sa.Column("sync_error", sa.String(), nullable=True),
        sa.Column("acceptance_url", sa.String(), nullable=True),
        sa.Column("acceptance_status", sa.String(length=32), nullable=True),
        sa.Column("acceptance_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deactivated_on", sa.Date(), nullable=True),
        sa.Column("deactivation_reason", sa.String(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column(
            "name_fold", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        *_constraints_of_agreements(),
    )


def _index_agreements() -> None:
    with op.batch_alter_table("agreements", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_agreements_account_id_created_at_id"),
            ["account_id", "created_at", "id"],
            unique=False,
        )
        batch_op.create_index(
            "ix_agreements_account_id_executed_key_id",
            ["account_id", sa.literal_column("coalesce(executed_on, '9999-12-31')"), "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_agreements_account_id_name_fold_id"),
            ["account_id", "name_fold", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_agreements_account_id_serial"), ["account_id", "serial"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_agreements_created_at_id"), ["created_at", "id"], unique=False)
        batch_op.create_index(
            "ix_agreements_executed_key_id",
            [sa.literal_column("coalesce(executed_on, '9999-12-31')"), "id"],
            unique=False,
        )
        batch_op.create_index(batch_op.f("ix_agreements_name_fold_id"), ["name_fold", "id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_agreements_origin_name_fold_id"), ["origin", "name_fold", "id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_agreements_provider_account_id_template_id"),
            ["provider_account_id", "template_id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_agreements_provider_id_name_fold_id"),
            ["provider_id", "name_fold", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_agreements_status_status_reason_name_fold_id"),
            ["status", "status_reason", "name_fold", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_agreements_sync_state_name_fold_id"),
            ["sync_state", "name_fold", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_agreements_template_id_name_fold_id"),
            ["template_id", "name_fold", "id"],
            unique=False,
        )


def _allow_one_active_agreement() -> None:
    with op.batch_alter_table("agreements", schema=None) as batch_op:
        batch_op.create_index(
            "uq_agreements_active_at_provider",
            ["provider_account_id", "template_id"],
            unique=True,
            sqlite_where=sa.text("status = 'ACTIVE' AND provider_account_id IS NOT NULL"),
            postgresql_where=sa.text("status = 'ACTIVE' AND provider_account_id IS NOT NULL"),
        )
        batch_op.create_index(
            "uq_agreements_active_elsewhere",
            ["account_id", "template_id"],
            unique=True,
            sqlite_where=sa.text("status = 'ACTIVE' AND provider_account_id IS NULL"),
            postgresql_where=sa.text("status = 'ACTIVE' AND provider_account_id IS NULL"),
        )


def _create_acceptances() -> None:
    op.create_table(
        "acceptances",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("path", sa.String(length=32), nullable=False),
        sa.Column("first_name", sa.String(), nullable=True),
        sa.Column("last_name", sa.String(), nullable=True),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("agreed_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("template_id", sa.Uuid(), nullable=False),
        sa.Column("template_version", sa.String(), nullable=False),
        sa.Column("external_ref", sa.String(), nullable=True),
        sa.Column("voided_by_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "path = 'DIRECT_AT_VENDOR' OR email IS NOT NULL", name=op.f("ck_acceptances_names_a_person")
        ),
        sa.ForeignKeyConstraint(
            ["agreement_id"], ["agreements.id"], name=op.f("fk_acceptances_agreement_id_agreements")
        ),
        sa.ForeignKeyConstraint(
            ["template_id"],
            ["agreement_templates.id"],
            name=op.f("fk_acceptances_template_id_agreement_templates"),
        ),
        sa.ForeignKeyConstraint(
            ["voided_by_id"], ["acceptances.id"], name=op.f("fk_acceptances_voided_by_id_acceptances")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_acceptances")),
    )
    with op.batch_alter_table("acceptances", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_acceptances_agreement_id_id"), ["agreement_id", "id"], unique=False
        )
        batch_op.create_index(
            "uq_acceptances_current",
            ["agreement_id"],
            unique=True,
            sqlite_where=sa.text("voided_by_id IS NULL"),
            postgresql_where=sa.text("voided_by_id IS NULL"),
        )


def _create_agreement_tags() -> None:
    op.create_table(
        "agreement_tags",
        sa.Column("billing_contract_id", sa.Uuid(), nullable=False),
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("tagged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tagged_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agreement_id", "account_id"],
            ["agreements.id", "agreements.account_id"],
            name=op.f("fk_agreement_tags_agreement_id_account_id_agreements"),
        ),
        sa.ForeignKeyConstraint(
            ["billing_contract_id", "account_id"],
            ["billing_contracts.id", "billing_contracts.account_id"],
            name=op.f("fk_agreement_tags_billing_contract_id_account_id_billing_contracts"),
        ),
        sa.PrimaryKeyConstraint("billing_contract_id", "agreement_id", name=op.f("pk_agreement_tags")),
    )
    with op.batch_alter_table("agreement_tags", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_agreement_tags_agreement_id_billing_contract_id"),
            ["agreement_id", "billing_contract_id"],
            unique=False,
        )


def _create_jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("considered", sa.Integer(), nullable=False),
        sa.Column("created", sa.Integer(), nullable=False),
        sa.Column("updated", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("dry_run", sa.Boolean(), nullable=False),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("error_code", sa.String(), nullable=True),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("requested_by", sa.String(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancel_requested_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("cursor", sa.String(), nullable=True),
        sa.Column("sealed_credentials", sa.String(), nullable=True),
        sa.Column(
            "arguments",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column("provider_id", sa.Uuid(), nullable=True),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("template_id", sa.Uuid(), nullable=True),
        sa.Column("provider_account_id", sa.Uuid(), nullable=True),
        sa.Column("agreement_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_jobs_account_id_accounts")),
        sa.ForeignKeyConstraint(
            ["agreement_id"], ["agreements.id"], name=op.f("fk_jobs_agreement_id_agreements")
        ),
        sa.ForeignKeyConstraint(
            ["provider_account_id"],
            ["provider_accounts.id"],
            name=op.f("fk_jobs_provider_account_id_provider_accounts"),
        ),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["providers.id"], name=op.f("fk_jobs_provider_id_providers")
        ),
        sa.ForeignKeyConstraint(
            ["template_id"], ["agreement_templates.id"], name=op.f("fk_jobs_template_id_agreement_templates")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
    )


def _index_jobs() -> None:
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_jobs_kind_status_id"), ["kind", "status", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_jobs_status_id"), ["status", "id"], unique=False)
        batch_op.create_index(
            "uq_jobs_unfinished_provision",
            ["provider_id", "account_id"],
            unique=True,
            sqlite_where=sa.text("kind = 'PROVISION' AND status IN ('QUEUED', 'RUNNING')"),
            postgresql_where=sa.text("kind = 'PROVISION' AND status IN ('QUEUED', 'RUNNING')"),
        )
        batch_op.create_index(
            "uq_jobs_unfinished_sync",
            ["provider_id"],
            unique=True,
            sqlite_where=sa.text("kind = 'SYNC' AND status IN ('QUEUED', 'RUNNING')"),
            postgresql_where=sa.text("kind = 'SYNC' AND status IN ('QUEUED', 'RUNNING')"),
        )


def _create_job_items() -> None:
    op.create_table(
        "job_items",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False),
        sa.Column("outcome", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("agreement_id", sa.Uuid(), nullable=True),
        sa.Column("provider_account_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["agreement_id"], ["agreements.id"], name=op.f("fk_job_items_agreement_id_agreements")
        ),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_job_items_job_id_jobs")),
        sa.ForeignKeyConstraint(
            ["provider_account_id"],
            ["provider_accounts.id"],
            name=op.f("fk_job_items_provider_account_id_provider_accounts"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_items")),
        sa.UniqueConstraint("job_id", "key", name=op.f("uq_job_items_job_id_key")),
    )
    with op.batch_alter_table("job_items", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_job_items_job_id_id"), ["job_id", "id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_job_items_job_id_outcome_id"), ["job_id", "outcome", "id"], unique=False
        )


def _constraints_of_agreements() -> list[sa.Constraint]:
    return [
        sa.CheckConstraint(
            "(status = 'ACTIVE' AND status_reason IN ('PENDING', 'ACCEPTED')) OR (status = 'INACTIVE' AND status_reason IN ('DEACTIVATED', 'WITHDRAWN', 'EXPIRED', 'SUPERSEDED'))",
            name=op.f("ck_agreements_reason_fits_status"),
        ),
        sa.CheckConstraint(
            "(status = 'INACTIVE') = (deactivated_on IS NOT NULL)",
            name=op.f("ck_agreements_inactive_has_date"),
        ),
        sa.CheckConstraint(
            "status_reason <> 'ACCEPTED' OR executed_on IS NOT NULL",
            name=op.f("ck_agreements_accepted_has_date"),
        ),
        sa.CheckConstraint(
            "(acceptance_url IS NULL) = (acceptance_status IS NULL)",
            name=op.f("ck_agreements_request_is_whole"),
        ),
        sa.CheckConstraint(
            "(signer_email IS NULL) = (signer_first_name IS NULL) AND (signer_email IS NULL) = (signer_last_name IS NULL)",
            name=op.f("ck_agreements_signer_is_whole"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_agreements_account_id_accounts")
        ),
        sa.ForeignKeyConstraint(
            ["provider_account_id", "account_id"],
            ["provider_accounts.id", "provider_accounts.account_id"],
            name=op.f("fk_agreements_provider_account_id_account_id_provider_accounts"),
        ),
        sa.ForeignKeyConstraint(
            ["provider_account_id", "provider_id"],
            ["provider_accounts.id", "provider_accounts.provider_id"],
            name=op.f("fk_agreements_provider_account_id_provider_id_provider_accounts"),
        ),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["providers.id"], name=op.f("fk_agreements_provider_id_providers")
        ),
        sa.ForeignKeyConstraint(
            ["template_id", "provider_id"],
            ["agreement_templates.id", "agreement_templates.provider_id"],
            name=op.f("fk_agreements_template_id_provider_id_agreement_templates"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreements")),
        sa.UniqueConstraint("id", "account_id", name=op.f("uq_agreements_id_account_id")),
        sa.UniqueConstraint("number", name=op.f("uq_agreements_number")),
        sa.UniqueConstraint("serial", name=op.f("uq_agreements_serial")),
    ]


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.drop_table(table)
