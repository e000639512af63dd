"""What the time is for the service, as its answers tell it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from providers.clock import Clock


class ServerTime:
    """Compares our clock with the one in the last answer.

    Attributes:
        skew: How far ours is ahead, negative if it is behind; None until an answer has told.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.skew: timedelta | None = None

    def note(self, headers: Mapping[str, str]) -> None:
        """Read the date of an answer just received; `headers` are read in lower case."""
        try:
            theirs = parsedate_to_datetime(headers.get("date", ""))
        except ValueError:
            return
        self.skew = self._clock.now() - (theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC))

    def now(self) -> datetime:
        """Tell the time by the slower of both clocks, so that no day is sent that is yet to come."""
        return self._clock.now() - max(timedelta(0), self.skew or timedelta(0))
