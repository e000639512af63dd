"""Whether SQLite's file is still where it was opened: whoever has it open would never notice."""

import os
import sqlite3
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, event
from sqlalchemy.exc import OperationalError

from agreements_api.errors import DatabaseAway
from agreements_api.logs import get_logger
from jobs.lock_file import LockFile

REMEDY = (
    "Move it back. If it is gone, end the server, delete the files beside it that end in -wal and -shm,"
    " restore a backup, and start again."
)

_log = get_logger(__name__)


def file_of(url: URL) -> Path:
    """The file of an SQLite database."""
    return Path(str(url.database)).absolute()


def refuse_in_place_of_another(path: Path) -> None:
    """Keep a new database from being made where another one was open when it was moved away or deleted.

    SQLite would take the log that is left beside it for the new one's, and empty it: what was committed last
    would be gone for the old one, too.

    Raises:
        DatabaseAway: It was; nothing was touched.
    """
    if not _is_missing(path):
        return
    signs = [*_left_beside(path), *_holder_of(path)]
    if not signs or not _is_missing(path):  # another process may have made it meanwhile
        return
    raise DatabaseAway(
        f"The database {path} was moved away or deleted: {', and '.join(signs)}.",
        hint="A new one in its place would destroy changes. Move it back. If it is lost for good, end the"
        " server that has it open, and move away what is left beside it that ends in -wal, -shm or -journal.",
    )


def _is_missing(path: Path) -> bool:
    try:
        path.stat()
    except FileNotFoundError:
        return True
    except OSError:
        return False  # SQLite says better what it is
    return False


def _left_beside(path: Path) -> list[str]:
    """What SQLite deletes when the last one closes the file: even an empty log may be some process's."""
    real = os.path.realpath(path)  # SQLite keeps them beside the file that a link leads to
    left = [Path(f"{real}{suffix}") for suffix in ("-wal", "-journal")]
    return [f"{each.name} is still there, which belongs to it" for each in left if each.exists()]


def _holder_of(path: Path) -> list[str]:
    holder = LockFile(str(path)).holder()
    return [] if holder is None else [f"process {holder} has it open and does its jobs"]


class DatabaseFile:
    """The file of a database that is open.

    It is read and written with every sign of success after it was moved, replaced or deleted; what is written
    to a deleted one is lost when the process ends. Whoever opens its path then makes a new and empty one. A
    file that is overwritten where it is stays the same for all who have it open, and is not noticed.

    Args:
        path: Of the file; it may be made later.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._opened: tuple[int, int] | None = None
        self._is_there = True
        self.remember()

    def remember(self) -> None:
        """Take the file at this path for the one that is open, unless that is known already."""
        if self._opened is None:
            self._opened = self._found()

    def require(self) -> None:
        """Look before the file is opened once more, or written to.

        Raises:
            OperationalError: It is not the one that was opened.
        """
        is_there = self._opened is None or self._found() == self._opened
        if self._is_there and not is_there:
            _log.error(
                "The database file was moved, replaced or deleted: no change is taken until it is back",
                path=str(self._path),
                remedy=REMEDY,
            )
        elif is_there and not self._is_there:
            _log.warning("The database file is back")
        self._is_there = is_there
        if not is_there:
            what = (
                f"The database file {self._path} was moved, replaced or deleted."  # for the log, not callers
            )
            raise OperationalError(None, None, sqlite3.OperationalError(what))

    def guard(self, engine: Engine) -> None:
        """Have the engine open this file, and never another one in its place."""
        event.listen(engine, "do_connect", lambda *_: self.require())
        event.listen(engine, "connect", lambda *_: self.remember())

    def guard_writing(self, engine: Engine) -> None:
        """Have it write nothing to a file that is away, either: a look takes two microseconds.

        It looks when the transaction has its lock, which it may have waited for.
        """

        def begun(_connection: Connection) -> None:
            self.require()

        event.listen(engine, "begin", begun)

    def _found(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino
