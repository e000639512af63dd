"""Plans beside writers, and very many of them: each answer is one snapshot, and what is kept is bounded."""

import asyncio
import gc
import json
import os
from collections import Counter
from itertools import count

from sqlalchemy import update
from support.differential import shelves
from support.differential.both import Both
from support.differential.engines import both_engines, library_context
from support.library.engines import SCHEMA
from support.library.models import Author, Book
from support.patience import PATIENCE_SECONDS

import graph
from agreements_api.database import PLAN_CONNECTIONS, Database
from graph.compiler.bound import BoundPage, BoundRows
from graph.compiler.plan import Plan

READERS = PLAN_CONNECTIONS + 4  # on PostgreSQL some wait, and begin with what ends the snapshot of another
VERSIONS = 25
DOCUMENTS = int(os.environ.get("DIFFERENTIAL_DOCUMENTS", "2500"))
NAMES = (
    (
        "{ books(first: 30) { edges { node { name author { name } } } } authors { edges { node { name } } }"
        "  tags { edges { node { books { edges { node { name author { name mentor { name } } } } } } } } }"
    ),
    "{ authors(first: 20) { edges { node { name books { edges { node { name author { name } } } } } } } }",
)


async def test_each_answer_is_one_snapshot(empty_database_url: str) -> None:
    async with Database(empty_database_url) as database:
        await shelves.fill(database)
        await rename(database, "v")
        both = both_engines(SCHEMA(), library_context(database))
        answers: list[set[str]] = []
        async with asyncio.timeout(PATIENCE_SECONDS * 2):
            writing = asyncio.create_task(rename_often(database, answers))
            await asyncio.gather(writing, *(read_until(writing, both, answers) for _ in range(READERS)))

    assert all(len(versions) == 1 for versions in answers), [each for each in answers if len(each) > 1]
    assert both.plans.counts.planned == len(answers)


async def read_until(done: asyncio.Task[None], both: Both, answers: list[set[str]]) -> None:
    """Note the names in each of many answers; all rows of the database have the same name at any time."""
    while not done.done():
        answers.append(names_in(json.loads(await run(both, NAMES[len(answers) % 2]))["data"]))


async def run(both: Both, query: str) -> bytes:
    context = both.context(restricted=False)
    operation = both.planned.prepare(graph.GraphQLRequest(query), "request-1")
    assert isinstance(operation, graph.Operation), operation
    return (await both.planned.run(operation, context)).body


def names_in(value: object) -> set[str]:
    match value:
        case dict():
            return set().union(*map(names_in, value.values()))
        case list():
            return set().union(*map(names_in, value))
        case str():
            return {value}
        case _:
            return set()


async def rename_often(database: Database, answers: list[set[str]]) -> None:
    """Rename until the readers have met many versions, however seldom a turn of theirs comes."""
    for version in count():
        await rename(database, f"v{version}")
        await asyncio.sleep(0.01)
        if version > VERSIONS and len(set().union(*answers)) > VERSIONS / 4:
            return


async def rename(database: Database, name: str) -> None:
    """Give every book and author the same name, in one transaction."""
    async with database.writes.begin() as connection:
        await connection.execute(update(Book).values(title=name))
        await asyncio.sleep(0.001)
        await connection.execute(update(Author).values(name=name))


async def test_what_is_kept_of_very_many_documents_is_bounded(empty_database_url: str) -> None:
    before = what_is_kept()
    async with Database(empty_database_url) as database:
        await shelves.fill(database)
        both = both_engines(SCHEMA(), library_context(database))
        for number in range(DOCUMENTS):
            answer = await run(both, f"{{ a{number}: books(first: {number % 200}) {{ totalCount }} }}")
            assert b"errors" not in answer

    kept = what_is_kept() - before  # by other tests' engines
    assert both.plans.counts.planned == DOCUMENTS
    # Those that are kept, and what the last operation may still hold.
    assert 0 < kept[Plan] <= 1_000 + 10
    assert 0 < kept[BoundPage] + kept[BoundRows] <= 1_000 + 10


def what_is_kept() -> Counter[type]:
    gc.collect()
    return Counter(type(each) for each in gc.get_objects() if isinstance(each, Plan | BoundPage | BoundRows))
