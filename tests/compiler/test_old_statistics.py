"""SQLite looks rows up by their keys, also where it was told of tables as they were long ago."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import text
from support.counted_source import SourceBetween
from support.library.engines import ENGINE, Library, number, open_library
from support.library.seed import fill

from graph.ids import encode_id
from graph.source import Query, Rows, Source, Steps

NODES = "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Author { name } } }"
ONE = "query ($id: ID!) { author(id: $id) { name } }"
NESTED = "{ authors { edges { node { books(first: 2) { edges { node { name } } } } } } }"
FILTERED = """{ authors { edges { node { books(first: 2, filter: {status: DRAFT}) {
    edges { node { name tags { edges { node { label } } } } }
} } } } }"""


class Explained(SourceBetween):
    """A source that keeps how the database goes about what it is asked.

    Attributes:
        plans: Of each statement that is given keys: what is read first.
    """

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self.plans: list[str] = []

    def between(self, steps: Steps[Any]) -> Steps[Any]:
        rows: Rows | None = None
        try:
            while True:
                asked = next(steps) if rows is None else steps.send(rows)
                if isinstance(asked, Query) and "json_each" in asked.text:
                    plan = yield Query(f"EXPLAIN QUERY PLAN {asked.text}", asked.parameters)
                    self.plans.append(next(step for *_, step in plan if step.startswith(("SCAN", "SEARCH"))))
                rows = yield asked
        except StopIteration as end:
            return end.value


@pytest.fixture
async def library(empty_database_url: str) -> AsyncIterator[Library]:
    """With statistics of one author and few books."""
    if not empty_database_url.startswith("sqlite"):
        pytest.skip("PostgreSQL: it keeps its statistics itself")
    async with open_library(empty_database_url, plans=True) as opened:
        await fill(opened, 1)
        async with opened.writes.begin() as connection:
            await connection.execute(text("ANALYZE"))
        yield opened


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        (NODES, {"ids": [encode_id("Author", number(0))]}),
        (ONE, {"id": encode_id("Author", number(0))}),
        (NESTED, {}),
        (FILTERED, {}),
    ],
)
async def test_rows_are_looked_up_for_keys(library: Library, query: str, variables: dict[str, Any]) -> None:
    assert library.plans is not None
    library.plans = source = Explained(library.plans)

    found = await library.data(query, **variables)

    assert found == await library.data(query, engine=ENGINE(), **variables)
    assert source.plans
    assert [plan for plan in source.plans if "VIRTUAL TABLE" not in plan] == []


@pytest.mark.parametrize("query", [NESTED, FILTERED])
async def test_so_does_the_ordinary_path(library: Library, query: str) -> None:
    await library.data(query, engine=ENGINE())

    nested = [each for each in library.statements if "json_each" in each and "ORDER BY" in each]
    assert nested
    async with library.reads.connect() as connection:
        for statement in nested:
            given = ("[]",) + (1,) * (statement.count("?") - 1)
            plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given)
            first = next(step for *_, step in plan if step.startswith(("SCAN", "SEARCH")))
            assert "VIRTUAL TABLE" in first, statement
