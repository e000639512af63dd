"""Run as a program: serves beside a thread that computes, and says how late the loop comes to its turn."""

import asyncio
import os
import signal
import threading
from time import perf_counter

from starlette.responses import Response

from agreements_api.ending import Ending
from agreements_api.server import listen, run_server
from agreements_api.settings import Settings

TIMES = 200
WAIT_SECONDS = 0.001
FREE_SECONDS = 0.0005
"""Who waited for less found the lock free, whatever the thread does with it otherwise."""


def compute(over: threading.Event) -> None:
    while not over.is_set():
        sum(range(100))


async def main() -> None:
    late: list[float] = []

    async def measure() -> None:
        over = threading.Event()
        thread = threading.Thread(target=compute, args=[over])
        thread.start()
        for _ in range(TIMES):
            began = perf_counter()
            await asyncio.sleep(WAIT_SECONDS)
            late.append(perf_counter() - began - WAIT_SECONDS)
        over.set()
        thread.join()
        os.kill(os.getpid(), signal.SIGINT)

    settings = Settings(port=0)
    with listen(settings.host, settings.port) as listener:
        measuring: list[asyncio.Task[None]] = []
        await run_server(
            Response("here"),
            settings,
            listener,
            Ending(),
            started=lambda: measuring.append(asyncio.create_task(measure())),
        )
    waited = sorted(each for each in late if each > FREE_SECONDS)
    print(f"{waited[len(waited) // 10] * 1000:.2f}")  # noqa: T201  # for who started it


asyncio.run(main())
