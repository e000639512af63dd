"""What a page of coverage costs: what the customers are in number, never their square."""

import time
from datetime import UTC, datetime

from sqlalchemy import insert, select
from support.factories import CUSTOMER_AGREEMENT, PARTNER_CENTER
from uuid_utils.compat import uuid7

from agreements_api.database import Database
from models import (
    Account,
    AccountStatus,
    AgreementCoverage,
    ProviderAccount,
    ProviderAccountMapping,
    ProviderAccountStatus,
)

CUSTOMERS = 4_000
SLOWEST_SECONDS = 2.0
"""Many times what it takes; without an index that begins with the account it takes three times this."""


async def test_a_page_of_coverage_does_not_compare_every_customer_with_every_other(
    database: Database,
) -> None:
    await _add_customers(database)
    page = (
        select(AgreementCoverage.id)
        .where(AgreementCoverage.template_id == CUSTOMER_AGREEMENT)
        .order_by(AgreementCoverage.name_fold, AgreementCoverage.id)
        .limit(50)
    )

    began = time.monotonic()
    async with database.reads.connect() as connection:
        rows = (await connection.execute(page)).all()

    assert len(rows) == 50
    assert time.monotonic() - began < SLOWEST_SECONDS


async def _add_customers(database: Database) -> None:
    now = datetime.now(UTC)
    system = {"created_at": now, "created_by": "t", "updated_at": now, "updated_by": "t", "revision": 1}
    names = [f"customer {number:05}" for number in range(CUSTOMERS)]
    accounts = [
        {"id": uuid7(), "name": name, "name_fold": name, "status": AccountStatus.ACTIVE, **system}
        for name in names
    ]
    tenants = [
        {
            "id": uuid7(),
            "provider_id": PARTNER_CENTER,
            "provider_specific_id": str(account["id"]),
            "provider_name": account["name"],
            "name_fold": account["name_fold"],
            "account_id": account["id"],
            "mapping": ProviderAccountMapping.MANUAL,
            "sync_enabled": True,
            "status": ProviderAccountStatus.ACTIVE,
            **system,
        }
        for account in accounts
    ]
    async with database.writes.begin() as connection:
        await connection.execute(insert(Account), accounts)
        await connection.execute(insert(ProviderAccount), tenants)
