"""Drafts a migration: `python -m models.migrations URL "what it does"`, against a scratch PostgreSQL.

PostgreSQL, because SQLite cannot tell what an index on an expression is made of.
"""

import sys

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from models.migrations import script_location


def main(url: str, message: str) -> None:
    """Bring the scratch database to the newest revision, then write the difference to the models."""
    config = Config()
    config.set_main_option("script_location", script_location)
    last = ScriptDirectory.from_config(config).get_current_head() or "0000"
    with create_engine(url).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        command.revision(config, message=message, rev_id=f"{int(last) + 1:04d}", autogenerate=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
