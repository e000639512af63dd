"""How a database goes about a statement: the steps of its plan, and how much of the tables it looks at."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, event

STEPS_AT_ONCE = 25
"""Of SQLite's virtual machine, which tells of so many at a time."""


@dataclass(frozen=True)
class Look:
    """What was seen of one statement.

    Attributes:
        steps: Of the plan, outermost first: as SQLite says them, or PostgreSQL's nodes with table and index.
        effort: Steps of SQLite's virtual machine, or rows that PostgreSQL's scans came by.
        rows: What it gave.
    """

    steps: list[str]
    effort: float
    rows: list[Any]


def look(connection: Connection, statement: Select[Any]) -> Look:
    """Run the statement, with its values bound as in use: written out they could tell the planner more."""
    with _sent(connection) as sent, _counted(connection) as counted:
        rows = connection.execute(statement).all()
    [(sql, values)] = sent
    if connection.dialect.name == "sqlite":
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)
        return Look([row[3] for row in plan], counted[0], [*rows])
    explain = f"EXPLAIN (ANALYZE, FORMAT JSON, TIMING OFF, BUFFERS OFF) {sql}"
    [[plan]] = connection.exec_driver_sql(explain, values).scalars().all()
    return Look([*_steps(plan["Plan"])], _read(plan["Plan"]), [*rows])


@contextmanager
def _sent(connection: Connection) -> Iterator[list[tuple[str, Any]]]:
    """What the driver is given: text and values of each statement."""
    sent: list[tuple[str, Any]] = []

    def keep(_connection, _cursor, sql, values, _context, _many) -> None:
        sent.append((sql, values))

    event.listen(connection, "before_cursor_execute", keep)
    try:
        yield sent
    finally:
        event.remove(connection, "before_cursor_execute", keep)


@contextmanager
def _counted(connection: Connection) -> Iterator[list[int]]:
    counted = [0]

    def more() -> int:
        counted[0] += STEPS_AT_ONCE
        return 0

    if connection.dialect.name != "sqlite":
        yield counted
        return
    driver: Any = connection.connection.driver_connection
    driver.set_progress_handler(more, STEPS_AT_ONCE)
    try:
        yield counted
    finally:
        driver.set_progress_handler(None, 0)


def _steps(node: Mapping[str, Any]) -> Iterator[str]:
    known = (node.get(key, "") for key in ("Node Type", "Relation Name", "Index Name"))
    yield " ".join(filter(None, known))
    for part in node.get("Plans", []):
        yield from _steps(part)


def _read(node: Mapping[str, Any]) -> float:
    """Rows that the scans have read, those included that they passed over."""
    inner = sum(map(_read, node.get("Plans", [])))
    if "Relation Name" not in node:
        return inner
    passed = sum(node.get(f"Rows Removed by {reason}", 0) for reason in ("Filter", "Index Recheck"))
    return inner + node["Actual Loops"] * (node["Actual Rows"] + passed)
