"""What a caller does not see is not there, on every way to it."""

import pytest
from support.library.engines import Library, number
from support.library.models import Author, Book, Publisher, Tag, book_tags
from support.library.seed import shown

from graph import encode_id

pytestmark = pytest.mark.parametrize("library", [False, True], ids=["core", "plans"], indirect=True)

OPEN, SECRET = 1, 2


@pytest.fixture
async def stocked(library: Library) -> Library:
    """Two houses, one secret, each with an author and a book; both books have an open and a secret tag."""
    both = (SECRET, OPEN)
    await library.add(Publisher, [{"id": number(i), "name": f"{i}", "secret": i == SECRET} for i in both])
    await library.add(Tag, [{"id": number(i), "label": f"{i}", "secret": i == SECRET} for i in both])
    mentor = number(SECRET)
    await library.add(
        Author,
        [{"id": number(i), "name": f"{i}", "publisher_id": number(i), "mentor_id": mentor} for i in both],
    )
    await library.add(Book, [{"id": number(i), "title": f"{i}", "author_id": number(i)} for i in both])
    async with library.writes.begin() as connection:
        await connection.execute(
            book_tags.insert(), [{"book_id": number(b), "tag_id": number(t)} for b in both for t in both]
        )
    return library


@pytest.mark.parametrize("restricted", [True, False])
async def test_a_hidden_row_is_on_no_way(stocked: Library, restricted: bool) -> None:  # noqa: FBT001  # both cases
    ids = [encode_id(name, number(SECRET)) for name in ("Publisher", "Author", "Book", "Tag")]
    data = await stocked.data(
        """
        query ($ids: [ID!]!, $author: ID!, $book: ID!, $seen: ID!) {
          nodes(ids: $ids) { id }
          node(id: $book) { id }
          author(id: $author) { id }
          authors { totalCount edges { node { name mentor { id } books { totalCount } } } }
          books { totalCount edges { node { name } } }
          tags { totalCount edges { node { label books { totalCount edges { node { name } } } } } }
          shelves(authorId: $author) { totalCount edges { node { title } } }
          book(id: $seen) { author { publisher { name } } tags { totalCount edges { node { label } } } }
        }
        """,
        restricted=restricted,
        ids=ids,
        author=encode_id("Author", number(SECRET)),
        book=encode_id("Book", number(SECRET)),
        seen=encode_id("Book", number(OPEN)),
    )

    seen = ["1"] if restricted else ["1", "2"]
    assert [node is None for node in [*data["nodes"], data["node"], data["author"]]] == [restricted] * 6
    assert shown(data["authors"]) == shown(data["books"]) == seen
    assert data["authors"]["totalCount"] == data["books"]["totalCount"] == len(seen)
    assert [mentor is None for mentor in shown(data["authors"], "mentor")] == [restricted] * len(seen)
    assert shown(data["tags"], "label") == seen[::-1]
    for books in shown(data["tags"], "books"):
        assert books["totalCount"] == len(seen)
        assert shown(books) == seen
    assert data["shelves"]["totalCount"] == (0 if restricted else 1)
    assert data["book"]["author"] == {"publisher": {"name": "1"}}
    assert data["book"]["tags"]["totalCount"] == len(seen)
    assert shown(data["book"]["tags"], "label") == seen[::-1]


async def test_a_mutation_serves_nothing_that_its_caller_does_not_see(stocked: Library) -> None:
    book = encode_id("Book", number(SECRET))
    ask = 'mutation ($id: ID!) { rename(id: $id, name: "x") { book { id } others { id } } }'

    hidden = await stocked.data(ask, id=book, restricted=True)
    seen = await stocked.data(ask, id=book)

    assert hidden == {"rename": {"book": None, "others": []}}
    assert seen == {"rename": {"book": {"id": book}, "others": [{"id": book}]}}


async def test_whoever_sees_everything_pays_nothing_for_it(stocked: Library) -> None:
    await stocked.data("{ books { edges { node { name } } } }")

    assert "WHERE" not in stocked.statements[0]
