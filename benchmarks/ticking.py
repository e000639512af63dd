"""Our server as `agreements serve --no-jobs` runs it, with a clock in its event loop.

    python -m benchmarks.ticking --port 0

A timer asks to be called every millisecond. How much later it is called is how long the loop could do
nothing else; each delay is kept, and written at the end to the file that TICKS_FILE names, one line each:
when (monotonic clock, seconds), the delay (ms), and the delay without what other programs took (ms). The
scheduler tells how long this thread waited for its core; what other threads of this process used of that
time is ours, the rest is not. Where it does not tell, both delays are the same.
"""

import asyncio
import os
import sys
import time
from pathlib import Path

from agreements_api.app import make_app
from agreements_api.collector import look_less_often
from agreements_api.logs import configure_logs
from agreements_api.server import listen, run_server, url_of
from agreements_api.services import open_services
from agreements_api.settings import load_settings

EVERY_SECONDS = 0.001


class Ticker:
    """Measures the loop that it is started in.

    Attributes:
        lines: What was measured, as it is written.
    """

    def __init__(self) -> None:
        self.lines: list[tuple[float, float, float]] = []
        self._waits = _Waits()

    def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._next()

    def write(self, file: Path) -> None:
        lines = (f"{at:.6f} {late:.4f} {own:.4f}\n" for at, late, own in self.lines)
        file.write_text("".join(lines), "utf-8")

    def _next(self) -> None:
        self._waits.reset()
        self._due = time.perf_counter() + EVERY_SECONDS
        self._loop.call_later(EVERY_SECONDS, self._tick)

    def _tick(self) -> None:
        late = max(0.0, time.perf_counter() - self._due)
        own = max(0.0, late - self._waits.of_others())
        self.lines.append((time.monotonic(), late * 1000, own * 1000))
        self._next()


class _Waits:
    """How long this thread waited for its core while other programs had it, since `reset`; in seconds."""

    def __init__(self) -> None:
        try:
            self._file = os.open("/proc/thread-self/schedstat", os.O_RDONLY)
        except OSError:
            self._file = -1
        self.reset()

    def reset(self) -> None:
        self._waited = self._read()
        self._of_threads = time.process_time() - time.thread_time()

    def of_others(self) -> float:
        waited = self._read() - self._waited
        of_threads = time.process_time() - time.thread_time() - self._of_threads
        return max(0.0, waited - max(0.0, of_threads))

    def _read(self) -> float:
        if self._file < 0:
            return 0.0
        return int(os.pread(self._file, 100, 0).split()[1]) / 1e9


async def serve() -> None:
    settings = load_settings(port=0)
    configure_logs(level=settings.log_level, format=settings.log_format)
    ticker = Ticker()
    with listen(settings.host, settings.port) as listener:

        def tell() -> None:
            ticker.start()
            print(f"Serving {url_of(listener)}/graphql", flush=True)  # noqa: T201 -- for who started it

        async with open_services(settings, run_jobs=False) as services:
            await run_server(make_app(services), settings, listener, services.ending, started=tell)
    ticker.write(Path(os.environ["TICKS_FILE"]))


if __name__ == "__main__":
    look_less_often()
    if sys.platform == "win32":
        asyncio.run(serve())
    else:
        import uvloop

        uvloop.run(serve())
