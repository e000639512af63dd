"""Ends a process that serves, or does jobs, when it is told to."""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Generator


@contextlib.contextmanager
def on_signals(stop: Callable[[signal.Signals], None]) -> Generator[None]:
    """Call `stop` with each SIGINT and SIGTERM, in the running loop."""
    loop = asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, stop, each)
    try:
        yield
    finally:
        for each in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(each)
