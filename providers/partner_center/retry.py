"""Which calls are repeated at once, and after which pause."""

from datetime import timedelta

import stamina

from providers.errors import CustomerNotVisible, ProviderUnavailable

LONGEST_PAUSE = timedelta(minutes=1)
"""Whoever is told to wait longer gets the error: such waits belong into durable jobs."""

LONGEST_BACKOFF = timedelta(seconds=8)
LONGEST_CALL = timedelta(minutes=3)


def repeats(*, max_attempts: int, first_wait: timedelta) -> stamina.BoundAsyncRetryingCaller:
    """Give a caller that repeats what found no usable answer, at most for three minutes."""
    return stamina.AsyncRetryingCaller(
        attempts=max_attempts,
        timeout=LONGEST_CALL,
        wait_initial=first_wait,
        wait_max=LONGEST_BACKOFF,
        wait_jitter=first_wait / 2,
    ).on(pause)


def pause(error: Exception) -> bool | float:
    """Give the seconds to wait before a repetition, True for the usual ones, False for none."""
    if not isinstance(error, ProviderUnavailable) or isinstance(error, CustomerNotVisible):
        return False
    seconds = error.retry_after_seconds
    if seconds is None:
        return True
    return seconds if seconds <= LONGEST_PAUSE.total_seconds() else False
