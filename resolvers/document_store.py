"""What documents need of the outside: the file that comes, and the store that keeps it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final, Protocol

MAX_DOCUMENT_BYTES: Final = 20 * 1024 * 1024


class StoreUnavailable(Exception):
    """The store of documents did not do what it was asked; later it may."""


class NoStore(StoreUnavailable):
    """Nobody has said where documents are kept; the text says how to, also to clients."""


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

    async def check(self) -> None:
        """Raises StoreUnavailable where it is known beforehand that nothing can be put."""
        ...

    async def put(self, key: str, chunks: AsyncIterator[bytes], size: int) -> None:
        """Keep a content of this size for good; until this has returned, count on nothing."""
        ...

    def get(self, key: str) -> AsyncIterator[bytes]:
        """Give what was put there; raises Damaged when there is nothing."""
        ...

    async def delete(self, key: str) -> None:
        """Give up what is under the key, and what an interrupted `put` has left; harmless when repeated."""
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
