"""A process that does jobs until it is killed: python -m support.job_process URL."""

import asyncio
import sys

from support.jobs import a_program


async def main() -> None:
    async with a_program(sys.argv[1]) as program, program.doing_jobs():
        print("ready", flush=True)  # noqa: T201  # the parent waits for it
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
