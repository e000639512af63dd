"""The content of one file between its arrival and its use: short ones in memory, others on disk."""

import asyncio
import os
import threading
from collections.abc import AsyncGenerator
from tempfile import TemporaryFile
from typing import IO, Final

IN_MEMORY_BYTES: Final = 64 * 1024
_WRITE_BYTES: Final = 256 * 1024
"""How much is gathered for one visit to a thread."""


class Spool:
    """Takes bytes in order, then gives them as often as asked; the disk is only touched off the event loop.

    On disk it has no name from the start, so that nothing is left of it when the process is killed.
    """

    def __init__(self) -> None:
        self.size = 0
        self._waiting = bytearray()
        self._file: IO[bytes] | None = None
        self._closed = False
        # A cancelled task leaves its thread running: whoever comes next waits for it.
        self._lock = threading.Lock()

    def take(self, data: bytes | memoryview) -> None:
        """Keep some bytes; await `settle` before there are many."""
        self._waiting += data
        self.size += len(data)

    async def settle(self, *, complete: bool = False) -> None:
        """Move to disk what should not stay in memory; with `complete` the rest of what is there, too."""
        limit = IN_MEMORY_BYTES if self._file is None else 0 if complete else _WRITE_BYTES
        if len(self._waiting) > limit:
            waiting, self._waiting = self._waiting, bytearray()
            await asyncio.to_thread(self._write, waiting)

    async def chunks(self, size: int) -> AsyncGenerator[bytes]:
        """Give the content from its begin, at most so many bytes at a time.

        Raises:
            ValueError: The spool is closed.
        """
        for at in range(0, self.size, size):
            if self._file is None:
                yield self._held(at, size)
            else:
                yield await asyncio.to_thread(self._read, at, size)

    async def close(self) -> None:
        """Give the content up; harmless when repeated."""
        if self._file is None:
            self._close()
        else:  # to give back many megabytes takes the disk its time
            await asyncio.to_thread(self._close)

    def _held(self, at: int, size: int) -> bytes:
        self._require_open()
        return bytes(self._waiting[at : at + size])

    def _write(self, data: bytearray) -> None:
        with self._lock:
            if self._closed:
                return
            if self._file is None:
                self._file = TemporaryFile(buffering=0)  # noqa: SIM115  # closed by `close`
            rest = memoryview(data)
            while rest:
                rest = rest[self._file.write(rest) :]

    def _read(self, at: int, size: int) -> bytes:
        """Read one piece; at its own place, since several may read at once."""
        with self._lock:
            self._require_open()
            assert self._file is not None  # noqa: S101  # it is on disk
            return os.pread(self._file.fileno(), size, at)

    def _close(self) -> None:
        with self._lock:
            self._closed = True
            self._waiting = bytearray()
            if self._file is not None:
                self._file.close()

    def _require_open(self) -> None:
        if self._closed:
            raise ValueError("The file has gone with the request that brought it.")
