"""The bugs that are planted by hand, to see that tests find them, can still be planted."""

from pathlib import Path

import pytest
from support.differential.bugs import BUGS, COMPILER, Bug

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: f"{bug.file}: {bug.old}")
def test_a_bug_has_its_place(bug: Bug) -> None:
    text = (ROOT / COMPILER / bug.file).read_text()

    assert text.count(bug.old) == 1
    compile(text.replace(bug.old, bug.new), bug.file, "exec")


def test_there_are_enough() -> None:
    assert len(set(BUGS)) == len(BUGS) >= 40
