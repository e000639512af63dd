"""A record of the calls that reached the service, for tests that ask what was sent."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime

MAX_ENTRIES = 50_000


@dataclass
class Entry:
    """One call. `status` is none while unanswered, and for ever if the connection was cut."""

    method: str
    path: str
    query: str
    request_id: str | None
    correlation_id: str | None
    at: datetime
    status: int | None = None
    fault: str | None = None

    def as_wire(self) -> dict[str, object]:
        return {
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "requestId": self.request_id,
            "correlationId": self.correlation_id,
            "status": self.status,
            "fault": self.fault,
            "at": self.at.isoformat(),
        }


class Journal:
    """The latest calls, oldest first."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=MAX_ENTRIES)

    def add(self, entry: Entry) -> None:
        self._entries.append(entry)

    def entries(self) -> list[Entry]:
        return list(self._entries)

    def clear(self) -> None:
        self._entries.clear()
