"""Where the contents of documents are kept: a folder, or a bucket of an object store.

The library is loaded at the first use: 5 MB, which many a process never needs.
"""

import asyncio
import glob
import os
import stat
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import contextmanager
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from agreements_api.database import database_url
from agreements_api.errors import InvalidSettings, StartupError
from agreements_api.logs import get_logger
from agreements_api.settings import Settings
from resolvers.document_store import Damaged, DocumentStore, NoStore, StoreUnavailable

if TYPE_CHECKING:
    from obstore.store import LocalStore, ObjectStore, RetryConfig

_READ_BYTES: Final = 64 * 1024
_PART_BYTES: Final = 5 * 1024 * 1024
"""Of an upload in parts; what is no longer than one is stored by one request."""
_CLOSING_SECONDS: Final = 5.0
# A request does not wait much longer than this, and the bucket's own library would for minutes.
_RETRIES: "RetryConfig" = {"max_retries": 3, "retry_timeout": timedelta(seconds=20)}


_log = get_logger(__name__)


class Bucket:
    """Keeps contents in an object store.

    Args:
        opened: Opens it, when it is first used.
    """

    def __init__(self, opened: "Callable[[], ObjectStore]") -> None:
        self._open = opened
        self._breaking_off: set[asyncio.Future[Any]] = set()

    @cached_property
    def _store(self) -> "ObjectStore":
        return self._open()

    async def check(self) -> None:
        """Nothing is known of a bucket before it is asked."""

    async def put(self, key: str, chunks: AsyncIterator[bytes], size: int) -> None:
        source = _Source(chunks)
        with _translated():
            upload = asyncio.ensure_future(
                self._store.put_async(
                    key, source.chunks(),
                    chunk_size=_PART_BYTES, max_concurrency=1, use_multipart=size > _PART_BYTES,
                )
            )  # fmt: skip
            try:
                await asyncio.shield(upload)
            except asyncio.CancelledError:
                # Dropped, it would leave its parts in the bucket; when its source fails, it deletes them.
                source.break_off()
                self._breaking_off.add(upload)
                upload.add_done_callback(self._breaking_off.discard)
                raise

    async def get(self, key: str) -> AsyncIterator[bytes]:
        with _translated():
            try:
                found = await self._store.get_async(key)
            except FileNotFoundError as error:
                raise Damaged(f"Nothing is stored under {key}.") from error
            async for chunk in found.stream(min_chunk_size=_READ_BYTES):
                for at in range(0, len(chunk), _READ_BYTES):  # some stores give it in one piece
                    yield bytes(chunk[at : at + _READ_BYTES])

    async def delete(self, key: str) -> None:
        with _translated():
            try:
                await self._store.delete_async(key)
            except FileNotFoundError:
                return

    async def close(self) -> None:
        """Wait a little for uploads that are being broken off."""
        if self._breaking_off:
            _, late = await asyncio.wait(self._breaking_off, timeout=_CLOSING_SECONDS)
            for each in late:
                each.cancel()


class Folder(Bucket):
    """Keeps contents as files of a folder that is closed to others.

    Args:
        path: Where it is.
        made: Whether it is made when there is something to keep; one that is elsewhere may only be away for
            a while, and what was kept in its place would be out of sight once it is back.
    """

    def __init__(self, path: Path, *, made: bool = False) -> None:
        self._path, self._made = path.absolute(), made
        super().__init__(self._opened)

    async def check(self) -> None:
        with _translated():
            await asyncio.to_thread(self._check)

    async def put(self, key: str, chunks: AsyncIterator[bytes], size: int) -> None:
        with _translated():
            await asyncio.to_thread(self._make)
        await super().put(key, chunks, size)
        with _translated():
            await asyncio.to_thread(self._settle, key)

    async def get(self, key: str) -> AsyncIterator[bytes]:
        await self.check()
        async for chunk in super().get(key):
            yield chunk

    async def delete(self, key: str) -> None:
        if self._made and not self._path.exists():
            return
        with _translated():
            await asyncio.to_thread(self._delete, key)

    def _opened(self) -> "LocalStore":
        from obstore.store import LocalStore  # noqa: PLC0415 -- see above

        return LocalStore(self._path)

    def refuse_if_open(self) -> None:
        """Raises StartupError if everybody on this machine may look into the folder."""
        try:
            refused = self._path.is_dir() and _is_open(self._path)
        except OSError:
            return  # whoever uses it is told
        if refused:
            raise StartupError(
                f"Everybody on this machine may look into the folder of documents, {self._path}.",
                hint=f"chmod 700 {self._path}",
            )

    def _check(self) -> None:
        if self._made and not self._path.exists():
            return
        if not self._path.is_dir():
            raise StoreUnavailable(f"The folder of documents, {self._path}, is not there.")
        if _is_open(self._path):
            raise StoreUnavailable(f"Everybody on this machine may look into {self._path}.")

    def _make(self) -> None:
        if self._made and not self._path.exists():
            self._path.mkdir(mode=0o700, exist_ok=True)
            _bring_to_disk(self._path.parent)

    def _settle(self, key: str) -> None:
        """Close the file to others; bring it and its name to the disk: the database is as sure of its row."""
        (self._path / key).chmod(0o600)
        _bring_to_disk(self._path / key)
        _bring_to_disk(self._path)

    def _delete(self, key: str) -> None:
        if not self._path.is_dir():
            raise StoreUnavailable(f"The folder of documents, {self._path}, is not there.")
        (self._path / key).unlink(missing_ok=True)
        for unfinished in self._path.glob(f"{glob.escape(key)}#*"):  # as the library names what it writes
            unfinished.unlink(missing_ok=True)


