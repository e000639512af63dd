"""The statements that all peers ask, and the documents that they are asked."""

from functools import cache
from pathlib import Path
from typing import Literal

_HERE = Path(__file__).parent

Dialect = Literal["postgresql", "sqlite"]


@cache
def statement(name: str, dialect: Dialect) -> str:
    """A statement without its comments, which a database would read anew each time."""
    text = (_HERE / "sql" / f"{name}.{dialect}.sql").read_text("utf-8")
    return "\n".join(line for line in text.splitlines() if not line.startswith("--"))


def document(name: str) -> str:
    return (_HERE.parent / "documents" / f"{name}.graphql").read_text("utf-8")
