"""Asks the person at the terminal: for secrets, which never appear, and for patience."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from agreements_api.errors import StartupError

FIRST_WORD_SECONDS = 3.0
NEXT_WORD_SECONDS = 10.0


def read_secret(variable: str, prompt: str, *, stored: str | None) -> str:
    """Read a secret from the environment or the keyboard; what is stored stays if nothing is given.

    Raises:
        StartupError: It is not in the environment, there is nobody to ask, and nothing is stored.
    """
    from getpass import getpass  # noqa: PLC0415 -- only where a person is asked

    given = os.environ.get(variable)
    if given is None and sys.stdin.isatty():
        given = getpass(f"{prompt} (empty keeps the stored one): " if stored else f"{prompt}: ")
    if given is None and stored is None:
        raise StartupError(
            f"{variable} is not set, and there is nobody to ask.",
            hint="Set it in the environment; secrets are never taken from the command line.",
        )
    return (given or "").strip() or stored or ""


@asynccontextmanager
async def patience(what: str) -> AsyncGenerator[None]:
    """Tell now and then that something is still awaited, on standard error."""

    async def tell() -> None:
        await asyncio.sleep(FIRST_WORD_SECONDS)
        while True:
            print(f"{what} …", file=sys.stderr, flush=True)  # noqa: T201 -- for the person who waits
            await asyncio.sleep(NEXT_WORD_SECONDS)

    telling = asyncio.create_task(tell(), name="tell of waiting")
    try:
        yield
    finally:
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)
