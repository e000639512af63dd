"""The application as it is composed for use, on the database of the run."""

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
from pydantic import SecretStr
from support.api import Api

from agreements_api.app import make_app
from agreements_api.services import Services, open_services
from agreements_api.settings import Settings
from resolvers.context import Context


@pytest.fixture
def settings(database_url: str) -> Settings:
    return Settings(
        database_url=database_url,
        secret_key=SecretStr("a secret of the tests, long enough"),
        queue_polling_interval=timedelta(milliseconds=10),
    )


@pytest.fixture
async def services(settings: Settings) -> AsyncIterator[Services]:
    """Everything but the job engine: work is handed over and stays queued."""
    async with open_services(settings, run_jobs=False) as opened:
        yield opened


@pytest.fixture
async def api(services: Services) -> AsyncIterator[Api]:
    async with a_client(services) as client:
        yield Api(client, services.context(), services.database.reads)


@pytest.fixture
def context(api: Api) -> Context:
    return api.context


def a_client(services: Services) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=make_app(services))
    return httpx.AsyncClient(transport=transport, base_url="http://localhost", timeout=30)
