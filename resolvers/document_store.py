"""What documents need of the outside: the file that comes, and the store that keeps it."""

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

MAX_DOCUMENT_BYTES: Final = 20 * 1024 * 1024


class StoreUnavailable(Exception):
    """The store of documents did not do what it was asked; later it may."""


class Damaged(Exception):
    """What the store keeps under a key is gone, or not what was put there."""


class File(Protocol):
    """A file that somebody hands over."""

    @property
    def file_name(self) -> str: ...

    @property
    def content_type(self) -> str | None:
        """What it is said to be."""
        ...

    @property
    def size(self) -> int:
        """In bytes."""
        ...

    def chunks(self) -> AsyncIterator[bytes]:
        """The content from its begin, each time anew."""
        ...


class DocumentStore(Protocol):
    """Keeps contents by key; whatever is under a key is whole.

    Raises:
        StoreUnavailable: By any of it.
    """

    async def put(self, key: str, chunks: AsyncIterator[bytes]) -> None:
        """Keep a content for good; until this has returned nothing is under the key."""
        ...

    def get(self, key: str) -> AsyncIterator[bytes]:
        """Give what was put there; raises Damaged when there is nothing."""
        ...

    def list_older(self, than: datetime) -> AsyncIterator[str]:
        """Keys of what was put before the instant."""
        ...

    async def delete(self, keys: Collection[str]) -> None:
        """Give up what is under these keys; harmless when there is nothing."""
        ...

    async def clear_debris(self, than: datetime) -> int:
        """Give up what interrupted calls of `put` have left since before the instant, and say how much."""
        ...


@dataclass(frozen=True)
class Documents:
    """How documents are kept and given out.

    Attributes:
        store: Where their contents are.
        link_key: Signs the addresses that they are downloaded from.
        max_bytes: Of one document.
    """

    store: DocumentStore
    link_key: bytes = field(repr=False)
    max_bytes: int = MAX_DOCUMENT_BYTES
