"""Whether SQLite's file is still where it was opened: whoever has it open would never notice."""

import sqlite3
from pathlib import Path
from time import monotonic
from typing import Final

from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError

from agreements_api.logs import get_logger

LOOK_SECONDS: Final = 1.0
"""Between two looks of those who write."""

_log = get_logger(__name__)


class DatabaseFile:
    """The file of a database that is open.

    It is read and written with every sign of success after it was moved, replaced or deleted; what is written
    to a deleted one is lost when the process ends. Whoever opens its path then makes a new and empty one.

    Args:
        path: Of the file; it may be made later.
    """

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self._opened: tuple[int, int] | None = None
        self._is_there = True
        self._looks_again_at = 0.0
        self.remember()

    def remember(self) -> None:
        """Take the file at this path for the one that is open, unless that is known already."""
        if self._opened is None:
            self._opened = self._found()

    def require(self) -> None:
        """Look before the file is opened once more.

        Raises:
            OperationalError: It is not the one that was opened.
        """
        is_there = self._opened is None or self._found() == self._opened
        if self._is_there and not is_there:
            _log.error(
                "The database file was moved, replaced or deleted: nothing is written until it is back",
                path=str(self._path.absolute()),
                remedy="Move it back. If it is gone, restore a backup and start again.",
            )
        elif is_there and not self._is_there:
            _log.warning("The database file is back")
        self._is_there = is_there
        self._looks_again_at = monotonic() + LOOK_SECONDS
        if not is_there:
            raise OperationalError(None, None, sqlite3.OperationalError("The database file is not there."))

    def guard(self, engine: Engine) -> None:
        """Have the engine open this file, and never another one in its place."""
        event.listen(engine, "do_connect", lambda *_: self.require())
        event.listen(engine, "connect", lambda *_: self.remember())

    def guard_writing(self, engine: Engine) -> None:
        """Have it begin no transaction on a file that is away, too."""
        self.guard(engine)
        event.listen(engine, "begin", self.before_writing)

    def before_writing(self, *_: object) -> None:
        """Do the same before each transaction that writes: there are many, so a look now and then must do.

        Raises:
            OperationalError: As above.
        """
        if not self._is_there or monotonic() >= self._looks_again_at:
            self.require()

    def _found(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino
