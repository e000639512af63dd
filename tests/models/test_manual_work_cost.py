"""The list of manual work is read from indexes that hold little else, however many agreements there are.

Seen on SQLite, which plans without statistics; PostgreSQL chooses by what is in its tables.
"""

import pytest
from sqlalchemy import select
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
                "ix_agreements_sync_state_name_fold_id",
                "ix_agreements_unanswered",
                "ix_agreements_provisioned_by_hand",
            },
        ),
        (aliased(ProviderAccount), place_awaiting_manual_work, {"ix_provider_accounts_missing"}),
    ],
    ids=["agreements", "provider accounts"],
)
async def test_each_reason_has_an_index(database: Database, alias, condition, indexes: set[str]) -> None:
    if not database.is_sqlite:
        return
    statement = select(alias.id).where(condition(alias, value=True))

    async with database.reads.connect() as connection:
        sql = statement.compile(connection.engine, compile_kwargs={"literal_binds": True})
        plan = [str(row[-1]) for row in await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}")]

    assert {name for name in indexes if any(name in step for step in plan)} == indexes
    assert not any(step.startswith("SCAN agreements") for step in plan)
