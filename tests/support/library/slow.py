"""Ways to take long, in a resolver and in the database; both tell when they were given up."""

import asyncio
import time
from typing import Any

from sqlalchemy import Boolean, ColumnElement
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

BEGUN: list[float] = []
"""When sleeping resolvers began, on the monotonic clock; a test clears it first."""
GIVEN_UP: list[float] = []
"""When sleeping resolvers were cancelled, on the monotonic clock; a test clears it first."""


class TakesMinutes(FunctionElement[bool]):
    """A condition that a database is busy with for minutes."""

    type = Boolean()
    inherit_cache = True


@compiles(TakesMinutes)
def _count(_element: Any, _compiler: Any, **_options: Any) -> str:
    return (
        "((WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000)"
        " SELECT count(*) FROM n) > 0)"
    )


@compiles(TakesMinutes, "postgresql")
def _sleep(_element: Any, _compiler: Any, **_options: Any) -> str:
    return "(pg_sleep(120) IS NULL)"


def takes_minutes(_alias: Any, value: Any) -> ColumnElement[bool] | None:
    return TakesMinutes() if value else None


async def nap(seconds: float) -> str:
    BEGUN.append(time.monotonic())
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        GIVEN_UP.append(time.monotonic())
        raise
    return "rested"
