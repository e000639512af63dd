"""How many calls a partner may make in a minute, by the simulator's own clock."""

from collections import defaultdict, deque
from math import ceil, floor
from typing import Literal

WINDOW_SECONDS = 60
Window = Literal["fixed", "sliding"]


class Throttle:
    """Counts calls, those that it refuses as well: they lengthen the wait in a sliding window."""

    def __init__(self) -> None:
        self._calls: defaultdict[str, deque[float]] = defaultdict(deque)

    def clear(self) -> None:
        self._calls.clear()

    def count(self, tenant_id: str, now: float, limit: int, window: Window) -> int:
        """Count a call, and give the seconds to wait if it is one too many; else 0."""
        calls = self._calls[tenant_id]
        begin = floor(now / WINDOW_SECONDS) * WINDOW_SECONDS if window == "fixed" else now - WINDOW_SECONDS
        while calls and (calls[0] < begin or (window == "sliding" and calls[0] <= begin)):
            calls.popleft()
        calls.append(now)
        if len(calls) <= limit:
            return 0
        free_at = begin + WINDOW_SECONDS if window == "fixed" else calls[-limit] + WINDOW_SECONDS
        return max(1, ceil(free_at - now))
