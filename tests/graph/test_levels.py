"""However many parents: one statement for each level and to-one relation, on one snapshot."""

from typing import Any

from support.library.engines import Library, number
from support.library.models import Author, Book, Publisher, Tag, book_tags

from graph import encode_id

DEEP = """
query ($authors: Int!) {
  authors(first: $authors) { edges { node {
    name
    publisher { name }
    mentor { name }
    books(first: 2, orderBy: [{field: TITLE}]) { edges { node {
      name status author { name } tags(first: 1) { edges { node { label } } }
    } } }
  } } }
}
"""


async def fill(library: Library, authors: int) -> None:
    """Authors with three books each, and two tags on every book; every second author has a mentor."""
    await library.add(Publisher, [{"id": number(i), "name": f"house {i}"} for i in range(3)])
    await library.add(Tag, [{"id": number(i), "label": f"tag {i}"} for i in range(2)])
    await library.add(
        Author,
        [
            {
                "id": number(i),
                "name": f"author {i:03}",
                "publisher_id": number(i % 3),
                "mentor_id": number(i - 1) if i % 2 else None,
                "first_name": "Ann" if i else None,
                "last_name": "Bell" if i else None,
                "site_url": "https://example.org" if i else None,
            }
            for i in range(authors)
        ],
    )
    books = [(i, n) for i in range(authors) for n in range(3)]
    await library.add(
        Book,
        [
            {"id": number(i * 10 + n), "title": f"book {n}", "author_id": number(i), "pages": n * 100}
            for i, n in books
        ],
    )
    async with library.writes.begin() as connection:
        await connection.execute(
            book_tags.insert(),
            [{"book_id": number(i * 10 + n), "tag_id": number(t)} for i, n in books for t in range(2)],
        )


def names(connection: dict[str, Any], name: str = "name") -> list[str]:
    return [edge["node"][name] for edge in connection["edges"]]


async def test_200_parents_take_as_many_statements_as_one(library: Library) -> None:
    await fill(library, 200)

    data = await library.data(DEEP, authors=200)
    many = list(library.statements)
    await library.data(DEEP, authors=2)

    # authors; their publishers, mentors, books; the books' authors and tags
    assert len(many) == len(library.statements) == 6
    author = data["authors"]["edges"][199]["node"]
    assert author["publisher"] == {"name": "house 1"}
    assert author["mentor"] == {"name": "author 198"}
    assert names(author["books"]) == ["book 0", "book 1"]
    assert names(author["books"]["edges"][0]["node"]["tags"], "label") == ["tag 1"]
    assert data["authors"]["edges"][0]["node"]["mentor"] is None
