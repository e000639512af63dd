"""Pages hold still: whatever is written between two of them, each stable row comes once, in one order."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, update
from support.library.engines import Library, number
from support.library.models import Author, Book, Publisher, Tag
from support.library.seed import fill, shown

import graph
from graph import encode_id

HEAD = "query ($first: Int, $after: String, $last: Int, $before: String, $order: [BookOrder!], $id: ID!)"
PART = """{
    totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node { id } }
}"""
PLACE = "first: $first, after: $after, last: $last, before: $before, orderBy: $order"
WALKS = {
    "root": f"{HEAD} {{ page: books({PLACE}, filter: {{authorId: $id}}) {PART} }}",
    "nested": f"{HEAD} {{ author(id: $id) {{ page: books({PLACE}) {PART} }} }}",
}

# Byte order, locale order and case-blind order of these differ.
titles = st.sampled_from(["", "a", "B", "b", "Z", "ä", "Ä", "zz", "~", "\U0001f600"])
days = st.sampled_from([None, date(2020, 1, 1), date(2024, 2, 29), date.max])
books = st.fixed_dictionaries({"title": titles, "pages": st.integers(0, 2), "printed_on": days})
orders = st.lists(
    st.tuples(st.sampled_from(["TITLE", "PAGES", "PRINTED_ON"]), st.sampled_from(["ASC", "DESC"])),
    max_size=3,
    unique_by=lambda key: key[0],
)

pytestmark = pytest.mark.parametrize("library", [False, True], ids=["core", "plans"], indirect=True)
writes = st.lists(st.tuples(st.sampled_from(["insert", "delete", "update"]), books), max_size=4)


@dataclass
class Walk:
    """One way through a connection."""

    stable: list[dict[str, Any]]
    passing: list[dict[str, Any]]
    order: list[tuple[str, str]]
    size: int
    backward: bool
    writes: list[list[tuple[str, dict[str, Any]]]]


@st.composite
def walks(draw: st.DrawFn) -> Walk:
    ids = draw(st.permutations(range(1, 21)))
    stable = draw(st.lists(books, max_size=8))
    passing = draw(st.lists(books, max_size=5))
    return Walk(
        [{"id": number(ids[i]), "author_id": number(1), **row} for i, row in enumerate(stable)],
        [{"id": number(ids[10 + i]), "author_id": number(1), **row} for i, row in enumerate(passing)],
        draw(orders),
        draw(st.integers(1, 3)),
        draw(st.booleans()),
        draw(st.lists(writes, max_size=4)),
    )


def expected(walk: Walk) -> list[str]:
    """The stable rows in the order asked for, by Python's own sort."""
    rows = list(walk.stable)
    last = walk.order[-1][1] if walk.order else "ASC"
    for name, direction in reversed([*walk.order, ("ID", last)]):
        rows.sort(key=lambda row, name=name: sort_key(row, name), reverse=direction == "DESC")
    return [encode_id("Book", row["id"]) for row in rows]


def sort_key(row: dict[str, Any], name: str) -> Any:
    match name:
        case "TITLE":
            return row["title"].encode()
        case "PAGES":
            return row["pages"]
        case "PRINTED_ON":
            return row["printed_on"] or date.max
        case _:
            return row["id"].int


async def start(library: Library, walk: Walk) -> None:
    """Replace all rows by those of the walk, and one of another author."""
    authors = [{"id": number(i), "name": "a", "publisher_id": number(1)} for i in (1, 2)]
    other = {"id": number(500), "title": "b", "author_id": number(2), "pages": 0, "printed_on": None}
    async with library.writes.begin() as connection:
        for model in (Book, Author, Publisher):
            await connection.execute(delete(model))
        await connection.execute(insert(Publisher).values(id=number(1), name="house"))
        await connection.execute(insert(Author), authors)
        await connection.execute(insert(Book), [other, *walk.stable, *walk.passing])


