"""A known stock for the library."""

from typing import Any

from support.library.engines import Library, number
from support.library.models import Author, Book, Country, Publisher, Tag, book_tags


async def fill(library: Library, authors: int) -> None:
    """Stock authors with three books each, and two tags on every book; every second author has a mentor."""
    await library.add(Country, [{"id": number(1), "name": "Utopia"}])
    await library.add(
        Publisher,
        [{"id": number(i), "name": f"house {i}", "country_id": number(1) if i else None} for i in range(3)],
    )
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


def shown(connection: dict[str, Any], name: str = "name") -> list[Any]:
    """One field of each node of a connection."""
    return [edge["node"][name] for edge in connection["edges"]]
