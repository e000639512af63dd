"""A process that attaches a document until it is killed.

python -m support.attach_process URL FOLDER AGREEMENT HALTS
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from support.contexts import a_context
from support.documents import Handed, a_pdf

from agreements_api.database import Database
from agreements_api.document_store import Folder
from models import DocumentKind
from resolvers.document_store import Documents
from resolvers.documents import NewDocument, attach_document

KEY = "the one"
CONTENT = a_pdf(1, size=12_000_000)
"""Long enough for the store to have written some of it before it has all."""


@dataclass(frozen=True)
class Halting(Handed):
    """A file of which the rest only comes when it is told so, as it is read for this time; 0 for never."""

    halts: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "_times", [0])

    async def chunks(self) -> AsyncIterator[bytes]:
        times: list[int] = self.__dict__["_times"]
        times[0] += 1
        taken = 0
        async for chunk in super().chunks():
            taken += len(chunk)
            if times[0] == self.halts and taken > self.size // 2 + 3_000_000:
                print("halted", flush=True)  # noqa: T201  # the parent waits for it
                await asyncio.to_thread(sys.stdin.readline)
                taken = 0
            yield chunk


def documents_in(folder: Path) -> Documents:
    return Documents(Folder(folder), b"a key of the tests")


async def main(url: str, folder: str, agreement_id: str, halts: str) -> None:
    async with Database(url) as database:
        context = a_context(database, documents=documents_in(Path(folder)))
        command = NewDocument(agreement_id=UUID(agreement_id), kind=DocumentKind.SIGNED)
        await attach_document(context, command, Halting(CONTENT, halts=int(halts)), idempotency_key=KEY)
        print("attached", flush=True)  # noqa: T201  # the parent waits for it
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
