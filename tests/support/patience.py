"""How long tests wait for what must come: a fault exceeds it, a machine that is slow and busy does not."""

import asyncio
from collections.abc import Callable

PATIENCE_SECONDS = 30.0
"""For what must come some time."""
AT_ONCE_SECONDS = 4.0
"""For what takes milliseconds; less than the 5 s after which a sign of life shows that a client has left."""


async def until(condition: Callable[[], object]) -> None:
    """Wait until it holds, which nothing tells.

    Raises:
        TimeoutError: It never did.
    """
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():  # noqa: ASYNC110  # see above
            await asyncio.sleep(0.005)
