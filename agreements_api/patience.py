"""How long something is waited for, and how much: of one connection."""

import asyncio
from collections.abc import Callable, Sized

from uvicorn.protocols.http.flow_control import FlowControl


class Patience:
    """Calls `give_up` when it has not been told in time that the wait is over.

    Args:
        loop: The connection's.
        seconds: From `begin`.
        give_up: What is done then.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float, give_up: Callable[[], None]) -> None:
        self._loop, self._seconds, self._give_up = loop, seconds, give_up
        self._timer: asyncio.TimerHandle | None = None

    @property
    def lasts(self) -> bool:
        return self._timer is not None

    def begin(self) -> None:
        self.end()
        self._timer = self._loop.call_later(self._seconds, self._give_up)

    def end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class PatientFlow(FlowControl):
    """Reads nothing while requests wait for their turn: a portion of the transport bounds how many can."""

    def __init__(self, transport: asyncio.Transport, waiting: Sized) -> None:
        super().__init__(transport)
        self._waiting = waiting

    def resume_reading(self) -> None:
        if self.read_paused and not self._waiting:
            super().resume_reading()
