"""Batches: many fields ask for one thing each, one statement answers them all."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Generic, Protocol, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

_QUIET_TURNS = 3
"""Passes of the event loop without a new key after which a level counts as complete."""


class Batches(Protocol):
    """Who runs the batches: one at a time."""

    def turn(self) -> AbstractAsyncContextManager[None]: ...

    def start(self, work: Awaitable[None]) -> None: ...


class Loader(Generic[K, V]):
    """Answers each key once; keys asked for at about the same time share one call of `read`.

    Args:
        batches: Runs the batches.
        read: The values of some keys, in one statement.
        missing: Makes the value of a key that `read` leaves out.
    """

    def __init__(
        self,
        batches: Batches,
        read: Callable[[Sequence[K]], Awaitable[Mapping[K, Any]]],
        missing: Callable[[], Any] | None = None,
    ) -> None:
        self._batches = batches
        self._read = read
        self._missing = missing
        self._answers: dict[K, asyncio.Future[V]] = {}
        self._waiting: list[K] = []

    async def load(self, key: K) -> V:
        answer = self._answers.get(key)
        if answer is None:
            answer = self._answers[key] = asyncio.get_running_loop().create_future()
            answer.add_done_callback(_retrieve)
            self._waiting.append(key)
            if len(self._waiting) == 1:
                self._batches.start(self._run())
        # Shielded: one field that is given up must not take the answer from the others.
        return await asyncio.shield(answer)

    async def _run(self) -> None:
        """Wait for the connection, then for the level to be complete: keys gather in both.

        Raises:
            asyncio.CancelledError: The reader was closed meanwhile; so are the answers then.
        """
        keys: list[K] = []
        try:
            async with self._batches.turn():
                await self._complete()
                keys, self._waiting = self._waiting, []
                found = await self._read(keys)
        except asyncio.CancelledError:
            for key in keys or self._waiting:
                self._answers[key].cancel()
            raise
        except Exception as error:  # noqa: BLE001  # belongs to the fields that wait, whatever it is
            for key in keys:
                self._answers[key].set_exception(error)
            return
        for key in keys:
            value = found[key] if key in found or self._missing is None else self._missing()
            self._answers[key].set_result(value)

    async def _complete(self) -> None:
        quiet = 0
        while quiet < _QUIET_TURNS:
            known = len(self._waiting)
            await asyncio.sleep(0)
            quiet = quiet + 1 if len(self._waiting) == known else 0


def _retrieve(answer: asyncio.Future[Any]) -> None:
    """Mark the error as seen: all the fields that asked may have been given up."""
    if not answer.cancelled():
        answer.exception()
