"""What the headers of an answer tell of time: what it is there, and how long to leave the service alone."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from providers.clock import Clock

LONGEST_WAIT = timedelta(days=1)
"""Nobody is left alone for longer than this, whatever an answer says."""


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
        theirs = _moment(headers.get("date", ""))
        if theirs is not None:
            self.skew = self._clock.now() - theirs

    def now(self) -> datetime:
        """Tell the time by the slower of both clocks, so that no day is sent that is yet to come."""
        return self._clock.now() - max(timedelta(0), self.skew or timedelta(0))


def retry_after_seconds(headers: Mapping[str, str], *, now: datetime) -> float | None:
    """Read Retry-After, seconds or a date by the clock of whoever answered; None for anything else."""
    text = headers.get("retry-after", "").strip()
    longest = LONGEST_WAIT.total_seconds()
    if text.isascii() and text.isdecimal():
        return min(float(text), longest)
    moment = _moment(text)
    if moment is None:
        return None
    return min(max(0.0, (moment - (_moment(headers.get("date", "")) or now)).total_seconds()), longest)


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):  # of a year or a zone of twenty digits
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
