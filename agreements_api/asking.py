"""Asks the person at the terminal: for secrets, which never appear, and for patience."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager

from agreements_api.errors import StartupError

FIRST_WORD_SECONDS = 3.0
NEXT_WORD_SECONDS = 10.0


def read_secret(variable: str, prompt: str, *, stored: str | None) -> str:
    """Read a secret from the environment or the keyboard; what is stored stays if nothing is given.

    Raises:
        StartupError: It is not in the environment, there is nobody to ask, and nothing is stored; or the
            person ends the input instead of answering.
    """
    given = os.environ.get(variable)
    if given is None and sys.stdin.isatty():
        given = _ask(f"{prompt} (empty keeps the stored one): " if stored else f"{prompt}: ", variable)
    if given is None and stored is None:
        raise StartupError(
            f"{variable} is not set, and there is nobody to ask.",
            hint="Set it in the environment; secrets are never taken from the command line.",
        )
    return (given or "").strip() or stored or ""


@contextmanager
def ended_by_ctrl_c() -> Generator[None]:
    """Let Ctrl-C end what waits for the keyboard in the event loop, whose own handler would wait with it.

    Raises:
        CancelledError: It was pressed before, and the task has not come to notice.
    """
    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_IGN:  # whoever started this wants it so
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise asyncio.CancelledError
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _ask(question: str, variable: str) -> str:
    """Raises StartupError."""
    from getpass import getpass  # noqa: PLC0415 -- only where a person is asked

    try:
        with ended_by_ctrl_c():
            return getpass(question)
    except KeyboardInterrupt:
        _end_line()
        raise
    except EOFError:
        _end_line()
        raise StartupError("Nothing was entered.", hint=f"Answer, or set {variable}.") from None


def _end_line() -> None:
    """Leave the line of a question that nobody answered."""
    print(file=sys.stderr)  # noqa: T201 -- where the question stands


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
