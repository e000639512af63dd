"""An answer may be as long with plans as without."""

import pytest
from support.differential.engines import books_context, both_engines
from support.differential.stock import Stock

from agreements_api.database import Database
from graph import Bounds, Context, Engine, GraphQLRequest, Operation
from schema import build_schema


@pytest.mark.parametrize("extensions", [{}, {"cost": True}], ids=["bare", "with its cost"])
@pytest.mark.parametrize("more", [-200, -9, -1, 0])
async def test_an_answer_may_be_as_long_with_plans(
    books_of_a_partner: tuple[str, Stock], more: int, extensions: dict[str, bool]
) -> None:
    url, _ = books_of_a_partner
    asked = GraphQLRequest("{ accounts { edges { node { name } } } }", extensions=extensions)
    async with Database(url) as database:
        schema, context = build_schema(), books_context(database)
        length = await length_of(both_engines(schema, context).plain, asked, context())
        both = both_engines(schema, context, Bounds(response_bytes=length + more))
        found = await both.difference(asked, planned_first=True)

    assert found is None, found
    assert ("RESPONSE_TOO_LARGE" in both.last) is (more < 0)


async def length_of(engine: Engine, request: GraphQLRequest, context: Context) -> int:
    operation = engine.prepare(request, context.request_id)
    assert isinstance(operation, Operation)
    return len((await engine.run(operation, context)).body)
