"""A small library in which some houses and labels are secret, so that callers see different rows."""

from datetime import date

from sqlalchemy import insert
from support.differential.stock import STRANGE_TEXTS, Stock
from support.library.engines import number
from support.library.models import Author, Base, Book, Country, Publisher, Status, Tag, book_tags

from agreements_api.database import Database
from graph import encode_id

HOUSES, LABELS, AUTHORS, TITLES = 4, 5, 14, ("a", "a", "B", "b", "ä", "\U0001f600", "\uffff", "z")
_DAYS = (None, date(2020, 1, 1), date(2024, 2, 29), date(2020, 1, 1))


async def fill(database: Database) -> Stock:
    """Make the tables of the library in an empty database and fill them; every third house is secret."""
    rows = {
        Country: [{"id": number(1), "name": "Utopia"}],
        Publisher: [
            {
                "id": number(i),
                "name": f"house {i % 3}",
                "secret": i % 3 == 0,
                "country_id": number(1) if i % 2 else None,
            }
            for i in range(HOUSES)
        ],
        Tag: [{"id": number(i), "label": f"label {i // 2}", "secret": i % 2 == 0} for i in range(LABELS)],
        Author: [_author(i) for i in range(AUTHORS)],
        Book: [_book(i) for i in range(AUTHORS * 4)],
    }
    async with database.writes.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
        for model, values in rows.items():
            await connection.execute(insert(model), values)
        tags = [(book, tag) for book in range(AUTHORS * 4) for tag in range(LABELS) if (book + tag) % 3 == 0]
        pairs = [{"book_id": number(book), "tag_id": number(tag)} for book, tag in tags]
        await connection.execute(insert(book_tags), pairs)
    ids = {
        model.__name__: [encode_id(model.__name__, each["id"]) for each in made]
        for model, made in rows.items()
    }
    return Stock(
        ids=ids,
        absent={name: encode_id(name, number(10**6)) for name in ids},
        named={
            "authorId": "Author",
            "authorIds": "Author",
            "wrote": "Book",
            "notWrote": "Book",
            "tagged": "Tag",
            "notTagged": "Tag",
        },
        texts=(*TITLES, *STRANGE_TEXTS),
        days=("2020-01-01", "2024-02-29", "2024-03-01", "9999-12-31"),
        rare=frozenset({"shout", "unreadable", "failure"}),
        avoided=frozenset({"nap", "searchedSlowly"}),
    )


def _author(i: int) -> dict[str, object]:
    return {
        "id": number(i),
        "name": f"author {i // 2}",
        "publisher_id": number(i % HOUSES),
        "mentor_id": number(i - 1) if i % 2 else None,
        "first_name": "Ann" if i % 3 else None,
        "last_name": "Bell" if i % 3 else None,
        "site_url": "https://example.org" if i % 2 else None,
        "site_checked_on": _DAYS[i % 4] if i % 2 else None,
    }


def _book(i: int) -> dict[str, object]:
    return {
        "id": number(i),
        "title": TITLES[i % len(TITLES)],
        "author_id": number(i % AUTHORS),
        "pages": i * 37 % 300,
        "printed_on": _DAYS[i % 4],
        "status": list(Status)[i % 2],
    }
