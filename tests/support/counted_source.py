"""Notes the SQL that plans run, as engines do for the rest."""

from typing import Any

from graph.source import ASIDE, Habit, Source, Steps


class CountedSource:
    """A source that notes the SQL of what it runs."""

    def __init__(self, source: Source, statements: list[str]) -> None:
        self._source, self._statements = source, statements
        self.dialect = source.dialect

    async def run(self, steps: Steps[Any], habit: Habit, *, one: bool) -> Any:
        return await self._source.run(self._noted(steps), habit, one=one)

    async def close(self) -> None:
        await self._source.close()

    def _noted(self, steps: Steps[Any]) -> Steps[Any]:
        rows: Any = None
        while True:
            try:
                query = steps.send(rows)
            except StopIteration as end:
                return end.value
            if query is not ASIDE:
                self._statements.append(query.text)
            rows = yield query
