"""The application as it is composed for use, on the database of the run."""

from collections.abc import AsyncIterator

import pytest
from support.api import Api, an_api

from resolvers.context import Context


@pytest.fixture
async def api(database_url: str) -> AsyncIterator[Api]:
    async with an_api(database_url) as opened:
        yield opened


@pytest.fixture
def context(api: Api) -> Context:
    return api.context
