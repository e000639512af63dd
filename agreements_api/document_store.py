"""Where the contents of documents are kept: a folder, or a bucket of an object store."""

import asyncio
import os
import re
from collections.abc import AsyncIterator, Callable, Collection, Generator
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Final

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url

from agreements_api.database import database_url
from agreements_api.errors import InvalidSettings
from agreements_api.settings import Settings
from resolvers.document_store import Damaged, StoreUnavailable

_READ_BYTES: Final = 64 * 1024
_PART_BYTES: Final = 5 * 1024 * 1024
"""Of an upload to a bucket; what is shorter goes in one request."""
_DEBRIS = re.compile(r".+#\d+")
"""How the store names what it is still writing into a folder; it does not list these."""


class Bucket:
    """Keeps contents in an object store.

    Args:
        opened: Opens it, when it is first used.
    """

    def __init__(self, opened: Callable[[], ObjectStore]) -> None:
        self._open = opened

    @cached_property
    def _store(self) -> ObjectStore:
        return self._open()

    async def put(self, key: str, chunks: AsyncIterator[bytes]) -> None:
        with _translated():
            await obstore.put_async(
                self._store, key, chunks, chunk_size=_PART_BYTES, max_concurrency=1, use_multipart=True
            )

    async def get(self, key: str) -> AsyncIterator[bytes]:
        with _translated():
            try:
                found = await obstore.get_async(self._store, key)
            except FileNotFoundError as error:
                raise Damaged(f"Nothing is stored under {key}.") from error
            async for chunk in found.stream(min_chunk_size=_READ_BYTES):
                for at in range(0, len(chunk), _READ_BYTES):  # some stores give it in one piece
                    yield bytes(chunk[at : at + _READ_BYTES])

    async def list_older(self, than: datetime) -> AsyncIterator[str]:
        with _translated():
            async for batch in obstore.list(self._store):  # pyright: ignore[reportUnknownMemberType]  # Arrow, which is not asked for
                for each in batch:
                    if each["last_modified"] < than:
                        yield each["path"]

    async def delete(self, keys: Collection[str]) -> None:
        for key in keys:
            with _translated():
                try:
                    await obstore.delete_async(self._store, key)
                except FileNotFoundError:
                    continue

    async def clear_debris(self, than: datetime) -> int:
        return 0  # of a bucket that is its own rule for incomplete uploads


class Folder(Bucket):
    """Keeps contents as files of a folder, which is made when there is something to keep."""

    def __init__(self, path: Path) -> None:
        super().__init__(self._made)
        self._path = path

    def _made(self) -> ObjectStore:
        self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
        return LocalStore(self._path)

    async def put(self, key: str, chunks: AsyncIterator[bytes]) -> None:
        await super().put(key, chunks)
        with _translated():
            await asyncio.to_thread(self._outlive_a_power_cut, key)

    async def list_older(self, than: datetime) -> AsyncIterator[str]:
        if self._path.exists():
            async for key in super().list_older(than):
                yield key

    async def clear_debris(self, than: datetime) -> int:
        with _translated():
            return await asyncio.to_thread(self._clear_debris, than.timestamp())

    def _outlive_a_power_cut(self, key: str) -> None:
        """Bring the file and its name to the disk: the database is as sure of its row."""
        for path in (self._path / key, self._path):
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def _clear_debris(self, before: float) -> int:
        found = [path for path in self._path.glob("*#*") if _DEBRIS.fullmatch(path.name)]
        old = [path for path in found if path.stat().st_mtime < before]
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)


def open_document_store(settings: Settings) -> Bucket:
    """Open the store that is set, or the folder beside the database; nothing is touched before it is used.

    Raises:
        InvalidSettings: The bucket cannot be used as it is set.
    """
    url = settings.documents_url
    if url is not None and "://" in url:
        try:
            store = from_url(url)
        except BaseError:  # its text may show what was set
            hint = "Does it name a bucket, and are its account and credentials in the environment?"
            raise InvalidSettings("AGREEMENTS_DOCUMENTS_URL cannot be used.", hint=hint) from None
        return Bucket(lambda: store)
    if url is not None:
        return Folder(Path(url))
    database = Path(database_url(settings.database_url).database or "agreements")
    return Folder(database.with_name(f"{database.stem}-documents"))


@contextmanager
def _translated() -> Generator[None]:
    try:
        yield
    except (BaseError, OSError) as error:
        raise StoreUnavailable(f"The store of documents failed: {type(error).__name__}.") from error
