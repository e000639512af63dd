"""Alembic's entry: runs revisions on the connection that the caller opened and will commit.

The connection must not enforce foreign keys on SQLite: a batch rebuild drops the old table, and with
enforcement on that would delete the rows which refer to it.
"""

from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Enum

import models
from models.base import UtcDateTime


def include_object(_object: object, name: str | None, kind: str, *_: object) -> bool:
    """Leave out what is no table of ours: the job engine keeps its own beside them."""
    return kind != "table" or name in models.Base.metadata.tables


def render_item(kind: str, item: object, _context: AutogenContext) -> str | Literal[False]:
    """Write plain column types, so that a revision never imports what later versions change."""
    if kind == "type" and isinstance(item, Enum):
        return f"sa.String(length={item.length})"
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=models.Base.metadata,
    include_object=include_object,
    render_item=render_item,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
