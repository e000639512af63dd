"""Batches: many fields ask for one thing each, one statement answers them all."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from graph.pace import Pace

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

_QUIET_TURNS = 5
"""Passes of the event loop without a new key after which all have asked: an answer takes three to reach the
fields below it."""


class Batches:
    """Runs the batches of one operation, one at a time, those nearest to the root first.

    That order makes every level complete before it is read, also where some of its rows were known earlier.
    """

    def __init__(self) -> None:
        self.asked = 0
        self.pace = Pace()
        self.waiting: dict[Loader[Any, Any], int] = {}
        self._task: asyncio.Task[None] | None = None
        self._over = False

    def ask(self, loader: "Loader[Any, Any]", depth: int) -> None:
        """Have the loader's keys read, in a while.

        Raises:
            CancelledError: The operation is over: an error has made its answer null, while some of its fields
                were still at work.
        """
        if self._over:
            raise asyncio.CancelledError
        self.asked += 1
        self.waiting[loader] = min(depth, self.waiting.get(loader, depth))
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    @property
    def busy(self) -> bool:
        return self._task is not None and not self._task.done()

    async def stop(self) -> None:
        """Give up what is being read; what nobody waits for any more must not outlive its operation."""
        task, self._task = self._task, None
        if task is not None and not task.done():
            task.cancel()
            await asyncio.wait([task])
        self.waiting.clear()

    def end(self) -> None:
        """Take no more keys."""
        self._over = True

    async def _run(self) -> None:
        while self.waiting:
            quiet = 0
            while quiet < _QUIET_TURNS:
                asked = self.asked
                await asyncio.sleep(0)
                quiet = quiet + 1 if asked == self.asked and not self.pace.busy else 0
            loader = min(self.waiting, key=self.waiting.__getitem__)
            del self.waiting[loader]
            await loader.answer()
        self._task = None


class Loader(Generic[K, V]):
    """Answers each key once; keys asked for at about the same time share one call of `read`.

    Args:
        batches: Runs the batches.
        read: The values of some keys, in one statement.
        missing: The value of a key that `read` leaves out.
    """

    def __init__(
        self, batches: Batches, read: Callable[[Sequence[K]], Awaitable[Mapping[K, V]]], missing: V
    ) -> None:
        self._batches = batches
        self._read = read
        self._missing = missing
        self._answers: dict[K, asyncio.Future[V]] = {}
        self._keys: list[K] = []

    async def load(self, key: K, depth: int) -> V:
        """The key's value.

        Args:
            key: What is asked for.
            depth: Of the asking field in the document; what is nearer to the root is read first.
        """
        answer = self._answers.get(key)
        if answer is None:
            self._batches.ask(self, depth)
            answer = self._answers[key] = asyncio.get_running_loop().create_future()
            self._keys.append(key)
        # Shielded: one field that is given up must not take the answer from the others.
        found = await asyncio.shield(answer)
        if self._batches.pace.used_up:
            await self._batches.pace.turn()
        return found

    async def answer(self) -> None:
        """Read the keys that wait."""
        keys, self._keys = self._keys, []
        try:
            found = await self._read(keys)
        except asyncio.CancelledError:
            for key in keys:
                self._answers[key].cancel()
            raise
        except Exception as error:  # noqa: BLE001  # belongs to the fields that wait, whatever it is
            for key in keys:
                self._answers[key].set_exception(error)
                self._answers[key].exception()  # seen: the fields that asked may all have been given up
        else:
            for key in keys:
                self._answers[key].set_result(found.get(key, self._missing))
