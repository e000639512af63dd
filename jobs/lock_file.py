"""The lock beside an SQLite file: one process at a time does its jobs."""

import os
import sys
from pathlib import Path

from jobs.errors import AlreadyRunning


class LockFile:
    """One process for the SQLite file: the operating system holds the lock and drops it with the process.

    Work that it leaves behind is recorded under a fixed name, so the next process to start goes on with it.
    """

    executor = "local"

    def __init__(self, database: str) -> None:
        self._path = Path(f"{database}.jobs-lock")
        self._file: int | None = None

    def holder(self) -> str | None:
        """The id of the process that has it, `unknown` where it cannot be read; None if nobody has."""
        try:
            file = os.open(self._path, os.O_RDWR)
        except OSError:
            return None
        try:
            _lock(file, alone=False)
        except OSError:
            return _named_in(file)
        finally:
            os.close(file)
        return None

    async def take(self) -> None:
        file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock(file)
        except OSError:
            holder = _named_in(file)
            os.close(file)
            raise AlreadyRunning(
                f"Process {holder} runs the jobs of this database ({self._path} is locked)."
            ) from None
        os.ftruncate(file, 0)
        os.write(file, str(os.getpid()).encode())
        self._file = file

    async def keep(self) -> None:
        """Nothing to do: the lock lasts as long as the process."""

    async def release(self) -> None:
        """Leave the file in place: who removes a lock file can remove another process's."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _named_in(file: int) -> str:
    return os.read(file, 32).decode(errors="replace").strip() or "unknown"


def _lock(file: int, *, alone: bool = True) -> None:
    """Lock the file, for this process alone or with others that ask the same; raises OSError otherwise."""
    if sys.platform == "win32":
        import msvcrt  # noqa: PLC0415  # exists there only

        # Far beyond the text, which a locked byte could not be read.
        os.lseek(file, 1 << 20, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        os.lseek(file, 0, os.SEEK_SET)
    else:
        import fcntl  # noqa: PLC0415  # does not exist on Windows

        fcntl.flock(file, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
