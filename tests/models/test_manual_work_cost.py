"""The list of manual work is read from indexes that hold little else, however many agreements there are."""

from typing import Any

import pytest
from sqlalchemy import Select, select
from sqlalchemy.orm import aliased

from agreements_api.database import Database
from models import Agreement, ProviderAccount
from models.criteria import awaiting_manual_work, place_awaiting_manual_work


@pytest.mark.parametrize(
    ("alias", "condition", "indexes"),
    [
        (
            aliased(Agreement),
            awaiting_manual_work,
            {
                "ix_agreements_pending_at",
                "ix_agreements_sync_state_id",
                "ix_agreements_unanswered",
                "ix_agreements_provisioned_by_hand",
            },
        ),
        (
            aliased(ProviderAccount),
            place_awaiting_manual_work,
            {"ix_provider_accounts_unmapped", "ix_provider_accounts_missing"},
        ),
    ],
    ids=["agreements", "provider accounts"],
)
async def test_each_reason_has_an_index(database: Database, alias, condition, indexes: set[str]) -> None:
    steps = await plan(database, select(alias.id).where(condition(alias, value=True)))

    assert {name for name in indexes if any(name in step for step in steps)} == indexes
    assert not any(step.startswith(("SCAN agreements", "Seq Scan")) for step in steps)


async def plan(database: Database, statement: Select[Any]) -> list[str]:
    """Give the steps of the plan.

    On empty tables PostgreSQL would read them whole, or the first index at hand: it shows which index holds
    least when it may not.
    """
    explain = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"
    async with database.reads.connect() as connection:
        if not database.is_sqlite:
            for way in ("enable_seqscan", "enable_indexscan"):
                await connection.exec_driver_sql(f"SET LOCAL {way} = off")
        sql = statement.compile(connection.engine, compile_kwargs={"literal_binds": True})
        rows = await connection.exec_driver_sql(f"{explain} {sql}")
        return [str(row[-1]).strip(" ->") for row in rows]
