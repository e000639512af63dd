"""How long tests wait for what must come: a fault exceeds it, a machine that is slow and busy does not."""

import asyncio
from collections.abc import Callable

PATIENCE_SECONDS = 30.0
"""For what must come some time."""
AT_ONCE_SECONDS = 5.0
"""For what takes milliseconds, where a fault has it take ten times this, or come never."""


async def until(condition: Callable[[], object]) -> None:
    """Wait until it holds, which nothing tells.

    Raises:
        TimeoutError: It never did.
    """
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():  # noqa: ASYNC110  # see above
            await asyncio.sleep(0.005)
