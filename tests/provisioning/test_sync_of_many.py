"""Two thousand customers: each comes once, and a second sync finds nothing to do."""

import time
from typing import Any

from sqlalchemy import insert
from support.contexts import utc_now
from support.factories import ADA
from support.syncing import confirmed_by, counts, tenant
from uuid_utils.compat import uuid7

from agreements_api.database import Database
from models import Account, JobStatus

CUSTOMERS = 2000
CHUNK = 500
SECONDS = 100
"""For the second sync; thirty times what it takes on a machine with nothing else to do."""


async def fill(database: Database) -> None:
    now = utc_now()
    system = {"created_at": now, "created_by": "test", "updated_at": now, "updated_by": "test", "revision": 1}
    names = [f"tenant{number}" for number in range(CUSTOMERS)]
    rows: list[dict[str, Any]] = [
        {"id": uuid7(), "name": each, "name_fold": each, "domain": f"{each}.example", **system}
        for each in names
    ]
    async with database.writes.begin() as connection:
        await connection.execute(insert(Account.__table__), [{**row, "status": "ACTIVE"} for row in rows])


async def test_two_thousand_customers_are_synced_once_and_then_left_alone(
    database, there, sync, all_of, rows
):
    await fill(database)
    tenants = [tenant(number, agreements=[confirmed_by(ADA)]) for number in range(CUSTOMERS)]
    for start in range(0, CUSTOMERS, CHUNK):
        await there.add(*tenants[start : start + CHUNK])

    job = await sync()

    assert (job.status, counts(job)) == (JobStatus.SUCCEEDED, (CUSTOMERS, CUSTOMERS, 0, 0, 0, 0))
    assert len(await there.requests()) <= 2 * CUSTOMERS + 50
    (accepted,) = await rows("select count(*) as n from agreements where status_reason = 'ACCEPTED'")
    assert accepted.n == CUSTOMERS
    places = "select id, revision, updated_at, mapping from provider_accounts order by id"
    before = await all_of("accounts", "agreements", "acceptances", "audit_events"), await rows(places)
    await there.clear_requests()
    began = time.monotonic()

    job = await sync()

    assert time.monotonic() - began < SECONDS
    assert counts(job) == (CUSTOMERS, 0, 0, CUSTOMERS, 0, 0)
    assert len(await there.requests()) <= 50
    assert before == (
        await all_of("accounts", "agreements", "acceptances", "audit_events"),
        await rows(places),
    )
