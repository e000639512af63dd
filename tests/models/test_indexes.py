"""What a list costs follows from the rows it gives, not from the table: indexes serve filters and orders.

The lists, their filters and orders are found in the bindings: a new one without an index, or without a value
to be tried with, fails here. Each question is asked of a crowd of rows, then of one four times as large.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry
from support import crowd
from support.databases import Databases
from support.lists import FEW, MOST, Asked, lists, offered, orders, values_of
from support.plans import Look, look

pytestmark = pytest.mark.timeout(900)  # the crowd takes a busy machine minutes to make

ROWS, MORE_ROWS = 10_000, 40_000
GROWTH = 1.5
"""Of the effort at most; four times as many rows make a tree of an index hardly deeper."""
SLACK = {"sqlite": 2_000, "postgresql": 100}
"""Steps and rows: a fifteenth and a hundredth of what reading the smaller table once takes."""

# What is made of every customer there is, in test_coverage_cost.py.
LISTS = [each for each in lists() if each.name != "Query.agreement_coverage"]
# Where the table tells all the same, and why.
#
# SQLite does not know how rare a value is. It goes through the agreements of the template for what it is not
# given a second index for: best where there are few, and all of those indexes would cost more than they give.
IN_A_TEMPLATE = {"status_reason", "awaiting_signature", "executed_from", "executed_to"}
# It takes the index on days for a range of days, be it wide or narrow, and sorts what it finds by id.
RANGES = {"executed_from", "executed_to"}
# PostgreSQL reads numbers as they stand in the table, which it expects to come soon to twenty of a template:
# it has as many as others have on average in mind, and for a rare one passes over nearly all there are.
OF_A_TEMPLATE_BY_NUMBER = re.compile(r"AgreementTemplate\.agreements.* by NUMBER")
# It expects to find half of the rows that do not wait for a person, and reads those before the others.
UNCERTAIN = {"awaiting_manual_work"}

# Whatever else is asked for with them, few rows are left.
TELLING = {"account_id", "provider_account_id", "tagged_on", "search"}


@dataclass
class Crowds:
    """The same questions to a crowd, and to one four times as large."""

    dialect: str
    small: dict[str, Look]
    large: dict[str, Look]

    def that_grow(self, asked: Iterable[Asked]) -> list[str]:
        """Of these questions those that cost more in the larger crowd, with what they cost."""
        found: list[str] = []
        for name in (each.name for each in asked):
            if self.dialect == "postgresql" and OF_A_TEMPLATE_BY_NUMBER.match(name):
                continue
            before, after = self.small[name].effort, self.large[name].effort
            if after > before * GROWTH + SLACK[self.dialect]:
                found.append(f"{name}: {before:.0f} -> {after:.0f}")
        return found

    def plans(self, asked: Iterable[Asked]) -> Iterator[tuple[str, list[str]]]:
        for each in asked:
            yield each.name, self.large[each.name].steps


def filtered(values: dict[type, dict[str, object]]) -> Iterator[Asked]:
    for each in LISTS:
        for name, value in values_of(each, values).items():
            yield each.filtered(**{name: value})


def few() -> Iterator[Asked]:
    """Lists of what few rows have: in each order one way, the other is the same."""
    for each in filtered(FEW):
        yield each.counted()
        yield from (order for order in orders(each) if not order.name.endswith("DESC"))


def most(*, ordered: bool) -> Iterator[Asked]:
    for each in filtered(MOST):
        in_one_direction = (order for order in orders(each) if not order.name.endswith("DESC"))
        yield from (order for order in in_one_direction if ordered or order is each)


def in_order() -> Iterator[Asked]:
    for each in LISTS:
        yield from orders(each, pairs=each.name in {"Query.agreements", "AgreementTemplate.agreements"})


def telling() -> Iterator[Asked]:
    """Lists of what few rows have and most: a telling condition with each other one."""
    for each in LISTS:
        if each.page.link is None:
            some, others = values_of(each, FEW), values_of(each, MOST)
            for name in TELLING & set(some):
                for other in set(others) - {name, *UNCERTAIN}:
                    yield each.filtered(**{name: some[name], other: others[other]})


@pytest.fixture(scope="module")
def crowds(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crowds]:
    fresh = databases.fresh(tmp_path_factory.mktemp("crowd"))
    url = make_url(next(fresh))
    driver = "sqlite" if url.get_backend_name() == "sqlite" else "postgresql+psycopg"
    # Each question is asked of both crowds: what SQLAlchemy has made of it is kept until then.
    engine = create_engine(url.set(drivername=driver), query_cache_size=5_000)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _write_quickly)
    with engine.begin() as connection:
        crowd.fill(connection, ROWS)
    questions = _questions(engine)
    small = _look_at(engine, questions)
    with engine.begin() as connection:
        crowd.grow(connection, ROWS, MORE_ROWS)
    yield Crowds(engine.dialect.name, small, _look_at(engine, questions))
    engine.dispose()
    for _ in fresh:
        pass


def _write_quickly(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    """Keep the indexes in memory, which grow at random places, and do not wait for the disk."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA cache_size = -262144")
    cursor.execute("PRAGMA synchronous = OFF")
    cursor.close()


