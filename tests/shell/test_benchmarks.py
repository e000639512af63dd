"""The benchmark runs: numbers that nobody can make again are not worth keeping."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.dataset import BIG_ACCOUNTS, MIN_ACCOUNTS, Dataset, Sizes
from benchmarks.loads import shape

ROOT = Path(__file__).parents[2]


def test_the_smallest_run_measures_every_load(tmp_path: Path) -> None:
    found = tmp_path / "found.json"
    options = f"--accounts {MIN_ACCOUNTS} --seconds 0.1 --rounds 1 --connections 1 --json {found}"

    run = subprocess.run(  # noqa: S603 -- our own program
        [sys.executable, "-m", "benchmarks", "--database", "sqlite", *options.split()],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert run.returncode == 0, run.stderr
    (server,) = json.loads(found.read_text())["servers"]
    assert list(server["loads"]) == ["page", "small", "write"]
    for name, load in server["loads"].items():
        assert load["answers"] > 0
        assert f"| {server['database']} | {name} |" in run.stdout


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


def test_the_smallest_syncs_are_measured(tmp_path: Path) -> None:
    found = tmp_path / "found.json"

    run = subprocess.run(  # noqa: S603 -- our own program
        [sys.executable, "-m", "benchmarks.sync", "--customers", "40", "--json", str(found)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert run.returncode == 0, run.stderr
    small, large = json.loads(found.read_text())
    assert (small["customers"], large["customers"]) == (10, 40)
    assert large["first"]["calls"] >= 40 > large["second"]["calls"]
    assert (large["first"]["changed"], large["second"]["changed"]) == (120, 0)
    assert "Memory grows by" in run.stdout
