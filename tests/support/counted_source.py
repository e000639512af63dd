"""Sources of plans that look at what passes between the plans and the database."""

from abc import ABC, abstractmethod
from typing import Any

from graph.source import ASIDE, Habit, Source, Steps


class SourceBetween(ABC):
    """A source that runs all work by another; `between` sees its statements, and what they found.

    Args:
        source: That runs it.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self.dialect = source.dialect

    async def run(self, steps: Steps[Any], habit: Habit, *, one: bool) -> Any:
        return await self._source.run(self.between(steps), habit, one=one)

    async def close(self) -> None:
        await self._source.close()

    @abstractmethod
    def between(self, steps: Steps[Any]) -> Steps[Any]:
        """The same work."""


class CountedSource(SourceBetween):
    """Notes the SQL that plans run, as engines do for the rest."""

    def __init__(self, source: Source, statements: list[str]) -> None:
        super().__init__(source)
        self._statements = statements

    def between(self, steps: Steps[Any]) -> Steps[Any]:
        rows: Any = None
        while True:
            try:
                query = steps.send(rows)
            except StopIteration as end:
                return end.value
            if query is not ASIDE:
                self._statements.append(query.text)
            rows = yield query
