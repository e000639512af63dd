"""A library with its tables, on the database of the run."""

from collections.abc import AsyncIterator

import pytest
from support.library.engines import Library, open_library


@pytest.fixture
async def library(request: pytest.FixtureRequest, empty_database_url: str) -> AsyncIterator[Library]:
    """A library whose queries graphql-core answers; with the parameter true, plans do."""
    async with open_library(empty_database_url, plans=getattr(request, "param", False)) as opened:
        yield opened
