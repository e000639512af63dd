"""Why a run ends without numbers; each is told in one line, or with what the server said."""


class BenchmarkFailed(Exception):
    """The base of them all."""


class PostgresqlMissing(BenchmarkFailed):
    """PostgreSQL was asked for, and its package is not installed."""


class PeersMissing(BenchmarkFailed):
    """What the peers need cannot be installed; the text is what the installer said."""


class ServerFailed(BenchmarkFailed):
    """The server did not start; the text is what it said."""


class WrongAnswer(BenchmarkFailed):
    """An answer was not what the measured operation must give; shows how it begins."""

    def __init__(self, answer: bytes) -> None:
        super().__init__(f"The server answered something else: {answer[:600].decode(errors='replace')}")


class DifferentAnswer(BenchmarkFailed):
    """A server did not answer what the first one did: the two cannot be compared."""
