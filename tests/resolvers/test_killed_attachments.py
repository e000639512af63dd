"""Whenever its process is killed, a document is attached whole or not at all; the rest is swept away."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

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
    """When it is killed: once it has said this, and whether somebody keeps it from committing.

    `halts` says in which reading of the file the rest does not come.
    """

    name: str
    says: str
    halts: int = 0
    locked: bool = False
    is_attached: bool = False
    left: int = 0


MOMENTS = [
    Moment("while the file is examined", "halted", halts=1),
    Moment("while the content is stored", "halted", halts=2, left=1),
    Moment("after the content is stored, before the commit", "stored", locked=True, left=1),
    Moment("after the commit", "attached", is_attached=True),
]


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: moment.name)
async def test_a_killed_attachment_leaves_a_whole_document_or_none(
    database_url: str, tmp_path: Path, moment: Moment
) -> None:
    folder = tmp_path / "documents"
    async with Database(database_url) as database:
        context = a_context(database, documents=documents_in(folder))
        agreement = await an_agreement(context)
        async with (
            nobody_commits(database, only=moment.locked),
            attaching(database_url, folder, str(agreement.id), moment) as process,
        ):
            process.kill()
            await process.wait()

        rows = rows_of(database)
        assert len(await rows("select id from documents")) == int(moment.is_attached)
        assert len(names(folder)) == moment.left + int(moment.is_attached)
        command = NewDocument(agreement_id=agreement.id, kind=DocumentKind.SIGNED)
        document = await attach_document(context, command, Handed(CONTENT), idempotency_key=KEY)
        assert len(await rows("select id from documents")) == 1
        await verify_content(context, document.id, document.sha256)

        assert await sweep_contents(context) == 0
        later = replace(context, now=lambda: context.now() + timedelta(days=2))
        assert await sweep_contents(later) == moment.left
        assert names(folder) == [str(document.id)]


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir()) if folder.exists() else []


@asynccontextmanager
async def nobody_commits(database: Database, *, only: bool) -> AsyncIterator[None]:
    """Hold the lock that everybody needs who attaches a document."""
    if not only:
        yield
        return
    async with database.writes.connect() as connection:
        await connection.begin()  # on SQLite this is the lock
        if not database.is_sqlite:
            await connection.execute(text("LOCK TABLE documents IN SHARE MODE"))
        yield


@asynccontextmanager
async def attaching(
    url: str, folder: Path, agreement_id: str, moment: Moment
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the process until it says what it is killed at."""
    root = Path(__file__).parents[2]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "support.attach_process", url, str(folder), agreement_id, str(moment.halts),
        env={**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{root / 'tests'}"},
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        said = ""
        while said != moment.says:
            line = await process.stdout.readline()
            assert line, "it ended"
            said = line.decode().strip()
        if moment.locked:
            await until_stored(folder)
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
