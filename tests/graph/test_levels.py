"""However many parents: one statement a level and to-one relation, and none for what is not selected."""

from support.library.engines import Library, number
from support.library.seed import fill, shown

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


async def test_200_parents_take_as_many_statements_as_two(library: Library) -> None:
    await fill(library, 200)

    data = await library.data(DEEP, authors=200)
    many = len(library.statements)
    await library.data(DEEP, authors=2)

    # authors; their publishers, mentors, books; the books' authors and tags
    assert many == len(library.statements) == 6
    author = data["authors"]["edges"][199]["node"]
    assert author["publisher"] == {"name": "house 1"}
    assert author["mentor"] == {"name": "author 198"}
    assert shown(author["books"]) == ["book 0", "book 1"]
    assert shown(author["books"]["edges"][0]["node"]["tags"], "label") == ["tag 1"]
    assert data["authors"]["edges"][0]["node"]["mentor"] is None


async def test_a_level_stays_one_statement_when_some_of_its_parents_are_known_earlier(
    library: Library,
) -> None:
    await fill(library, 1)
    await library.add_pupils(7)

    data = await library.data(
        """{ authors(last: 4) { edges { node { mentor { mentor { mentor {
             publisher { name } books(first: 1) { edges { node { tags { totalCount } } } }
        } } } } } } }"""
    )

    # authors; mentors three times, each time but one of them known; publishers; books; counts
    assert len(library.statements) == 7
    assert len(data["authors"]["edges"]) == 4


async def test_a_count_alone_reads_no_rows(library: Library) -> None:
    await fill(library, 2)

    data = await library.data("{ books(filter: {long: true}) { totalCount } }")

    assert data == {"books": {"totalCount": 2}}
    [statement] = library.statements
    assert "count(*)" in statement


async def test_a_count_that_is_not_selected_costs_nothing(library: Library) -> None:
    await fill(library, 2)

    await library.data("{ books { pageInfo { hasNextPage } edges { cursor } } }")

    [statement] = library.statements
    assert "count" not in statement


async def test_counts_of_all_parents_take_one_statement(library: Library) -> None:
    await fill(library, 4)
    await library.add_author_without_books(number(99))

    data = await library.data(
        "{ authors(first: 9) { edges { node { books(filter: {long: true}) { totalCount } } } }"
        "  tags { edges { node { books(status: DRAFT, first: 0) { totalCount edges { cursor } } } } } }"
    )

    assert shown(data["authors"], "books") == [{"totalCount": 1}] * 4 + [{"totalCount": 0}]
    assert shown(data["tags"], "books") == [{"totalCount": 12, "edges": []}] * 2
    assert len(library.statements) == 5


async def test_aliases_and_fragments_share_what_they_can_and_keep_apart_what_differs(
    library: Library,
) -> None:
    await fill(library, 3)

    data = await library.data(
        """
        query ($id: ID!) {
          author(id: $id) { ...Both again: books(first: 1) { edges { node { name } } } }
        }
        fragment Both on Author {
          shout site { url } fullName { last } ...Some ... on Author { books(first: 1) { totalCount } }
        }
        fragment Some on Author {
          last: books(last: 1) { edges { node { name } } }
          long: books(filter: {long: true}) { edges { node { pages } } }
        }
        """,
        id=encode_id("Author", number(2)),
    )

    assert data["author"] == {
        "shout": "AUTHOR 002",
        "site": {"url": "https://example.org"},
        "fullName": {"last": "Bell"},
        "last": {"edges": [{"node": {"name": "book 2"}}]},
        "long": {"edges": [{"node": {"pages": 200}}]},
        "books": {"totalCount": 3},
        "again": {"edges": [{"node": {"name": "book 0"}}]},
    }
    assert len(library.statements) == 5


async def test_values_without_parts_are_null(library: Library) -> None:
    await fill(library, 1)

    data = await library.data("{ authors { edges { node { fullName { last } site { url } } } } }")

    assert data["authors"]["edges"] == [{"node": {"fullName": None, "site": None}}]


async def test_an_id_alone_of_a_row_that_all_may_see_costs_no_statement(library: Library) -> None:
    await fill(library, 2)
    known_only = "fragment Known on Node { id __typename }"
    houses = "{ publishers { edges { node { country { ...Known %s } } } } }" + known_only

    known = await library.data(houses % "... on Country { id }")
    statements = len(library.statements)
    read = await library.data(houses % "name")

    country = {"id": encode_id("Country", number(1)), "__typename": "Country"}
    assert shown(known["publishers"], "country") == [None, country, country]
    assert shown(read["publishers"], "country") == [None] + [{**country, "name": "Utopia"}] * 2
    assert (statements, len(library.statements)) == (1, 2)


async def test_ids_find_rows_of_any_type_with_one_statement_a_type(library: Library) -> None:
    await fill(library, 2)
    ids = [
        encode_id("Book", number(1)),
        encode_id("Author", number(1)),
        encode_id("Book", number(777)),
        encode_id("Nothing", number(1)),
        encode_id("Book", number(10)),
    ]

    data = await library.data(
        "query ($ids: [ID!]!) { nodes(ids: $ids) { id ... on Book { name } ... on Author { shout } } }",
        ids=ids,
    )

    assert data["nodes"] == [
        {"id": ids[0], "name": "book 1"},
        {"id": ids[1], "shout": "AUTHOR 001"},
        None,
        None,
        {"id": ids[4], "name": "book 0"},
    ]
    assert len(library.statements) == 2


async def test_a_bad_id_is_the_error_of_its_own_place(library: Library) -> None:
    await fill(library, 1)
    good = encode_id("Book", number(1))

    result = await library.ask("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=[good, "nonsense"])

    assert result.data == {"nodes": [{"id": good}, None]}
    [error] = result.errors or []
    assert error["path"] == ["nodes", 1]
    assert error["extensions"] == {"code": "BAD_ID", "requestId": "request-1"}


async def test_ids_that_cannot_be_are_refused(library: Library) -> None:
    ask = "query ($id: ID!) { book(id: $id) { id } }"

    assert await library.code(ask, id="nonsense") == "BAD_ID"
    assert await library.code(ask, id=encode_id("Author", number(1))) == "BAD_ID"
    assert await library.code(ask, id=encode_id("Book", number(1)) + "=") == "BAD_ID"
    assert await library.code("query ($id: ID!) { node(id: $id) { id } }", id="ä") == "BAD_ID"
    many = [encode_id("Book", number(i)) for i in range(201)]
    assert await library.code("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=many) == "TOO_MANY_IDS"
    assert library.statements == []
