"""Whatever fails on the way, once it stops failing all is as if nothing had: no twin, nothing lost."""

import asyncio
import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from support.databases import Databases
from support.partner_center import There
from support.simulator import Simulator
from support.storyline import State, Storyline

from agreements_api.database import Database

SEQUENCES = int(os.environ.get("FAULT_SEQUENCES", "40"))
"""How many sequences are tried; the first forty are the same in every run."""

ROUNDS = 5
"""So often, at most, everything is asked for again once the faults have stopped."""

CALLS = [
    ("POST", "/oauth2/"),
    ("GET", "/customers$"),
    ("POST", "/customers$"),
    ("GET", "/customers/[^/]+/agreements"),
    ("POST", "/customers/[^/]+/agreements$"),
    ("GET", "directSigned"),
    ("GET", "/v1/agreements"),
    ("GET", "/countryvalidationrules/"),
    ("POST", "/validations/address$"),
    ("HEAD", "/domains/"),
]
HARMS = [
    {"kind": "status", "status": 429, "retryAfterSeconds": 0},
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 503},
    {"kind": "status_after", "status": 500},
    {"kind": "timeout_before"},
    {"kind": "timeout_after"},
    {"kind": "drop"},
    {"kind": "drop_after"},
    {"kind": "truncate"},
    {"kind": "html"},
    {"kind": "pascal_case"},
]


@st.composite
def faults(draw: st.DrawFn) -> dict[str, Any]:
    method, path = draw(st.sampled_from(CALLS))
    return {
        "method": method,
        "path": path,
        "skip": draw(st.integers(0, 3)),
        "times": draw(st.integers(1, 4)),
        "action": draw(st.sampled_from(HARMS)),
    }


class Stage:
    """Lives through the same day again and again, on a fresh database each time."""

    def __init__(self, databases: Databases, simulator: Simulator, folder: Path) -> None:
        self._databases, self._simulator, self._folder = databases, simulator, folder
        self._days = count(1)
        self.undisturbed = self.live([])

    def live(self, sequence: Sequence[dict[str, Any]]) -> State:
        folder = self._folder / str(next(self._days))
        folder.mkdir()
        fresh = self._databases.fresh(folder)
        with closing(fresh):
            return asyncio.run(self._day(next(iter(fresh)), sequence))

    async def _day(self, database_url: str, sequence: Sequence[dict[str, Any]]) -> State:
        await self._simulator.reset()
        there = There(self._simulator.url, await self._simulator.add_partner())
        async with Database(database_url) as database:
            story = Storyline(database, there)
            await story.begin()
            for each in sequence:
                await there.fault(**each)
            if sequence:
                await story.live(impatient=True)
            await there.clear_faults()
            for _ in range(ROUNDS):
                if await story.live(impatient=False):
                    return await story.state()
            raise AssertionError(f"Not all is well after {ROUNDS} rounds: {await story.state()}")


@pytest.fixture(scope="module")
def stage(databases, simulator_process, tmp_path_factory) -> Iterator[Stage]:
    return Stage(databases, Simulator(simulator_process.url), tmp_path_factory.mktemp("days"))


def test_the_undisturbed_day_leaves_every_agreement_accepted_and_in_sync(stage):
    agreements = stage.undisturbed["agreements"]

    assert [each[0] for each in agreements] == ["Confirmed", "Contoso Ltd", "Direct", "Told"]
    assert {each[1:5] for each in agreements} == {("ACTIVE", "ACCEPTED", "IN_SYNC", None)}
    assert len(stage.undisturbed["at Partner Center"]) == len(agreements)


@pytest.mark.timeout(3600)
@settings(
    max_examples=SEQUENCES,
    derandomize=SEQUENCES <= 40,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
@given(sequence=st.lists(faults(), min_size=1, max_size=3))
def test_once_faults_stop_everything_is_as_without_them(stage, sequence):
    assert stage.live(sequence) == stage.undisturbed
