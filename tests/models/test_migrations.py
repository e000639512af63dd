"""The migrations make what the models say, and lose no row on the way."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, insert, make_url, select
from uuid_utils.compat import uuid7

import models.migrations
from agreements_api.database import Database
from agreements_api.migrations import migrate
from models import Account, AccountContact, AccountStatus, Base

VERSIONS = Path(models.migrations.script_location) / "versions"

REBUILD = """
from alembic import op

revision = "9999"
down_revision = {head!r}


def upgrade():
    for table in ("accounts", "billing_contracts", "provider_accounts"):
        with op.batch_alter_table(table, recreate="always"):
            pass
"""


def differences(connection: Connection) -> list[object]:
    ours = Base.metadata.tables
    context = MigrationContext.configure(
        connection, opts={"include_object": lambda _, name, kind, *__: kind != "table" or name in ours}
    )
    return compare_metadata(context, Base.metadata)


def test_the_names_of_the_files_say_what_alembic_would() -> None:
    script = ScriptDirectory(models.migrations.script_location)

    from_first_to_last = [revision.revision for revision in script.walk_revisions()][::-1]
    assert models.migrations.revisions() == from_first_to_last
    assert script.get_heads() == from_first_to_last[-1:]


async def index_names(url: str) -> set[str]:
    """Ask the database itself: SQLAlchemy sees no index on an expression in SQLite."""
    catalogue = "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    async with Database(url) as database, database.reads.connect() as connection:
        if not database.is_sqlite:
            catalogue = "SELECT indexname FROM pg_indexes WHERE schemaname = 'public'"
        return set((await connection.exec_driver_sql(catalogue)).scalars())


@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based index")
@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
async def test_the_migrations_make_what_the_models_say(database: Database) -> None:
    async with database.reads.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_every_index_of_the_models_is_there(database_url: str) -> None:
    # a table that is rebuilt on SQLite silently loses its indexes on expressions
    meant = {str(index.name) for table in Base.metadata.tables.values() for index in table.indexes}

    assert meant <= await index_names(database_url)


async def test_an_upgrade_from_the_first_revision_keeps_every_row(
    empty_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripts = tmp_path / "migrations"
    shutil.copytree(VERSIONS.parent, scripts, ignore=shutil.ignore_patterns("000[2-9]*", "__pycache__"))
    monkeypatch.setattr(models.migrations, "script_location", str(scripts))
    await migrate(empty_database_url)
    await add_a_customer(empty_database_url)

    monkeypatch.undo()
    await migrate(empty_database_url)

    assert await customers(empty_database_url) == (1, 1)


async def test_rebuilding_tables_keeps_their_children_and_indexes(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_a_customer(database_url)
    before = await index_names(database_url)
    scripts = tmp_path / "migrations"
    shutil.copytree(VERSIONS.parent, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    head = max(path.name[:4] for path in VERSIONS.glob("[0-9]*.py"))
    (scripts / "versions" / "9999_rebuild.py").write_text(REBUILD.format(head=head))
    monkeypatch.setattr(models.migrations, "script_location", str(scripts))

    if make_url(database_url).get_backend_name() == "sqlite":  # elsewhere tables are altered in place
        await migrate(database_url)

    assert await customers(database_url) == (1, 1)
    assert await index_names(database_url) == before


async def add_a_customer(url: str) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    system = {
        "created_at": now, "created_by": "test", "updated_at": now, "updated_by": "test", "revision": 1,
    }  # fmt: skip
    account = {"id": uuid7(), "name": "Contoso", "name_fold": "contoso", "status": AccountStatus.ACTIVE}
    contact = {
        "id": uuid7(), "account_id": account["id"], "position": 1, "first_name": "Ada",
        "last_name": "Lovelace", "email": "ada@contoso.example", "email_domain": "contoso.example",
    }  # fmt: skip
    async with Database(url) as database, database.writes.begin() as connection:
        await connection.execute(insert(Base.metadata.tables["accounts"]).values(account | system))
        await connection.execute(insert(Base.metadata.tables["account_contacts"]).values(contact))


async def customers(url: str) -> tuple[int, int]:
    """Count the accounts and their contacts."""
    async with Database(url) as database, database.reads.connect() as connection:
        accounts, contacts = [
            (await connection.execute(select(func.count()).select_from(table))).scalar_one()
            for table in (Account, AccountContact)
        ]
    return accounts, contacts
