"""Pages whose rows Python sorts: in their order however the database finds them."""

import random
from typing import Any

import pytest
from sqlalchemy.dialects import postgresql, sqlite
from support.counted_source import SourceBetween
from support.library.engines import ENGINE, SCHEMA, open_library
from support.library.schema import Author, Publisher
from support.library.seed import fill

import graph
from graph.binding import Page
from graph.compiler.plan import Cell, Level, Object
from graph.compiler.sql import left_to_sort
from graph.order import Key
from graph.paging import Cursors, Request
from graph.source import Query, Rows, Source, Steps

RISING = "{ publishers { edges { node { authors(first: 7) { edges { node { name id } } } } } } }"
WITH_FACTS = """{ publishers { edges { node { authors(first: 7) {
    totalCount pageInfo { hasNextPage endCursor } edges { cursor node { name id } }
} } } } }"""
BACKWARD = "{ publishers { edges { node { authors(last: 7) { edges { node { name id } } } } } } }"
BY_NAME = """{ publishers { edges { node { authors(orderBy: {field: NAME}, first: 7) {
    edges { node { name id } }
} } } } }"""
WITHOUT_ID = "{ publishers { edges { node { authors(first: 7) { edges { node { name } } } } } } }"


class Shuffled(SourceBetween):
    """A source that hands on in any order the pages that no statement puts in order.

    Attributes:
        shuffled: How many pages it did that to.
        ordered: How many statements put theirs in order.
    """

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self.shuffled = self.ordered = 0

    def between(self, steps: Steps[Any]) -> Steps[Any]:
        rows: Rows | None = None
        try:
            while True:
                asked = next(steps) if rows is None else steps.send(rows)
                rows = yield asked
                if not isinstance(asked, Query) or "count(*)" in asked.text:
                    continue
                if "ORDER BY" in asked.text.rpartition(")")[2]:
                    self.ordered += 1
                else:
                    rows = random.sample(rows, len(rows))
                    self.shuffled += len(rows) > 1
        except StopIteration as end:
            return end.value


async def answers(url: str, query: str) -> tuple[Any, list[Any], Shuffled]:
    """Of graphql-core, and of plans that are handed shuffled rows."""
    if url.startswith("sqlite"):
        pytest.skip("SQLite: it sorts all rows itself")
    async with open_library(url, plans=True) as library:
        await fill(library, 30)
        expected = await library.data(query, engine=ENGINE())
        assert library.plans is not None
        library.plans = source = Shuffled(library.plans)
        return expected, [await library.data(query) for _ in range(20)], source


@pytest.mark.parametrize("query", [RISING, WITH_FACTS])
async def test_rows_that_python_sorts_are_in_order_however_they_are_found(
    empty_database_url: str, query: str
) -> None:
    expected, found, source = await answers(empty_database_url, query)

    assert found == [expected] * 20
    assert (source.shuffled, source.ordered) == (20, 20)  # the authors, and the publishers


@pytest.mark.parametrize("query", [BACKWARD, BY_NAME, WITHOUT_ID])
async def test_all_others_are_put_in_order_by_the_database(empty_database_url: str, query: str) -> None:
    expected, found, source = await answers(empty_database_url, query)

    assert found == [expected] * 20
    assert (source.shuffled, source.ordered) == (0, 40)


def sorted_here(*keys: Key, backward: bool = False, on: str = "postgresql") -> bool:
    """Whether Python sorts a page of authors with their name and id, in this order."""
    SCHEMA()  # binds its types
    binding = graph.binding_of(Author)
    page = graph.binding_of(Publisher).fields["authors"]
    assert isinstance(page, Page)
    cells = (Cell(0, "name"), Cell(0, "id"))
    level = Level(0, binding, None, (), cells, (), Object(()))
    request = Request(binding, page, (), keys, Cursors(b"secret", []), 5, backward, None, None)
    columns = left_to_sort(level, request, sqlite.dialect() if on == "sqlite" else postgresql.dialect())
    assert columns in {(), (2, 1)}  # the parent's place stands behind the cells
    return bool(columns)


def test_only_the_rising_order_of_a_key_that_is_no_text_is_left_to_python() -> None:
    rising, falling = Key("id"), Key("id", descending=True)

    assert sorted_here(rising)
    assert sorted_here(falling, backward=True)
    assert not sorted_here(rising, backward=True)
    assert not sorted_here(falling)
    assert not sorted_here(Key("name"))
    assert not sorted_here(rising, Key("name"))
    assert not sorted_here(rising, on="sqlite")
