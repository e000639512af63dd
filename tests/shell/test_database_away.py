"""No database is made where one was open when it was moved away: its last changes would be destroyed."""

import asyncio
import fcntl
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from support.program import Program, Run, Running

from jobs.lock_file import LockFile

MAKING = [
    ("migrate",),
    ("serve",),
    ("serve", "--no-jobs"),
    ("worker",),
    ("provider", "add", "By hand", "--connector", "none"),
]
NEEDING_ONE = [("sync", "By hand"), ("provider", "list"), ("provider", "check", "By hand")]
LEFT = ("agreements.db-wal", "agreements.db-shm")


async def an_account(server: Running, name: str) -> None:
    await server.ask(
        "mutation ($name: String!) { createAccount(input: {name: $name}) { account { id } } }", name=name
    )


def names_in(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as connection:
        return [name for (name,) in connection.execute("SELECT name FROM accounts")]


async def refused(run: Run, *arguments: str) -> str:
    """Give the line that says why."""
    ended = await asyncio.to_thread(run, *arguments)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.count("\n") == 1
    return ended.stderr


@pytest.mark.parametrize("jobs", [(), ("--no-jobs",)], ids=["jobs", "no jobs"])
@pytest.mark.parametrize("killed", [False, True], ids=["running", "killed"])
async def test_changes_of_a_database_that_was_moved_away_outlive_every_command(
    program: Program, run: Run, tmp_path: Path, jobs: tuple[str, ...], *, killed: bool
) -> None:
    file, elsewhere = tmp_path / "agreements.db", tmp_path / "elsewhere.db"
    with program.serve(*jobs) as server:
        await an_account(server, "Fabrikam")
        if killed:
            server.kill()
        file.rename(elsewhere)

        lines = [await refused(run, *command) for command in (*MAKING, *NEEDING_ONE)]

        assert not file.exists()
        for line in lines:
            assert f"The database {file} was moved away or deleted: agreements.db-wal is still there" in line
            assert "Move it back. If it is lost for good, end the server that has it open" in line
            assert "makes it" not in line
            assert (f"process {server.process.pid} has it open" in line) is not (killed or bool(jobs))
        elsewhere.rename(file)
        assert names_in(file) == ["Fabrikam"]
        server.kill()
    with program.serve():
        assert names_in(file) == ["Fabrikam"]


async def test_none_is_made_beside_a_server_that_does_its_jobs(
    program: Program, run: Run, tmp_path: Path
) -> None:
    with program.serve() as server:
        for name in ("agreements.db", *LEFT):
            (tmp_path / name).rename(tmp_path / f"other-{name}")

        line = await refused(run, "migrate")

        assert f"was moved away or deleted: process {server.process.pid} has it open" in line
        assert not (tmp_path / "agreements.db").exists()


async def test_a_new_one_is_made_once_what_was_left_is_moved_away(
    program: Program, run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "agreements.db"
    with program.serve() as server:
        server.kill()
    file.unlink()
    assert "agreements.db-wal" in await refused(run, "migrate")

    for name in LEFT:
        (tmp_path / name).rename(tmp_path / f"other-{name}")
    made = await asyncio.to_thread(run, "migrate")

    assert made.returncode == 0, made.stderr
    assert made.stdout.startswith("Made a new database")


async def test_a_backup_is_restored_as_the_readme_says(program: Program, tmp_path: Path) -> None:
    file, backup = tmp_path / "agreements.db", tmp_path / "copy.db"
    with program.serve() as server:
        await an_account(server, "Fabrikam")
        with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(backup)) as target:
            source.backup(target)
        await an_account(server, "Contoso")
        server.kill()
    file.unlink()
    for name in LEFT:
        (tmp_path / name).unlink()

    backup.rename(file)

    with program.serve():
        assert names_in(file) == ["Fabrikam"]


async def test_what_is_left_is_looked_for_where_a_link_leads(run: Run, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "agreements.db").symlink_to(tmp_path / "data" / "real.db")
    left = tmp_path / "data" / "real.db-wal"
    left.write_bytes(b"what was committed last")

    assert "real.db-wal is still there" in await refused(run, "migrate")

    assert left.read_bytes() == b"what was committed last"


def test_processes_that_start_together_do_not_take_each_other_for_what_was_there(tmp_path: Path) -> None:
    """A lock file that nobody holds is no sign, however many look at it at once."""
    lock = LockFile(str(tmp_path / "agreements.db"))
    (tmp_path / "agreements.db.jobs-lock").touch()
    with (tmp_path / "agreements.db.jobs-lock").open() as other:
        fcntl.flock(other, fcntl.LOCK_SH)

        assert lock.holder() is None


@pytest.mark.parametrize("command", [each for each in MAKING if each[0] != "provider"], ids=" ".join)
def test_a_missing_folder_is_told_before_anything_is_made_in_it(run: Run, command: tuple[str, ...]) -> None:
    ended = run(*command, database_url="sqlite:///nofolder/x.db")

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == (
        "agreements: Cannot use the database nofolder/x.db: it cannot be opened."
        " Its folder must exist and be writable.\n"
    )
