"""A process that does jobs which call a provider, until it is killed."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from pathlib import Path

from support.factories import PARTNER_CENTER
from support.jobs import Program, a_program
from support.straight import Configured

from providers.partner_center import Cloud, ConfirmationMode, Connection
from providers.partner_center.client import PartnerCenter

ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def a_connected_program(url: str, connection: Connection) -> AsyncGenerator[Program]:
    """Open the program over the database, with the seeded provider reached by the connection."""
    client = PartnerCenter(connection)
    try:
        async with a_program(url) as program:
            context = replace(program.context, providers=Configured({PARTNER_CENTER: client}))
            yield replace(program, context=context)
    finally:
        await client.aclose()


@dataclass
class Workers:
    """Processes that do the jobs of one database, one after the other; the next one is loaded ahead."""

    url: str
    connection: Connection
    running: asyncio.subprocess.Process | None = None
    spare: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Begin to do jobs."""
        self.running, self.spare = self.spare or await _spawn(), None
        assert self.running.stdin is not None
        assert self.running.stdout is not None
        values = {**asdict(self.connection), "timeout": self.connection.timeout.total_seconds()}
        del values["first_wait"]
        self.running.stdin.write(json.dumps([self.url, values]).encode() + b"\n")
        assert await self.running.stdout.readline() == b"ready\n"
        self.spare = await _spawn()

    async def kill(self) -> None:
        """End the process in the middle of what it does."""
        if self.running is not None:
            self.running.kill()
            await self.running.communicate()
            self.running = None


@asynccontextmanager
async def killable_workers(url: str, connection: Connection) -> AsyncGenerator[Workers]:
    workers = Workers(url, connection)
    try:
        await workers.start()
        yield workers
    finally:
        await workers.kill()
        if workers.spare is not None:
            workers.spare.kill()
            await workers.spare.communicate()


async def _spawn() -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "support.provider_process",
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )


async def main() -> None:
    url, values = json.loads(sys.stdin.readline())
    values["cloud"] = Cloud(values["cloud"])
    values["confirmation"] = ConfirmationMode(values["confirmation"])
    values["timeout"] = timedelta(seconds=values["timeout"])
    async with a_connected_program(url, Connection(**values)) as program, program.doing_jobs():
        print("ready", flush=True)  # noqa: T201  # the parent waits for it
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
