"""The public contract: what the API says."""

from functools import cache

from strawberry.schema.config import StrawberryConfig

import graph
from schema.mutation import Mutation
from schema.query import Query
from schema.scalars import SCALARS
from schema.subscription import Subscription


@cache
def build_schema() -> graph.Schema:
    """Bind every type to its model and make the served schema of them, once a process: it holds no state."""
    return graph.Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=graph.bind_all(),
        config=StrawberryConfig(scalar_map=SCALARS),
    )


def print_sdl() -> str:
    """The served schema as SDL, sorted, so that a change of it is easy to see."""
    return graph.sorted_sdl(build_schema().as_str())
