"""Strawberry as one tunes it without leaving it: DataLoaders, caches, orjson, uvloop.

python -m benchmarks.peers.strawberry_app postgresql|sqlite [one-update]
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
from benchmarks.peers.strawberry_orm import Sessions
from benchmarks.peers.strawberry_rows import Rows, make_engine
from benchmarks.peers.strawberry_schema import Context, Rename, make_schema


class View(GraphQL[Context, None]):
    def __init__(self, rows: Rows, rename: Rename) -> None:
        super().__init__(make_schema(), graphql_ide=None)
        self._rows, self._rename = rows, rename

    async def get_context(self, request: Any, response: Any) -> Context:  # noqa: ANN401 -- Starlette's
        return Context(self._rows, self._rename)

    def decode_json(self, data: str | bytes) -> object:
        return orjson.loads(data)

    def encode_json(self, data: object) -> bytes:
        return orjson.dumps(data)


@asynccontextmanager
async def application(dialect: Dialect, *, one_update: bool) -> AsyncGenerator[View]:
    reads, writes = make_engine(dialect, isolation_level="AUTOCOMMIT"), make_engine(dialect)
    rows = Rows(reads)
    try:
        yield View(rows, rows.rename if one_update else Sessions(writes).rename)
    finally:
        await reads.dispose()
        await writes.dispose()


if __name__ == "__main__":
    chosen: Dialect = "postgresql" if sys.argv[1] == "postgresql" else "sqlite"
    serve(lambda: application(chosen, one_update="one-update" in sys.argv))
