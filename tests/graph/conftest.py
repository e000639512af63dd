"""A library with its tables, on the database of the run."""

import gc
from collections.abc import AsyncIterator, Iterator

import pytest
from support.library.engines import Library, open_library


@pytest.fixture
def young_heap() -> Iterator[None]:
    """Keep the collector from looking through what the tests before have left: that takes its time, too."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture
async def library(request: pytest.FixtureRequest, empty_database_url: str) -> AsyncIterator[Library]:
    """A library whose queries graphql-core answers; with the parameter true, plans do."""
    async with open_library(empty_database_url, plans=getattr(request, "param", False)) as opened:
        yield opened
