"""A library with its tables, on the database of the run."""

from collections.abc import AsyncIterator

import pytest
from support.library.engines import Library, open_library


@pytest.fixture
async def library(empty_database_url: str) -> AsyncIterator[Library]:
    async with open_library(empty_database_url) as opened:
        yield opened