def _questions(engine: Engine) -> list[Asked]:
    sets = (few(), most(ordered=engine.dialect.name == "postgresql"), telling(), in_order())
    made = [each for questions in sets for each in questions]
    with engine.connect() as connection:
        return [*made, *(beyond for each in in_order() for beyond in each.beyond(connection))]


def _look_at(engine: Engine, questions: list[Asked]) -> dict[str, Look]:
    with engine.connect() as connection:
        return {each.name: _look(connection, each) for each in questions}


def _look(connection: Connection, asked: Asked) -> Look:
    return look(connection, asked.statement(connection.dialect))


def test_every_condition_that_is_offered_is_tried() -> None:
    for each in LISTS:
        known = set(values_of(each, FEW)) | set(values_of(each, MOST))
        assert known == set(offered(each)), each.name


def test_what_few_rows_have_is_what_few_rows_have(crowds: Crowds) -> None:
    found = {each.name: crowds.large[each.name] for each in few() if each.page.link is None}

    assert {name: seen.rows for name, seen in found.items() if not seen.rows} == {}
    assert {name: seen.rows[0][0] for name, seen in found.items() if name.endswith("how many")} == {
        name: crowds.small[name].rows[0][0] for name in found if name.endswith("how many")
    }


def test_what_few_rows_have_is_found_by_an_index(crowds: Crowds) -> None:
    read_whole = [name for name, steps in crowds.plans(few()) if any(map(_reads_a_table, steps))]

    assert read_whole == []


def test_what_few_rows_have_costs_no_more_in_a_larger_table(crowds: Crowds) -> None:
    def is_bounded(asked: Asked) -> bool:
        if crowds.dialect != "sqlite" or asked.page.name != "agreements" or "Template." not in asked.name:
            return True
        return asked.conditions <= IN_A_TEMPLATE and "order_by" not in asked.arguments

    assert crowds.that_grow(filter(is_bounded, few())) == []


def test_a_telling_condition_is_what_rows_are_found_by_whatever_else_is_asked(crowds: Crowds) -> None:
    assert crowds.that_grow(telling()) == []


def test_what_most_rows_have_is_read_from_the_start_of_the_list(crowds: Crowds) -> None:
    """By id, as lists come unless it is asked otherwise; SQLite sorts what it finds if it is."""
    if crowds.dialect == "sqlite":
        by_id = (each for each in most(ordered=False) if not each.conditions & RANGES)
        assert crowds.that_grow(by_id) == []
    else:
        assert crowds.that_grow(most(ordered=True)) == []


def test_no_order_sorts_a_table(crowds: Crowds) -> None:
    sort = {"sqlite": "USE TEMP B-TREE FOR ORDER BY", "postgresql": "Sort"}[crowds.dialect]
    of_root = [each for each in in_order() if each.page.link is None and each.name != "Query.providers"]

    assert [name for name, steps in crowds.plans(of_root) if sort in steps] == []


def test_no_page_of_an_order_costs_more_in_a_larger_table(crowds: Crowds) -> None:
    pages = [name for name in crowds.large if name.endswith((" after", " before"))]

    assert len(pages) > len([*in_order()])
    assert crowds.that_grow(in_order()) == []
    assert crowds.that_grow([Asked(name, LISTS[0].page) for name in pages]) == []


def _reads_a_table(step: str) -> bool:
    """Whether a whole table is read, or a whole index; the providers are few."""
    return bool(re.match(r"SCAN (?!anon_|providers)|Seq Scan (?!providers)", step))
