"""Who is asked something at a terminal can also give up."""

import pytest
from support.program import Program

CTRL_C, CTRL_D = b"\x03", b"\x04"
ADD = ("provider", "add", "Crayon", "--base-url", "http://127.0.0.1:9")


@pytest.mark.parametrize("is_there", [False, True])
def test_ctrl_c_at_a_question_ends_it_at_once_in_silence(program: Program, is_there: bool) -> None:  # noqa: FBT001  # a case
    if is_there:
        program.run("provider", "add", "By hand", "--connector", "none")
    before = {path.name for path in program.folder.iterdir()}

    ended = program.run_at_terminal(b"API key: ", CTRL_C, *ADD)

    assert (ended.returncode, ended.stdout) == (130, "API key: \n")
    assert {path.name for path in program.folder.iterdir()} == before


def test_ctrl_d_at_a_question_is_told_in_one_line(program: Program) -> None:
    ended = program.run_at_terminal(b"API key: ", CTRL_D, *ADD)

    assert ended.returncode == 1
    assert ended.stdout == (
        "API key: \nagreements: Nothing was entered. Answer, or set AGREEMENTS_PROVIDER_API_KEY.\n"
    )
    assert list(program.folder.iterdir()) == []


def test_what_is_typed_at_a_question_is_not_shown(program: Program) -> None:
    ended = program.run_at_terminal(b"API key: ", b"opensesame\n", *ADD, provider_max_attempts="1")

    assert ended.returncode == 0
    assert "Stored. " in ended.stdout
    assert "opensesame" not in ended.stdout


def test_ctrl_c_before_a_document_is_waited_for_is_not_lost(program: Program) -> None:
    misspelt = {"databse_url": "sqlite:///agreements.db"}  # what is said of it comes before the wait

    ended = program.run_at_terminal(b"DATABSE_URL", CTRL_C, "explain", "-", **misspelt)

    assert ended.returncode == 130
    assert "Traceback" not in ended.stdout
