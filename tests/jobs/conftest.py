"""A program over the test's database, doing jobs or not."""

from collections.abc import AsyncIterator

import pytest
from support.jobs import Program, a_program


@pytest.fixture
async def program(database_url: str) -> AsyncIterator[Program]:
    async with a_program(database_url) as opened:
        yield opened
