"""The benchmark runs: numbers that nobody can make again are not worth keeping."""

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from support.databases import in_ci

from benchmarks.chart import as_svg
from benchmarks.contestants import LIMIT, MERCURIUS, OURS, Contestant
from benchmarks.databases import Database
from benchmarks.dataset import BIG_ACCOUNTS, MIN_ACCOUNTS, Dataset, Sizes
from benchmarks.errors import DifferentAnswer
from benchmarks.figures import Figure, figures
from benchmarks.further import Further, FurtherRuns
from benchmarks.http_client import Target
from benchmarks.loads import References, shape
from benchmarks.measure import Plan, Result, Subject
from benchmarks.publishing import BEGIN, END, with_tables
from benchmarks.report import Report, number
from benchmarks.server import Command, ServerProcess
from benchmarks.ticking import Ticker
from benchmarks.wordings import comparable, difference

ROOT = Path(__file__).parents[2]
PLAN = Plan(seconds=1.0, rounds=3, connections=8, many=64)
LOADS = ["page", PLAN.many_pages, "small", "write", "1,000 accounts"]


def run_benchmarks(found: Path, *options: str, seconds: int) -> subprocess.CompletedProcess[str]:
    """Run the command over the smallest data set, each load once and briefly."""
    smallest = f"--accounts {MIN_ACCOUNTS} --seconds 0.1 --rounds 1 --connections 1 --many 2 --json {found}"
    return subprocess.run(  # noqa: S603 -- our own program
        [sys.executable, "-m", "benchmarks", *options, *smallest.split()],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


def test_the_smallest_run_measures_every_load(tmp_path: Path) -> None:
    found = tmp_path / "found.json"

    run = run_benchmarks(found, "--database", "sqlite", "--peers", "none", seconds=280)

    assert run.returncode == 0, run.stderr
    told = json.loads(found.read_text())
    (server,) = told["servers"]
    assert list(server["loads"]) == ["page", "page, 2 connections", *LOADS[2:]]
    assert all(load["answers"] > 0 for load in server["loads"].values())
    assert f"### Page, {server['database']}" in run.stdout
    (blocks,) = told["blocks"]
    assert 0 < blocks["p99_ms"] <= blocks["longest_ms"] <= blocks["longest_by_clock_ms"]
    assert "| Page, SQLite: longest block of the loop | ≤ 5 ms |" in run.stdout


@pytest.mark.timeout(900)
def test_all_peers_give_the_same_answers(tmp_path: Path) -> None:
    found = tmp_path / "found.json"

    run = run_benchmarks(found, seconds=880)

    if "cannot be installed" in run.stderr and not in_ci():
        pytest.skip("Peers of the benchmarks: they cannot be installed")
    assert run.returncode == 0, run.stderr
    told = json.loads(found.read_text())
    measured = [(server["server"], server["database"].split()[0]) for server in told["servers"]]
    everywhere = [OURS, LIMIT, "Strawberry, tuned", "Strawberry, tuned, one UPDATE"]
    in_node = [MERCURIUS, "Yoga + JIT", "Apollo Server", "PostGraphile"]
    assert measured == [
        *((name, "PostgreSQL") for name in [*everywhere, *in_node]),
        *((name, "SQLite") for name in everywhere),
    ]
    assert all(load["answers"] > 0 for server in told["servers"] for load in server["loads"].values())
    assert None not in {figure["measured"] for figure in told["figures"]}
    only_told = {figure["name"] for figure in told["figures"] if figure["reached"] is None}
    assert only_told == {f"Rename, {on}: of Strawberry, tuned, one UPDATE" for on in ("PostgreSQL", "SQLite")}


def test_a_data_set_too_small_for_the_page_is_refused() -> None:
    with pytest.raises(ValueError, match=str(MIN_ACCOUNTS)):
        Dataset(Sizes(MIN_ACCOUNTS - 1))


def test_the_data_set_is_the_same_every_time() -> None:
    first, second = Dataset(Sizes(MIN_ACCOUNTS)), Dataset(Sizes(MIN_ACCOUNTS))

    assert first.account_ids == second.account_ids
    assert first.account_ids == sorted(first.account_ids)
    assert len(first.account_ids) == MIN_ACCOUNTS > BIG_ACCOUNTS


def test_entities_and_leaves_are_counted_but_not_what_pages_are_made_of() -> None:
    account = {"id": "1", "agreements": {"edges": [{"node": {"number": None, "provider": None}}]}}

    assert shape({"accounts": {"pageInfo": {"endCursor": "x"}, "edges": [{"node": account}]}}) == (2, 4)


@pytest.mark.parametrize(
    ("other", "where"),
    [
        ({"edges": [{"id": 2}]}, "data.edges[0].id: 1, not 2"),
        ({"edges": [{"id": True}]}, "data.edges[0].id: 1, not True"),
        ({"edges": []}, "data.edges: 1 items, not 0"),
        ({"edges": [{"id": 1}], "more": None}, "data: fields ['edges'], not ['edges', 'more']"),
        ({"edges": [None]}, "data.edges[0]: {'id': 1}, not None"),
        ({"edges": [{"id": 1}]}, None),
    ],
)
def test_two_answers_are_told_apart(other: object, where: str | None) -> None:
    assert difference({"edges": [{"id": 1}]}, other) == where


def test_a_server_that_answers_otherwise_is_not_compared() -> None:
    references = References()
    references.check("page", "one", {"at": "2025-01-01T00:00:00Z", "name": "Contoso"})

    references.check("page", "same", {"at": "2025-01-01T00:00:00.000000+00:00", "name": "Contoso"})
    with pytest.raises(DifferentAnswer, match="other answers the question «page» differently"):
        references.check("page", "other", {"at": "2025-01-01T00:00:00Z", "name": "contoso"})


def test_only_what_is_an_instant_is_read_as_one() -> None:
    other = ["2025-01-01T01:00:00+01:00", "2025-01-01", "at 2025-01-01T00:00:00Z"]

    assert comparable(other) == ["2025-01-01T00:00:00+00:00", *other[1:]]


def subject(name: str, rounds: list[float], cpu_ms: list[float]) -> Subject:
    """A server on PostgreSQL that did the same at every load."""
    process = ServerProcess(1, Target(1))
    made = Subject(
        Contestant(name, frozenset({"postgresql"}), lambda _: Command([])),
        Database("postgresql", "PostgreSQL 18.6", "postgresql://"),
        process,
        process,
        memory_mb=100.0,
    )
    made.results = {load: Result(1, None, rounds, cpu_ms, [0.1]) for load in LOADS}
    return made


def found_of(*subjects: Subject) -> dict[str, Figure]:
    further = [Further(subjects[0].database, memory_mb=100.0)]
    return {each.name: each for each in figures(subjects, further, PLAN)}


def test_a_figure_is_the_median_of_what_the_rounds_say() -> None:
    # The second round was slow for everybody, the third for the peer alone.
    ours, peer = subject(OURS, [90, 9, 100], [1, 2, 1]), subject(LIMIT, [100, 10, 50], [1, 1, 1])

    page = found_of(ours, peer)["Page, PostgreSQL: of hand-written"]

    assert (page.measured, page.by_cpu, page.reached) == (0.9, 1.0, True)


def test_what_was_not_measured_is_not_said_to_be_reached() -> None:
    ours, peer = subject(OURS, [100], [1]), subject(LIMIT, [100], [1])
    peer.results["small"].failure = "It closed the connection."

    found = found_of(ours, peer)

    assert found["Page, PostgreSQL: of Mercurius + JIT"].reached is None
    assert found["Small query, PostgreSQL: of hand-written"].reached is None
    assert found["Page, PostgreSQL: of hand-written"].reached is True
    assert found["64 connections, PostgreSQL: peak memory without jobs"].reached is True
    assert found["64 connections, PostgreSQL: peak memory with jobs"].reached is None


async def test_a_figure_that_cannot_be_had_takes_no_other_with_it(tmp_path: Path) -> None:
    missing = Database("sqlite", "SQLite", f"sqlite+aiosqlite:///{tmp_path}/nowhere.db")

    found = await FurtherRuns(Dataset(Sizes(MIN_ACCOUNTS)), PLAN, "", frozenset()).measure(missing)

    assert [each.partition(" on ")[0] for each in found.failures] == [
        "Blocks of the loop",
        "Memory without jobs",
        "Memory with jobs",
    ]


def test_a_load_that_failed_is_told_and_comes_last() -> None:
    ours, peer = subject(OURS, [100], [1]), subject(LIMIT, [200], [1])
    peer.results["page"].failure = "It closed the connection."

    report = Report({"date": "today"}, PLAN, [peer, ours], [])

    assert report.failures() == [
        "hand-written on PostgreSQL 18.6 failed at «page»: It closed the connection."
    ]
    page = report.as_markdown().partition("### Page, PostgreSQL 18.6")[2].partition("###")[0]
    assert page.index("| ours | 100 |") < page.index("| hand-written | failed |")


def test_the_chart_is_a_picture_with_a_bar_for_each_server() -> None:
    picture: Any = ET.fromstring(as_svg([subject(OURS, [100], [1]), subject(LIMIT, [50], [2])]))  # noqa: S314 -- our own

    bars = [each for each in picture.iter("{http://www.w3.org/2000/svg}rect") if "class" in each.attrib]
    assert [(each.get("class"), each.get("width")) for each in bars] == [("ours", "400"), ("peer", "200")] * 5


def test_published_tables_replace_the_last_ones() -> None:
    readme = f"Before.\n\n{BEGIN}\nold\n{END}\n\nAfter.\n"

    once = with_tables(readme, "| new |")

    assert once.startswith("Before.\n\n")
    assert once.endswith(f"| new |\n\n{END}\n\nAfter.\n")
    assert "old" not in once
    assert with_tables(once, "| new |") == once


async def test_what_blocks_the_loop_is_seen_and_what_waits_is_not(tmp_path: Path) -> None:
    ticker = Ticker()
    ticker.start()

    await asyncio.sleep(0.05)
    waited = max(own for _, _, own in ticker.lines)
    time.sleep(1)  # noqa: ASYNC251 -- what it is there to find
    await asyncio.sleep(0.05)

    ticker.write(tmp_path / "ticks")
    lines = (tmp_path / "ticks").read_text().splitlines()
    blocked = max(float(line.split()[2]) for line in lines)
    assert waited < 900 <= blocked < 5000


def test_numbers_promise_three_digits() -> None:
    assert [number(each) for each in (None, 0.01234, 12.345, 1234.5)] == ["–", "0.0123", "12.3", "1,234"]  # noqa: RUF001 -- the dash


def test_the_smallest_syncs_are_measured(tmp_path: Path) -> None:
    found = tmp_path / "found.json"

    run = subprocess.run(  # noqa: S603 -- our own program
        [sys.executable, "-m", "benchmarks.sync", "--customers", "40", "--json", str(found)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )

    assert run.returncode == 0, run.stderr
    small, large = json.loads(found.read_text())
    assert (small["customers"], large["customers"]) == (10, 40)
    assert large["first"]["calls"] >= 40 > large["second"]["calls"]
    assert (large["first"]["changed"], large["second"]["changed"]) == (120, 0)
    assert "Memory grows by" in run.stdout