class Nowhere:
    """The store of whoever has not said where documents are kept: nothing can be put there."""

    async def check(self) -> None:
        self._refuse()

    async def put(self, key: str, chunks: AsyncIterator[bytes], size: int) -> None:
        self._refuse()

    async def get(self, key: str) -> AsyncIterator[bytes]:
        self._refuse()
        yield b""

    async def delete(self, key: str) -> None:
        self._refuse()

    async def close(self) -> None:
        """There is nothing to close."""

    def _refuse(self) -> NoReturn:
        raise NoStore(NOT_SET)


NOT_SET: Final = (
    "AGREEMENTS_DOCUMENTS_URL is not set: with PostgreSQL it must say where documents are kept, such as"
    " s3://bucket/path or a folder that all machines share."
)


class _Source:
    """The chunks of a content, until it is broken off."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks, self._broken_off = chunks, False

    def break_off(self) -> None:
        self._broken_off = True

    async def chunks(self) -> AsyncIterator[bytes]:
        async for chunk in self._chunks:
            if self._broken_off:
                raise StoreUnavailable("Nobody waits for it any more.")
            yield chunk
        if self._broken_off:
            raise StoreUnavailable("Nobody waits for it any more.")


def open_document_store(settings: Settings) -> Bucket | Nowhere:
    """Open the store that is set, or the folder beside an SQLite file; nothing is made before it is used.

    Raises:
        InvalidSettings: The bucket cannot be used as it is set.
        StartupError: The folder is open to others.
    """
    url, database = settings.documents_url, database_url(settings.database_url)
    if url is not None and "://" in url:
        return _bucket(url)
    if url is not None:
        folder = Folder(Path(url))
    elif database.get_backend_name() == "sqlite" and database.database is not None:
        beside = Path(database.database)
        folder = Folder(beside.with_name(f"{beside.name}.documents"), made=True)
    else:
        return Nowhere()
    folder.refuse_if_open()
    return folder


def warn_of_nowhere(store: DocumentStore) -> None:
    """Say in the log that no documents can be attached, if they cannot."""
    if isinstance(store, Nowhere):
        _log.warning(NOT_SET)


def _bucket(url: str) -> Bucket:
    from obstore.exceptions import BaseError  # noqa: PLC0415 -- see above
    from obstore.store import from_url  # noqa: PLC0415 -- the same

    try:
        store = from_url(url, retry_config=_RETRIES)
    except BaseError:  # its text may show what was set
        hint = "Does it name a bucket, and are its account and credentials in the environment?"
        raise InvalidSettings("AGREEMENTS_DOCUMENTS_URL cannot be used.", hint=hint) from None
    return Bucket(lambda: store)


def _is_open(folder: Path) -> bool:
    # Its group may look into it: volumes mounted for a group of their own come like that.
    return bool(folder.stat().st_mode & stat.S_IRWXO)


def _bring_to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _translated() -> Generator[None]:
    from obstore.exceptions import BaseError  # noqa: PLC0415 -- see above

    try:
        yield
    except (BaseError, OSError) as error:
        raise StoreUnavailable(f"The store of documents failed: {type(error).__name__}.") from error
