"""The application as it is composed for use, on the database of the run."""

from collections.abc import AsyncIterator

import pytest
from support.api import Api, an_api

from resolvers.context import Context


@pytest.fixture
async def api(request: pytest.FixtureRequest, database_url: str) -> AsyncIterator[Api]:
    """The application; with the parameter false, without the compiler."""
    async with an_api(database_url, compiler=getattr(request, "param", True)) as opened:
        yield opened


@pytest.fixture
def context(api: Api) -> Context:
    return api.context
