"""The program, run as its users run it."""

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from support.program import Program, Run, Running

from agreements_api.cli import main

KEY = "correct horse battery staple, twice over"


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """In an empty folder, without any setting but the port."""
    return Program(tmp_path)


@pytest.fixture
def program_with_database(database_url: str, tmp_path: Path) -> Program:
    """On a database of the kind that this run tests."""
    return Program(tmp_path, {"database_url": database_url, "secret_key": KEY})


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One server for all tests that leave nothing behind."""
    with Program(tmp_path_factory.mktemp("server")).serve(
        "--no-jobs", max_body_bytes="20000", allowed_origins="https://portal.example.com"
    ) as running:
        yield running


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Iterator[Run]:
    """Run commands in this process, in the test's folder: a new one takes seconds to load everything."""
    for name in [name for name in os.environ if name.startswith("AGREEMENTS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AGREEMENTS_PORT", "0")
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        with monkeypatch.context() as patch:
            patch.setattr(sys, "argv", ["agreements", *arguments])
            for name, value in settings.items():
                patch.setenv(f"AGREEMENTS_{name.upper()}", value)
            with pytest.raises(SystemExit) as ended:
                main()
        said = capsys.readouterr()
        return subprocess.CompletedProcess([], int(ended.value.code or 0), said.out, said.err)

    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield run
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()
