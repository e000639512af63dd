"""Whenever its process is killed, a document is attached whole or not at all; the rest is swept away."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text
from support.attach_process import CONTENT, KEY, documents_in
from support.contexts import a_context, rows_of
from support.documents import Handed
from support.factories import an_agreement
from support.jobs import until

from agreements_api.database import Database
from models import DocumentKind
from resolvers.documents import NewDocument, attach_document, sweep_contents, verify_content


@dataclass(frozen=True)
class Moment:
    """When it is killed: once it has said this, or then went on until somebody keeps it from committing.

    `halts` says in which reading of the file the rest does not come before it is told so.
    """

    name: str
    says: str
    halts: int = 0
    locked: bool = False
    is_attached: bool = False
    is_begun: bool = False


MOMENTS = [
    Moment("while the file is examined", "halted", halts=1),
    Moment("while the content is stored", "halted", halts=2, is_begun=True),
    Moment("after the content is stored, before the commit", "halted", halts=2, locked=True, is_begun=True),
    Moment("after the commit", "attached", is_attached=True),
]


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: moment.name)
async def test_a_killed_attachment_leaves_a_whole_document_or_none(
    database_url: str, tmp_path: Path, moment: Moment
) -> None:
    folder = tmp_path / "documents"
    folder.mkdir(mode=0o700)
    async with Database(database_url) as database:
        context = a_context(database, documents=documents_in(folder))
        agreement = await an_agreement(context)
        async with attaching(database_url, folder, str(agreement.id), moment) as process:
            if moment.locked:
                await kill_before_the_commit(process, database, folder)
            if process.returncode is None:
                process.kill()
                await process.wait()

        rows = rows_of(database)
        assert len(await rows("select id from documents")) == int(moment.is_attached)
        left = await rows("select id from document_uploads")
        assert len(left) == int(moment.is_begun)
        assert len(names(folder)) == len(left) + int(moment.is_attached)
        assert all(name.startswith(str(UUID(str(row.id)))) for row in left for name in names(folder))
        command = NewDocument(agreement_id=agreement.id, kind=DocumentKind.SIGNED)
        document = await attach_document(context, command, Handed(CONTENT), idempotency_key=KEY)
        assert len(await rows("select id from documents")) == 1
        await verify_content(context, document.id, document.sha256)

        assert await sweep_contents(context) == 0
        later = replace(context, now=lambda: context.now() + timedelta(days=2))
        assert await sweep_contents(later) == len(left)
        assert await rows("select id from document_uploads") == []
        assert names(folder) == [str(document.id)]


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


async def kill_before_the_commit(
    process: asyncio.subprocess.Process, database: Database, folder: Path
) -> None:
    """Hold the lock that everybody needs who attaches a document; then let the content be stored."""
    async with database.writes.connect() as connection:
        await connection.begin()  # on SQLite this is the lock
        if not database.is_sqlite:
            await connection.execute(text("LOCK TABLE documents IN SHARE MODE"))
        assert process.stdin is not None
        process.stdin.write(b"go on\n")
        await process.stdin.drain()
        await until_stored(folder)
        process.kill()
        await process.wait()


@asynccontextmanager
async def attaching(
    url: str, folder: Path, agreement_id: str, moment: Moment
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the process until it says what it is killed at."""
    root = Path(__file__).parents[2]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "support.attach_process", url, str(folder), agreement_id, str(moment.halts),
        env={**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{root / 'tests'}"},
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        said = ""
        while said != moment.says:
            line = await process.stdout.readline()
            assert line, "it ended"
            said = line.decode().strip()
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def until_stored(folder: Path) -> None:
    """Wait until the content has its name: its process then waits for the lock, or is about to."""

    async def has_its_name() -> bool:
        return any("#" not in name for name in names(folder))

    await until(has_its_name)
