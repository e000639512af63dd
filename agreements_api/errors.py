"""What stops the program before it serves: told in one line, never as a traceback."""


class StartupError(Exception):
    """The program cannot start as it is configured or placed; a person has to act.

    The command line prints the message and the hint on one line and exits with `exit_code`.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(f"{message} {hint}".rstrip())
        self.message = message
        self.hint = hint


class InvalidSettings(StartupError):
    """One or more settings are missing or wrong; every one of them is named."""

    exit_code = 2


class DatabaseUnusable(StartupError):
    """The database cannot be reached, opened, read or written."""


class DatabaseAway(DatabaseUnusable):
    """SQLite's file was moved away while it was open: one made in its place would destroy changes."""

    exit_code = 2


class DatabaseOutdated(StartupError):
    """The database lacks migrations that this version brings."""


class DatabaseTooNew(StartupError):
    """The database was migrated by a newer version of this program."""