async def write(library: Library, walk: Walk, step: int) -> None:
    """What happens between two pages; the stable rows stay as they are."""
    if step >= len(walk.writes) or not walk.writes[step]:
        return
    async with library.writes.begin() as connection:
        for n, (kind, row) in enumerate(walk.writes[step]):
            target = number(walk.passing[n % len(walk.passing)]["id"].int) if walk.passing else number(0)
            if kind == "insert":
                values = {"id": number(1000 + step * 10 + n), "author_id": number(1), **row}
                await connection.execute(insert(Book).values(values))
            elif kind == "delete":
                await connection.execute(delete(Book).where(Book.id == target))
            else:
                await connection.execute(update(Book).where(Book.id == target).values(row))


@pytest.mark.parametrize("place", WALKS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(walk=walks())
async def test_every_stable_row_comes_exactly_once(library: Library, place: str, walk: Walk) -> None:
    await start(library, walk)

    seen: list[str] = []
    size, bound, end = ("last", "before", "startCursor") if walk.backward else ("first", "after", "endCursor")
    more = "hasPreviousPage" if walk.backward else "hasNextPage"
    variables: dict[str, Any] = {
        "id": encode_id("Author", number(1)),
        "order": [{"field": field, "direction": direction} for field, direction in walk.order],
        size: walk.size,
    }
    for step in range(100):
        data = await library.data(WALKS[place], **variables)
        page = (data.get("author") or data)["page"]
        ids = [edge["node"]["id"] for edge in page["edges"]]
        seen = [*ids, *seen] if walk.backward else [*seen, *ids]
        if not page["pageInfo"][more]:
            break
        assert len(ids) == walk.size
        variables[bound] = page["pageInfo"][end]
        await write(library, walk, step)

    stable = expected(walk)
    assert [each for each in seen if each in stable] == stable


PAGE = """query ($first: Int, $after: String, $last: Int, $before: String) {
    tags(first: $first, after: $after, last: $last, before: $before) {
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node { label } } } }"""


async def stock(library: Library, count: int) -> list[str]:
    """Tags a, b, c …, which come last one first; gives their cursors in that order."""
    await library.add(Tag, [{"id": number(i), "label": chr(97 + i)} for i in range(count)])
    data = await library.data(PAGE)
    return [edge["cursor"] for edge in data["tags"]["edges"]]


@pytest.mark.parametrize(
    ("arguments", "labels", "has_next", "has_previous"),
    [
        ({}, "edcba", False, False),
        ({"first": 2}, "ed", True, False),
        ({"first": 2, "after": 1}, "cb", True, True),
        ({"first": 2, "after": 2}, "ba", False, True),
        ({"last": 2}, "ba", False, True),
        ({"last": 2, "before": 3}, "dc", True, True),
        ({"last": 2, "before": 2}, "ed", True, False),
        ({"before": 2}, "ed", True, False),
        ({"first": 5, "after": 0, "before": 4}, "dcb", True, True),
        ({"last": 1, "after": 0, "before": 4}, "b", True, True),
        ({"first": 0}, "", True, False),
        ({"last": 0}, "", False, True),
        ({"first": 5, "after": 4}, "", False, True),
        ({"first": None, "after": None}, "edcba", False, False),
    ],
)
async def test_a_page_knows_what_is_around_it(
    library: Library,
    arguments: dict[str, Any],
    labels: str,
    has_next: bool,  # noqa: FBT001  # expected values
    has_previous: bool,  # noqa: FBT001  # expected values
) -> None:
    cursors = await stock(library, 5)
    for name in {"after", "before"} & set(arguments):
        arguments = {**arguments, name: None if arguments[name] is None else cursors[arguments[name]]}

    page = (await library.data(PAGE, **arguments))["tags"]

    assert "".join(shown(page, "label")) == labels
    info = page["pageInfo"]
    assert (info["hasNextPage"], info["hasPreviousPage"]) == (has_next, has_previous)
    ends = [edge["cursor"] for edge in page["edges"]] or [None]
    assert (info["startCursor"], info["endCursor"]) == (ends[0], ends[-1])


async def test_an_empty_connection_is_an_empty_page(library: Library) -> None:
    assert await library.data(
        "{ tags { totalCount edges { cursor } pageInfo { hasNextPage endCursor } } }"
    ) == {"tags": {"totalCount": 0, "edges": [], "pageInfo": {"hasNextPage": False, "endCursor": None}}}


async def test_pages_have_default_sizes(library: Library) -> None:
    await library.add(Publisher, [{"id": number(1), "name": "house"}])
    await library.add(
        Author, [{"id": number(i), "name": f"{i:03}", "publisher_id": number(1)} for i in range(60)]
    )

    data = await library.data(
        "{ authors { edges { cursor } } publishers { edges { node { authors { edges { cursor } } } } } }"
    )

    assert len(data["authors"]["edges"]) == 50
    assert len(data["publishers"]["edges"][0]["node"]["authors"]["edges"]) == 10


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("first: -1", "BAD_PAGE"),
        ("last: -1", "BAD_PAGE"),
        ("first: 1, last: 1", "BAD_PAGE"),
        ("first: 201", "PAGE_TOO_LARGE"),
        ("last: 201", "PAGE_TOO_LARGE"),
        ('after: ""', "BAD_CURSOR"),
        ('after: "ä"', "BAD_CURSOR"),
        ('before: "AAAA"', "BAD_CURSOR"),
        ("orderBy: [{field: PAGES}, {field: PAGES, direction: DESC}]", "BAD_ORDER"),
        ('filter: {authorId: "nonsense"}', "BAD_ID"),
    ],
)
async def test_arguments_that_make_no_sense_are_refused(library: Library, arguments: str, code: str) -> None:
    assert await library.code(f"{{ books({arguments}) {{ totalCount }} }}") == code
    assert library.statements == []


