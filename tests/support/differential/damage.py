"""What no row should hold, as of a database that others have written to."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

_FIRST, _SECOND, _LAST = (
    "(SELECT id FROM {table} ORDER BY id LIMIT 1 OFFSET 2)",
    "(SELECT id FROM {table} ORDER BY id LIMIT 1 OFFSET 5)",
    "(SELECT id FROM {table} ORDER BY id DESC LIMIT 1)",
)
_ON_BOTH = (
    ("accounts", "primary_last_name = NULL", _FIRST),
    ("accounts", "address_line1 = NULL, address_city = 'x'", _SECOND),
    ("accounts", "primary_first_name = 'Only'", _LAST),
    ("agreements", "acceptance_url = 'https://x.example', acceptance_status = 'OPEN'", _FIRST),
    ("billing_contracts", "account_id = '{nowhere}'", _FIRST),
    ("documents", "size = 5000000000", _FIRST),
    ("job_items", "agreement_id = '{nowhere}'", _SECOND),
    ("provider_accounts", "provider_id = '{nowhere}'", _SECOND),
)
_ON_SQLITE = (
    ("accounts", "name = x'41'", _LAST),
    ("accounts", "revision = 'many'", _FIRST),
    ("documents", "visible_to_customer = 7", _SECOND),
    ("jobs", "created = 3000000000", _SECOND),
)
UNREADABLE_ON_SQLITE = {
    ("jobs", "status = 'BROKEN'"): "jobs { edges { node { status } } }",
    ("agreements", "executed_on = 'some day'"): "agreements { edges { node { executedOn } } }",
    ("documents", "removed_at = '2026-02-30 00:00:00'"): (
        "agreements { edges { node { documents(first: 50) { edges { node { removedAt } } } } } }"
    ),
    ("providers", "name = CAST(x'c328' AS TEXT)"): "providers { edges { node { name } } }",
    ("account_contacts", "last_name = CAST(x'c328' AS TEXT)"): (
        "accounts { edges { node { contacts { edges { node { contact { lastName } } } } } } }"
    ),
}
UNREADABLE_ON_POSTGRESQL = {
    ("jobs", "status = 'BROKEN'"): "jobs { edges { node { status } } }",
    ("agreements", "executed_on = 'infinity'"): "agreements { edges { node { executedOn } } }",
    ("billing_contracts", "start_on = '0044-03-15 BC'"): "billingContracts { edges { node { startOn } } }",
    (
        "provider_accounts",
        "missing_since = '-infinity'",
    ): "providerAccounts { edges { node { missingSince } } }",
}
"""What cannot be read at all, and the query that asks for it.

graphql-core reads whole rows, so that such a value fails also those queries that do not ask for it.
"""
_NOWHERE = "deaddeaddeaddeaddeaddeaddeaddead"


async def damage(url: str) -> None:
    """Put half-empty values, references to nothing and odd values into a filled database."""
    engine = create_async_engine(url)
    is_sqlite = engine.dialect.name == "sqlite"
    try:
        async with engine.begin() as connection:
            if not is_sqlite:  # there, a connection has to ask for foreign keys
                await connection.execute(text("SET LOCAL session_replication_role = replica"))
            for table, values, which in (*_ON_BOTH, *(_ON_SQLITE if is_sqlite else ())):
                changed = values.format(nowhere=_NOWHERE)
                await connection.execute(text(_update(table, changed, which)))
    finally:
        await engine.dispose()


async def make_unreadable(url: str) -> None:
    """Put values that cannot be read into a filled database, each into one row."""
    engine = create_async_engine(url)
    found = UNREADABLE_ON_SQLITE if engine.dialect.name == "sqlite" else UNREADABLE_ON_POSTGRESQL
    try:
        async with engine.begin() as connection:
            for table, values in found:
                await connection.execute(text(_update(table, values, _FIRST)))
    finally:
        await engine.dispose()


def _update(table: str, values: str, which: str) -> str:
    return f"UPDATE {table} SET {values} WHERE id = {which.format(table=table)}"  # noqa: S608  # ours
