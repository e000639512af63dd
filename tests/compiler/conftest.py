"""Databases that tests only read, made once for all tests of this folder in a run, and what is in them."""

import asyncio
import gc
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeAlias

import pytest
from support.databases import Databases
from support.differential import books, shelves
from support.differential.damage import damage, make_unreadable
from support.differential.stock import Stock

from agreements_api.database import Database

Filled: TypeAlias = tuple[str, Stock]


def pytest_runtest_logfinish(nodeid: str) -> None:
    """Find what graphql-core leaves behind of fields beside one that failed, where that is expected.

    Not in a fixture: until these are gone, pytest keeps what was logged, and with it the failed fields.
    """
    if "/test_differential.py::" in nodeid:  # the collector looks through all that was ever loaded
        gc.collect()


@pytest.fixture(scope="session")
def books_of_a_partner(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    for url in databases.fresh(tmp_path_factory.mktemp("books")):
        yield url, asyncio.run(filled(url, books.fill))


@pytest.fixture(scope="session")
def damaged_books(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    for url in databases.fresh(tmp_path_factory.mktemp("damaged")):
        stock = asyncio.run(filled(url, books.fill))
        asyncio.run(damage(url))
        yield url, stock


@pytest.fixture(scope="session")
def unreadable_books(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    for url in databases.fresh(tmp_path_factory.mktemp("unreadable")):
        stock = asyncio.run(filled(url, books.fill))
        asyncio.run(make_unreadable(url))
        yield url, stock


@pytest.fixture(scope="session")
def secret_shelves(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    for url in databases.empty(tmp_path_factory.mktemp("shelves")):
        yield url, asyncio.run(filled(url, shelves.fill))


async def filled(url: str, fill: Callable[[Database], Awaitable[Stock]]) -> Stock:
    async with Database(url) as database:
        return await fill(database)