async def test_limits_are_the_readers(library: Library) -> None:
    limits = graph.Limits(page_size=3, ids=1)

    assert await library.code("{ books(first: 4) { totalCount } }", limits=limits) == "PAGE_TOO_LARGE"
    await stock(library, 5)
    data = await library.data("{ tags { edges { cursor } } }", limits=limits)
    assert len(data["tags"]["edges"]) == 3


async def test_a_cursor_serves_its_own_connection_order_and_filter_only(library: Library) -> None:
    await fill(library, 1)
    kept = "after: $after, filter: {long: true}, orderBy: [{field: TITLE}]"
    ask = f"query ($after: String) {{ books({kept}) {{ edges {{ cursor }} }} }}"
    [edge] = (await library.data(ask))["books"]["edges"]
    cursor = edge["cursor"]

    assert await library.data(ask, after=cursor) == {"books": {"edges": []}}
    for other in (
        "books(after: $after, filter: {long: true}) { totalCount }",
        "books(after: $after, filter: {long: true}, orderBy: {field: TITLE, direction: DESC}) { totalCount }",
        "books(after: $after, filter: {long: false}, orderBy: [{field: TITLE}]) { totalCount }",
        "books(after: $after, orderBy: [{field: TITLE}]) { totalCount }",
        "authors(after: $after) { totalCount }",
        f"authors {{ edges {{ node {{ books({kept}) {{ totalCount }} }} }} }}",
    ):
        assert await library.code(f"query ($after: String) {{ {other} }}", after=cursor) == "BAD_CURSOR"
    for place in range(len(cursor)):
        altered = cursor[:place] + ("A" if cursor[place] != "A" else "B") + cursor[place + 1 :]
        assert await library.code(ask, after=altered) == "BAD_CURSOR"
    for altered in (cursor + "A", cursor[:-1], cursor + "=", cursor + "\n", "A" * 5000, f" {cursor}"):
        assert await library.code(ask, after=altered) == "BAD_CURSOR"


async def test_a_shelf_without_ids_pages_by_its_whole_key(library: Library) -> None:
    await fill(library, 2)
    ask = """query ($id: ID!, $after: String, $titles: [String!]) {
        shelves(authorId: $id, first: 2, after: $after, titles: $titles) {
            totalCount pageInfo { endCursor } edges { node { title longest author { name } } } } }"""
    author = encode_id("Author", number(1))

    page = (await library.data(ask, id=author))["shelves"]
    rest = (await library.data(ask, id=author, after=page["pageInfo"]["endCursor"]))["shelves"]
    one = (await library.data(ask, id=author, titles=["book 1"]))["shelves"]

    assert page["totalCount"] == 3
    assert shown(page, "title") + shown(rest, "title") == ["book 0", "book 1", "book 2"]
    assert shown(rest, "longest") == [200]
    assert shown(one, "author") == [{"name": "author 001"}]
    assert await library.code(ask, id=encode_id("Book", number(1))) == "BAD_ID"
