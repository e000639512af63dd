"""Seed the two providers and the two Microsoft templates that exist from the start.

Data only: rows that a user could have made, with ids of their own so that every database has the same.
"""

from datetime import UTC, datetime
from uuid import UUID

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_AT = datetime(2026, 1, 1, tzinfo=UTC)
_SYSTEM = {
    "created_at": _AT,
    "created_by": "system",
    "updated_at": _AT,
    "updated_by": "system",
    "revision": 1,
}
_PARTNER_CENTER = UUID("0198f3c0-0000-7000-8000-000000000001")
_MANUAL = UUID("0198f3c0-0000-7000-8000-000000000002")
_CUSTOMER_AGREEMENT = UUID("0198f3c0-0000-7000-8000-000000000011")
_CLOUD_AGREEMENT = UUID("0198f3c0-0000-7000-8000-000000000012")

_providers = sa.table(
    "providers",
    *(sa.column(name) for name in ("name", "name_fold", "kind", "connector", "role", "status")),
    *(
        sa.column(name, sa.Boolean)
        for name in ("customer_sync", "customer_creation", "agreement_confirmation", "agreement_sync")
    ),
    sa.column("id", sa.Uuid),
    *(sa.column(name, sa.DateTime(timezone=True)) for name in ("created_at", "updated_at")),
    *(sa.column(name) for name in ("created_by", "updated_by", "revision")),
)
_templates = sa.table(
    "agreement_templates",
    *(sa.column(name, sa.Uuid) for name in ("id", "provider_id")),
    *(sa.column(name) for name in ("name", "name_fold", "template_id", "version", "kind", "status")),
    *(sa.column(name) for name in ("agreement_link", "created_by", "updated_by", "revision")),
    *(sa.column(name, sa.Boolean) for name in ("display_inline", "is_default")),
    *(sa.column(name, sa.DateTime(timezone=True)) for name in ("created_at", "updated_at")),
)
_words = sa.table("search_words", sa.column("kind"), sa.column("word"), sa.column("entity_id", sa.Uuid))
_counters = sa.table("counters", sa.column("name"), sa.column("value"))


def upgrade() -> None:
    op.bulk_insert(
        _providers,
        [
            _provider(_PARTNER_CENTER, "Microsoft Partner Center", automatic=True),
            _provider(_MANUAL, "Manual Provider", automatic=False),
        ],
    )
    op.bulk_insert(
        _templates,
        [
            _template(
                _CUSTOMER_AGREEMENT,
                "Microsoft Customer Agreement",
                "117a77b0-9360-443b-8795-c6dedc750cf9",
                "ACTIVE",
                "https://aka.ms/customeragreement",
            ),
            # Microsoft takes no new ones: it is here for the agreements that customers still have.
            _template(
                _CLOUD_AGREEMENT,
                "Microsoft Cloud Agreement",
                "998b88de-aa99-4388-a42c-1b3517d49490",
                "INACTIVE",
                "https://docs.microsoft.com/partner-center/agreements",
            ),
        ],
    )
    op.bulk_insert(_words, _template_words())
    op.bulk_insert(_counters, [{"name": "agreements", "value": 0}])


def downgrade() -> None:
    for table, column in (
        (_words, _words.c.entity_id),
        (_templates, _templates.c.id),
        (_providers, _providers.c.id),
    ):
        op.execute(
            table.delete().where(
                column.in_([_PARTNER_CENTER, _MANUAL, _CUSTOMER_AGREEMENT, _CLOUD_AGREEMENT])
            )
        )
    op.execute(_counters.delete())


def _provider(provider_id: UUID, name: str, *, automatic: bool) -> dict[str, object]:
    capabilities = ("customer_sync", "customer_creation", "agreement_confirmation", "agreement_sync")
    return {
        "id": provider_id,
        "name": name,
        "name_fold": name.casefold(),
        "kind": "AUTOMATIC" if automatic else "MANUAL",
        "connector": "PARTNER_CENTER" if automatic else "NONE",
        "role": "VENDOR" if automatic else "PARTNER",
        "status": "ACTIVE",
        **dict.fromkeys(capabilities, automatic),
        **_SYSTEM,
    }


def _template(template: UUID, name: str, template_id: str, status: str, link: str) -> dict[str, object]:
    return {
        "id": template,
        "provider_id": _PARTNER_CENTER,
        "name": name,
        "name_fold": name.casefold(),
        "template_id": template_id,
        "version": "1",
        "kind": name.upper().replace(" ", "_"),
        "status": status,
        "agreement_link": link,
        "display_inline": False,
        "is_default": True,
        **_SYSTEM,
    }


def _template_words() -> list[dict[str, object]]:
    words = {
        _CUSTOMER_AGREEMENT: "microsoft customer agreement 117a77b0 9360 443b 8795 c6dedc750cf9",
        _CLOUD_AGREEMENT: "microsoft cloud agreement 998b88de aa99 4388 a42c 1b3517d49490",
    }
    return [
        {"kind": "AgreementTemplate", "word": word, "entity_id": template}
        for template, text in words.items()
        for word in text.split()
    ]
