"""How much is done at once: what comes on top is turned away quickly, before it costs anything."""

from collections.abc import Generator
from contextlib import contextmanager

from graph.errors import Code
from graph.refusals import Refused

_RETRY_SECONDS = 1


class Admission:
    """Counts the operations that run in this process.

    Args:
        most_operations: That run at once. A stream counts until it has begun, afterwards not.
    """

    def __init__(self, most_operations: int = 256) -> None:
        self._most = most_operations
        self._running = 0

    @contextmanager
    def operation(self) -> Generator[None]:
        """Hold a place while an operation runs.

        Raises:
            Refused: 503 with Retry-After, all places are taken.
        """
        if self._running >= self._most:
            message = "The server has too much to do at once: try again in a moment."
            raise Refused(503, Code.OVERLOADED, message, retry_after=str(_RETRY_SECONDS))
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1
