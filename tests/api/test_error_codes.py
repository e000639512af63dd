"""What the documentation says of error codes is what the server has."""

import re
from pathlib import Path

from graph import Code
from graph.wire.frames import CloseCode

ERRORS = (Path(__file__).parents[2] / "docs" / "errors.md").read_text("utf-8")


def test_every_code_is_documented_with_its_meaning() -> None:
    documented = dict(re.findall(r"^\| `([A-Z_]+)` \| (.+) \|$", ERRORS, re.MULTILINE))

    assert documented == {code.value: code.meaning for code in Code}


def test_every_close_code_is_documented() -> None:
    documented = set(re.findall(r"^\| (\d{4}) \|", ERRORS, re.MULTILINE))

    assert documented == {str(code.value) for code in CloseCode}
