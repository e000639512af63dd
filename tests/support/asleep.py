"""Statements that would sleep for minutes, unless somebody ends them."""

import asyncio

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine


async def statements_asleep(engine: AsyncEngine, seconds: float) -> list[str]:
    """Those that PostgreSQL does not end in so many seconds; SQLite's run in threads of this process."""
    if engine.dialect.name != "postgresql":
        return []
    found = text(
        "SELECT query FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"
    )
    async with engine.connect() as connection:
        for _ in range(int(seconds * 100)):
            rows = (await connection.execute(found)).scalars().all()
            if not rows:
                break
            await asyncio.sleep(0.01)
    return list(rows)
