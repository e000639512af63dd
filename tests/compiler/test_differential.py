"""Whatever is asked, a plan answers as graphql-core does, to the order of keys and the messages of errors.

DIFFERENTIAL_DOCUMENTS sets how many documents are asked, for a run of hours; DIFFERENTIAL_SEED the first.
"""

import os
import re

import pytest
from support.differential import by_hand
from support.differential.course import Runner
from support.differential.cursors import known_cursors
from support.differential.damage import UNREADABLE_ON_POSTGRESQL, UNREADABLE_ON_SQLITE
from support.differential.engines import books_context, both_engines, library_context
from support.differential.stock import Stock
from support.library.engines import SCHEMA

from agreements_api.database import Database
from graph import GraphQLRequest
from schema import build_schema

# graphql-core drops the fields that are beside one that failed. Python 3.13 says so in a way of its own where
# that is noticed while something else goes on.
pytestmark = [
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning"),
    pytest.mark.filterwarnings(
        "ignore:Exception ignored in. <coroutine object:pytest.PytestUnraisableExceptionWarning"
    ),
]

DOCUMENTS = int(os.environ.get("DIFFERENTIAL_DOCUMENTS", "1100"))
FIRST_SEED = int(os.environ.get("DIFFERENTIAL_SEED", "1"))
ENOUGH = int(os.environ.get("DIFFERENTIAL_ENOUGH", "3"))
"""Differences to look for, each made small."""
LEAVE_SECONDS = max(900, DOCUMENTS)
PLAIN = r"@defer|@stream|\b(__schema|__type"
"""What plans leave to graphql-core; the rest is of each schema."""

EVERYTHING = (
    *("accounts", "agreements", "agreementTemplates", "billingContracts", "jobs", "providers"),
    "providerAccounts",
)


async def follow(runner: Runner, documents: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Ask documents; say each thousand how it goes, and at the end what differs."""
    for number, seed in enumerate(range(FIRST_SEED, FIRST_SEED + documents), 1):
        await runner.run(seed)
        if number % 1_000 == 0:
            with capsys.disabled():
                print(f"\nseeds {FIRST_SEED} to {seed}: {runner.told}", end="")  # noqa: T201  # it may take hours
        if len(runner.course.differences) >= ENOUGH:
            break
    assert not runner.course.differences, "\n\n".join(map(str, runner.course.differences))


@pytest.mark.timeout(LEAVE_SECONDS)
async def test_the_api_answers_the_same_with_plans(
    books_of_a_partner: tuple[str, Stock], capsys: pytest.CaptureFixture[str]
) -> None:
    url, stock = books_of_a_partner
    async with Database(url) as database:
        schema = build_schema()
        both = both_engines(schema, books_context(database))
        stock.cursors.update(await known_cursors(both, *EVERYTHING))
        runner = Runner(both, schema.core, stock, custom=re.compile(rf"{PLAIN}|viewer|downloadUrl)\b"))
        await follow(runner, DOCUMENTS, capsys)

    course = runner.course
    assert course.ran >= 0.92 * DOCUMENTS, runner.told
    assert course.planned >= 0.95 * (course.planned + len(course.unplanned)), runner.told
    assert course.planned >= 0.4 * course.ran, runner.told


@pytest.mark.timeout(LEAVE_SECONDS)
async def test_damaged_rows_are_answered_the_same_with_plans(
    damaged_books: tuple[str, Stock], capsys: pytest.CaptureFixture[str]
) -> None:
    url, stock = damaged_books
    documents = DOCUMENTS // 8
    async with Database(url) as database:
        schema = build_schema()
        both = both_engines(schema, books_context(database))
        runner = Runner(both, schema.core, stock, custom=re.compile(rf"{PLAIN}|viewer|downloadUrl)\b"))
        await follow(runner, documents, capsys)
        for each in by_hand.OF_DAMAGED_ROWS:
            assert await both.difference(GraphQLRequest(each), planned_first=True) is None, each

    assert both.told["abandoned with errors"] >= documents / 3, runner.told
    assert both.told["planned"] >= documents / 3, runner.told


async def test_rare_documents_are_answered_the_same_with_plans(
    books_of_a_partner: tuple[str, Stock],
) -> None:
    url, stock = books_of_a_partner
    async with Database(url) as database:
        both = both_engines(build_schema(), books_context(database))
        documents = by_hand.documents(stock)
        too_many = by_hand.nodes([stock.ids["Agreement"][0]] * (by_hand.MOST_IDS + 1))
        asked = [GraphQLRequest(each) for each in (*documents, too_many)]
        found = [await both.difference(each, planned_first=True) for each in asked]

    assert not any(found), "\n\n".join(map(str, filter(None, found)))
    assert both.told == {"planned": len(documents), "abandoned with errors": 1}


async def test_what_cannot_be_read_is_told_the_same_with_plans(unreadable_books: tuple[str, Stock]) -> None:
    url, _ = unreadable_books
    async with Database(url) as database:
        both = both_engines(build_schema(), books_context(database))
        queries = UNREADABLE_ON_SQLITE if database.is_sqlite else UNREADABLE_ON_POSTGRESQL
        asked = [GraphQLRequest(f"{{ {query} }}") for query in queries.values()]
        found = [await both.difference(each, planned_first=True) for each in asked]

    assert not any(found), "\n\n".join(map(str, filter(None, found)))
    assert both.told == {"abandoned with errors": len(queries)}


@pytest.mark.timeout(LEAVE_SECONDS)
async def test_callers_who_see_different_rows_share_plans(
    secret_shelves: tuple[str, Stock], capsys: pytest.CaptureFixture[str]
) -> None:
    url, stock = secret_shelves
    documents = DOCUMENTS // 6
    async with Database(url) as database:
        schema = SCHEMA()
        both = both_engines(schema, library_context(database))
        runner = Runner(
            both,
            schema.core,
            stock,
            custom=re.compile(rf"{PLAIN}|shout|fullName|unreadable|failure)\b"),
            callers=({"restricted": True}, {"restricted": False}),
        )
        await follow(runner, documents, capsys)
        for each in by_hand.OF_SECRET_ROWS:
            for restricted in (True, False):
                asked = GraphQLRequest(each)
                found = await both.difference(asked, planned_first=True, restricted=restricted)
                assert found is None, found

    course = runner.course
    assert runner.apart >= documents / 4, runner.told
    assert course.planned >= 0.95 * (course.planned + len(course.unplanned)), runner.told
