"""What a server holds while many ask it at once, and after very many different documents.

`MEMORY_SECONDS=60` is the time for which the bounds are promised, `MEMORY_DOCUMENTS=100000` the number of
documents: a quarter of an hour.
"""

import os
import re
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import orjson
import pytest
from sqlalchemy import create_engine, make_url
from support.program import Program, Running

from benchmarks.dataset import MIN_ACCOUNTS, Dataset, Sizes
from benchmarks.http_client import Bounds, Target, run_round
from benchmarks.loads import Load, Loads, References
from benchmarks.wordings import OURS

SECONDS = float(os.environ.get("MEMORY_SECONDS", "3"))
DOCUMENTS = int(os.environ.get("MEMORY_DOCUMENTS", "300"))
CONNECTIONS = 64
WARM_PAGES = 500
"""Until then pools open, and the allocator takes what so many answers at once need."""
WARM_SHARE = 0.4
"""Of the time, besides."""
KEPT_DOCUMENTS = 1_500
"""More than are kept: then there is no growth any more."""
MOST_WITH_DOCUMENTS = 160
SHORT_OF_TIME = 10.0
"""Seconds for that, on a machine with much else to do; then it is fewer pages."""
GROWTH = 1.05

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc"),
    pytest.mark.timeout(120 + 2 * SECONDS + DOCUMENTS / 20),
]


@pytest.fixture
def data(program_with_database: Program) -> Dataset:
    """The smallest books with the page that is measured, in the program's database."""
    dataset = Dataset(Sizes(MIN_ACCOUNTS))
    url = make_url(program_with_database.settings["database_url"])
    driver = "postgresql+psycopg" if url.get_backend_name() == "postgresql" else "sqlite"
    engine = create_engine(url.set(drivername=driver))
    with engine.begin() as connection:
        dataset.load(connection)
        if engine.dialect.name == "postgresql":  # which would do so by itself, in its own time
            connection.exec_driver_sql("ANALYZE")
    engine.dispose()
    return dataset


@pytest.mark.parametrize(("arguments", "most"), [(("--no-jobs",), 120), ((), 150)], ids=["without", "jobs"])
async def test_many_who_ask_for_a_page_at_once_take_little_memory(
    program_with_database: Program, data: Dataset, arguments: tuple[str, ...], most: float
) -> None:
    with program_with_database.serve(*arguments) as server:
        page = (await Loads("ours", _target(server), OURS, data, References()).pages(CONNECTIONS))[1]
        await _ask(server, page, Bounds(SHORT_OF_TIME, WARM_PAGES))
        await _ask(server, page, Bounds(SECONDS * WARM_SHARE, sys.maxsize))
        warm = megabytes(server)
        await _ask(server, page, Bounds(SECONDS * (1 - WARM_SHARE), sys.maxsize))
        late = megabytes(server)

        assert megabytes(server, "VmHWM") <= most, (warm, late)
        assert late <= warm * GROWTH, (warm, late)


@pytest.mark.usefixtures("data")
async def test_very_many_documents_take_no_more_memory_than_many(
    program_with_database: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    found: dict[int, float] = {}
    with program_with_database.serve("--no-jobs") as server:
        documents = _documents(_target(server))
        for asked in [KEPT_DOCUMENTS, *range(10_000, DOCUMENTS, 10_000), DOCUMENTS]:
            if asked <= DOCUMENTS:
                await _ask_once(server, islice(documents, asked - max(found, default=0)))
                found[asked] = megabytes(server)
                if DOCUMENTS > KEPT_DOCUMENTS:
                    with capsys.disabled():
                        print(f"\n{asked:,} documents: {found[asked]:.1f} MB", end="")  # noqa: T201  # it takes long

    assert max(found.values()) <= MOST_WITH_DOCUMENTS, found
    assert found[DOCUMENTS] <= GROWTH * found.get(KEPT_DOCUMENTS, MOST_WITH_DOCUMENTS), found


def _documents(target: Target) -> Iterator[bytes]:
    """Requests without end, each with a document that was not asked before."""
    for number in range(sys.maxsize):
        size = number % 20 + 1
        query = (
            f"{{ page{number}: accounts(first: {size}) {{ edges {{ node {{ id name agreements(first: {size})"
            " { edges { node { number template { name } } } } } } } }"
        )
        yield target.request(orjson.dumps({"query": query}))


async def _ask_once(server: Running, requests: Iterator[bytes]) -> None:
    asked = list(requests)
    load = Load("documents", iter(asked), lambda body: body.startswith(b'{"data":{"page'), 0)
    await _ask(server, load, Bounds(60 + len(asked) / 20, len(asked)), connections=8)


async def _ask(server: Running, load: Load, bounds: Bounds, connections: int = CONNECTIONS) -> None:
    await run_round(_target(server), load.requests, load.accepts, connections=connections, bounds=bounds)


def _target(server: Running) -> Target:
    return Target(int(server.url.rpartition(":")[2]))


def megabytes(server: Running, which: str = "VmRSS") -> float:
    """What the process has in memory, or as `VmHWM` the most that it ever had."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    found = re.search(rf"{which}:\s+(\d+) kB", status)
    assert found
    return int(found[1]) / 1024
