"""Which calls are repeated at once, and after which pause."""

import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_exponential_jitter

from providers.clock import Clock
from providers.errors import CustomerNotVisible, ProviderUnavailable

T = TypeVar("T")

LONGEST_PAUSE = timedelta(minutes=1)
"""Whoever is told to wait longer gets the error: such waits belong into durable jobs."""

LONGEST_BACKOFF = timedelta(seconds=8)
LONGEST_CALL = timedelta(minutes=3)

_log = logging.getLogger(__name__)


class Repeats:
    """Repeats what found no usable answer, a bounded number of times and at most for three minutes."""

    def __init__(self, clock: Clock, *, max_attempts: int, first_wait: timedelta) -> None:
        self._clock = clock
        self._max_attempts = max_attempts
        self._backoff = wait_exponential_jitter(
            multiplier=first_wait.total_seconds(),
            max=LONGEST_BACKOFF.total_seconds(),
            jitter=first_wait.total_seconds() / 2,
        )

    async def __call__(self, attempt: Callable[[], Awaitable[T]]) -> T:
        last_start = self._clock.now() + LONGEST_CALL

        def stop(state: RetryCallState) -> bool:
            next_start = self._clock.now() + timedelta(seconds=state.upcoming_sleep)
            return state.attempt_number >= self._max_attempts or next_start > last_start

        attempts = AsyncRetrying(
            sleep=self._clock.sleep,
            stop=stop,
            wait=self._wait,
            retry=retry_if_exception(lambda error: pause(error) is not False),
            before_sleep=_tell,
            reraise=True,
        )
        async for each in attempts:
            with each:
                return await attempt()
        raise AssertionError("the last attempt raises")

    def _wait(self, state: RetryCallState) -> float:
        asked = pause(_error(state))
        return self._backoff(state) if isinstance(asked, bool) else asked


def pause(error: BaseException | None) -> bool | float:
    """Give the seconds to wait before a repetition, True for the usual ones, False for none."""
    if not isinstance(error, ProviderUnavailable) or isinstance(error, CustomerNotVisible):
        return False
    seconds = error.retry_after_seconds
    if seconds is None:
        return True
    return seconds if seconds <= LONGEST_PAUSE.total_seconds() else False


def _tell(state: RetryCallState) -> None:
    _log.debug("Repeating a call in %.1f seconds. %s", state.upcoming_sleep, _error(state))


def _error(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None
