"""Strawberry as one tunes it without leaving it: DataLoaders, caches, orjson, uvloop.

python -m benchmarks.peers.strawberry_app postgresql|sqlite
"""

# pyright: basic
# Not strict: as in the schema.
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import orjson
from strawberry.asgi import GraphQL

from benchmarks.peers.asgi import serve
from benchmarks.peers.statements import Dialect
from benchmarks.peers.strawberry_rows import Rows, make_engine
from benchmarks.peers.strawberry_schema import Context, make_schema


class View(GraphQL[Context, None]):
    def __init__(self, rows: Rows) -> None:
        super().__init__(make_schema(), graphql_ide=None)
        self._rows = rows

    async def get_context(self, request: Any, response: Any) -> Context:  # noqa: ANN401 -- Starlette's
        return Context(self._rows)

    def decode_json(self, data: str | bytes) -> object:
        return orjson.loads(data)

    def encode_json(self, data: object) -> bytes:
        return orjson.dumps(data)


@asynccontextmanager
async def application(dialect: Dialect) -> AsyncGenerator[View]:
    engine = make_engine(dialect)
    try:
        yield View(Rows(engine))
    finally:
        await engine.dispose()


if __name__ == "__main__":
    chosen: Dialect = "postgresql" if sys.argv[1] == "postgresql" else "sqlite"
    serve(lambda: application(chosen))
