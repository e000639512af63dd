"""What time mends by itself is told from what it does not."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from repositories import is_passing


def test_a_full_disk_is_waited_out(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'full.db'}")
    with engine.connect() as connection:
        connection.execute(text("CREATE TABLE things (thing BLOB)"))
        connection.execute(text("PRAGMA max_page_count = 3"))

        with pytest.raises(OperationalError) as raised:
            connection.execute(text("INSERT INTO things VALUES (zeroblob(100000))"))
    engine.dispose()

    assert isinstance(raised.value.orig, sqlite3.OperationalError)
    assert raised.value.orig.sqlite_errorname == "SQLITE_FULL"
    assert is_passing(raised.value)


def test_a_file_that_cannot_be_opened_just_now_is_waited_for(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'away' / 'some.db'}")
    with pytest.raises(OperationalError) as raised, engine.connect():
        pass
    engine.dispose()

    assert is_passing(raised.value)


def test_a_statement_that_is_wrong_is_not(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'wrong.db'}")
    with engine.connect() as connection, pytest.raises(OperationalError) as raised:
        connection.execute(text("SELECT * FROM nowhere"))
    engine.dispose()

    assert not is_passing(raised.value)
