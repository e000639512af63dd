"""Looks for secrets in whatever a run has left behind, as they are and in Base64."""

import base64
import re

from sqlalchemy import inspect, make_url, text

from agreements_api.database import Database

RUN = re.compile(rb"[A-Za-z0-9+/_=-]{12,}")


def readings(content: bytes) -> bytes:
    """The content as it is, and whatever stands in it in Base64 of either alphabet, cut anywhere."""
    found = [content]
    for run in RUN.findall(content):
        plain = run.translate(bytes.maketrans(b"-_", b"+/")).replace(b"=", b"")
        found += [
            base64.b64decode(cut + b"=" * (-len(cut) % 4))
            for offset in range(4)
            if len(cut := plain[offset:]) % 4 != 1
        ]
    return b"\n".join(found)


async def everything_stored(database: Database) -> bytes:
    """Every byte of an SQLite database and its log, or every row of every PostgreSQL table."""
    url = make_url(database.url)
    if url.get_backend_name() == "sqlite":
        files = [f"{url.database}{end}" for end in ("", "-wal", "-shm")]
        contents = []
        for name in files:
            with open(name, "rb") as file:  # noqa: ASYNC230, PTH123  # a few megabytes
                contents.append(file.read())
        return b"\n".join(contents)
    async with database.reads.connect() as connection:
        tables = await connection.run_sync(
            lambda sync: [(s, t) for s in ("public", "dbos") for t in inspect(sync).get_table_names(schema=s)]
        )
        rows = [
            row
            for schema, table in tables
            for row in await connection.execute(text(f'select t::text from "{schema}"."{table}" t'))  # noqa: S608  # our names
        ]
    return "\n".join(str(row[0]) for row in rows).encode()
