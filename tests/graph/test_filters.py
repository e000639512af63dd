"""Each condition of a filter keeps the rows it says; absent and null keep all."""

from datetime import date
from typing import Any

import pytest
from support.library.engines import Library, number
from support.library.models import Author, Book, Publisher, Tag, book_tags
from support.library.seed import shown

from graph import encode_id

pytestmark = pytest.mark.parametrize("library", [False, True], ids=["core", "plans"], indirect=True)

ASK = "query ($filter: BookFilter) { books(filter: $filter) { totalCount edges { node { name } } } }"


@pytest.fixture
async def stocked(library: Library) -> Library:
    """Book a: printed, tagged 1, long; b: an unprinted draft, tagged 2; c: printed, by another author."""
    await library.add(Publisher, [{"id": number(1), "name": "house"}])
    await library.add(Author, [{"id": number(i), "name": f"{i}", "publisher_id": number(1)} for i in (1, 2)])
    await library.add(Tag, [{"id": number(i), "label": f"{i}", "secret": i == 2} for i in (1, 2)])
    common = {"author_id": number(1), "pages": 10, "status": "PRINTED"}
    await library.add(
        Book,
        [
            {**common, "id": number(1), "title": "a", "printed_on": date(2020, 1, 1), "pages": 101},
            {**common, "id": number(2), "title": "b", "printed_on": None, "status": "DRAFT"},
            {**common, "id": number(3), "title": "c", "printed_on": date(2021, 1, 1), "author_id": number(2)},
        ],
    )
    async with library.writes.begin() as connection:
        pairs = [{"book_id": number(1), "tag_id": number(1)}, {"book_id": number(2), "tag_id": number(2)}]
        await connection.execute(book_tags.insert(), pairs)
    return library


@pytest.mark.parametrize(
    ("filter", "titles"),
    [
        (None, "abc"),
        ({}, "abc"),
        ({"status": None, "tagged": None}, "abc"),
        ({"status": "DRAFT"}, "b"),
        ({"notStatus": "DRAFT"}, "ac"),
        ({"authorId": encode_id("Author", number(2))}, "c"),
        ({"authorIds": [encode_id("Author", number(2)), encode_id("Author", number(9))]}, "c"),
        ({"authorIds": []}, ""),
        ({"printedFrom": "2020-06-01"}, "c"),
        ({"printedFrom": "2020-01-01", "printedTo": "2020-01-01"}, "a"),
        ({"unprinted": True}, "b"),
        ({"unprinted": False}, "ac"),
        ({"printed": True}, "ac"),
        ({"printed": False}, "b"),
        ({"long": True}, "a"),
        ({"long": False}, "bc"),
        ({"tagged": encode_id("Tag", number(1))}, "a"),
        ({"notTagged": encode_id("Tag", number(1))}, "bc"),
        ({"tagged": encode_id("Tag", number(9))}, ""),
        ({"titled": "c", "printed": True}, "c"),
    ],
)
async def test_a_filter_keeps_its_rows(stocked: Library, filter: Any, titles: str) -> None:
    page = (await stocked.data(ASK, filter=filter))["books"]

    assert "".join(shown(page)) == titles
    assert page["totalCount"] == len(titles)


async def test_a_tag_that_the_caller_does_not_see_is_no_tag(stocked: Library) -> None:
    secret = encode_id("Tag", number(2))

    tagged = await stocked.data(ASK, filter={"tagged": secret}, restricted=True)
    without = await stocked.data(ASK, filter={"notTagged": secret}, restricted=True)

    assert shown(tagged["books"]) == []
    assert shown(without["books"]) == ["a", "b", "c"]
    assert shown((await stocked.data(ASK, filter={"tagged": secret}))["books"]) == ["b"]


async def test_a_relation_to_many_rows_of_one_parent_can_be_asked_for(stocked: Library) -> None:
    ask = "query ($filter: AuthorFilter) { authors(filter: $filter) { edges { node { name } } } }"
    book = encode_id("Book", number(3))

    assert shown((await stocked.data(ask, filter={"wrote": book}))["authors"]) == ["2"]
    assert shown((await stocked.data(ask, filter={"notWrote": book}))["authors"]) == ["1"]
    assert await stocked.code(ask, filter={"wrote": encode_id("Tag", number(1))}) == "BAD_ID"
