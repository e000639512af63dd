"""Pages whose rows Python sorts: in their order however the database finds them."""

import random
from typing import Any

import pytest
from support.library.engines import open_library
from support.library.seed import fill

from graph.source import Habit, Query, Rows, Source, Steps

RISING = "{ publishers { edges { node { authors(first: 7) { edges { node { id name } } } } } } }"
COUNTED = """{ publishers { edges { node { authors(first: 7) {
    totalCount pageInfo { hasNextPage endCursor } edges { cursor node { id } }
} } } } }"""
BACKWARD = "{ publishers { edges { node { authors(last: 7) { edges { node { id name } } } } } } }"
BY_NAME = """{ publishers { edges { node { authors(orderBy: {field: NAME}, first: 7) {
    edges { node { id name } }
} } } } }"""
WITHOUT_ID = "{ publishers { edges { node { authors(first: 7) { edges { node { name } } } } } } }"


class Shuffled:
    """A source that hands on in any order what no statement puts in order.

    Attributes:
        shuffled: How many times it did.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self.dialect = source.dialect
        self.shuffled = 0

    async def run(self, steps: Steps[Any], habit: Habit, *, one: bool) -> Any:
        return await self._source.run(self._shuffling(steps), habit, one=one)

    async def close(self) -> None:
        await self._source.close()

    def _shuffling(self, steps: Steps[Any]) -> Steps[Any]:
        rows: Rows | None = None
        try:
            while True:
                asked = next(steps) if rows is None else steps.send(rows)
                rows = yield asked
                if isinstance(asked, Query) and "ORDER BY" not in asked.text.rpartition(")")[2]:
                    rows = random.sample(rows, len(rows))
                    self.shuffled += len(rows) > 1
        except StopIteration as end:
            return end.value


@pytest.mark.parametrize("query", [RISING, COUNTED])
async def test_rows_that_python_sorts_are_in_order_however_they_are_found(
    empty_database_url: str, query: str
) -> None:
    if empty_database_url.startswith("sqlite"):
        pytest.skip("SQLite: it sorts all rows itself")
    async with open_library(empty_database_url, plans=True) as library:
        await fill(library, 30)
        expected = await library.data(query)
        assert library.plans is not None
        library.plans = source = Shuffled(library.plans)

        for _ in range(20):
            assert await library.data(query) == expected
        assert source.shuffled


@pytest.mark.parametrize("query", [BACKWARD, BY_NAME, WITHOUT_ID])
async def test_all_others_are_put_in_order_by_the_database(empty_database_url: str, query: str) -> None:
    if empty_database_url.startswith("sqlite"):
        pytest.skip("SQLite: it sorts all rows itself")
    async with open_library(empty_database_url, plans=True) as library:
        await fill(library, 30)
        expected = await library.data(query)
        assert library.plans is not None
        library.plans = source = Shuffled(library.plans)

        assert await library.data(query) == expected
        assert not source.shuffled
