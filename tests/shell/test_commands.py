"""Commands explain themselves, and tell in one line what keeps them from running."""

import os
import socket
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

import pytest
from support.older import without_newest_migration
from support.program import Program, Run

import models.migrations

COMMANDS = [
    ("serve",), ("worker",), ("migrate",), ("sync",), ("explain",), ("schema",), ("demo",),
    ("simulator",), ("rest-simulator",),
    ("provider", "add"), ("provider", "login"), ("provider", "check"), ("provider", "list"),
    ("provider", "webhook"),
]  # fmt: skip
NAMES = [
    "provider", "serve", "worker", "migrate", "sync", "explain", "schema", "demo", "simulator",
    "rest-simulator",
]  # fmt: skip


def refused(run: Run, *arguments: str, **settings: str) -> tuple[int, str]:
    """Give the exit code and the one line that was said."""
    ended = run(*arguments, **settings)
    assert ended.stdout == ""
    line, _, more = ended.stderr.partition("\n")
    assert more == "", ended.stderr
    return ended.returncode, line


@pytest.mark.parametrize("name", COMMANDS, ids=" ".join)
def test_every_command_explains_its_options_and_gives_examples(run: Run, name: tuple[str, ...]) -> None:
    ended = run(*name, "--help")

    assert (ended.returncode, ended.stderr) == (0, "")
    summary, _, rest = ended.stdout.partition("\n\n")[2].partition("\n\n")
    assert summary.rstrip().endswith(".")
    assert f"agreements {' '.join(name)}" in rest.partition("Examples:")[2]
    undocumented = [line for line in rest.splitlines() if "--" in line and line.rstrip(" │").endswith("--")]
    assert undocumented == []


@pytest.mark.parametrize(
    "arguments",
    [("explain", "{ viewer { name } }"), ("provider", "list"), ("schema",)],
    ids=lambda each: each[0],
)
def test_a_command_whose_reader_is_gone_ends_without_a_complaint(
    program: Program, arguments: tuple[str, ...]
) -> None:
    program.run("migrate")
    reading, writing = os.pipe()
    os.close(reading)
    try:
        ended = program.run_into(writing, *arguments)
    finally:
        os.close(writing)

    assert (ended.returncode, ended.stderr) == (141, "")


def test_the_version_is_that_of_the_installed_package(program: Program) -> None:
    assert program.run("--version").stdout.strip() == version("customer-agreements-api")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nonsense"], f'Unknown command "nonsense". There are: {", ".join(NAMES)}.'),
        (["servee"], 'Unknown command "servee". Did you mean "serve"? There are: '),
        (
            ["provider", "nonsense"],
            'Unknown command "nonsense". There are: add, check, login, list, webhook.',
        ),
        (["serve", "--nonsense"], "Unknown option: --nonsense."),
        (["serve", "--port", "many"], 'Invalid value for --port: unable to convert "many" into int.'),
        (["provider", "webhook"], 'Command "provider webhook" parameter --url requires an argument.'),
    ],
)
def test_what_does_not_exist_is_told_with_the_way_to_help(run: Run, arguments: list[str], said: str) -> None:
    ended = run(*arguments)

    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith(f"agreements: {said}")
    assert ended.stderr.endswith(" See agreements --help.\n")
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("port", "many"),
        ("host", "0.0.0.0"),  # noqa: S104  # what is refused
        ("database_url", "mysql://somebody:opensesame@db/agreements"),
        ("secret_key", "opensesame"),
        ("provider_timeout", "21"),
        ("sync_schedule", "daily"),
    ],
)
def test_a_wrong_setting_stops_the_start(run: Run, tmp_path: Path, variable: str, value: str) -> None:
    code, line = refused(run, "serve", **{variable: value})

    assert code == 2
    assert line.startswith(f"agreements: AGREEMENTS_{variable.upper()}: ")
    assert "opensesame" not in line
    assert list(tmp_path.iterdir()) == []


def test_postgresql_without_a_key_stops_the_start(run: Run) -> None:
    code, line = refused(run, "serve", database_url="postgresql://somebody@db/agreements")

    assert code == 2
    assert line.startswith("agreements: AGREEMENTS_SECRET_KEY is required with PostgreSQL. Make one with: ")


@pytest.mark.parametrize(
    "arguments",
    [
        ("sync",),
        ("provider", "list"),
        ("provider", "check"),
        ("provider", "login"),
        ("provider", "webhook", "--url", "https://agreements.example.com"),
    ],
    ids=" ".join,
)
def test_a_command_that_needs_a_database_makes_none(
    run: Run, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    code, line = refused(run, *arguments)

    assert code == 1
    assert line.startswith(f"agreements: There is no database {tmp_path}/agreements.db. ")
    assert "agreements provider add" in line
    assert list(tmp_path.iterdir()) == []


def test_a_taken_port_stops_the_start(program: Program, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        code, line = refused(program.run, "serve", "--port", str(port))

    assert code == 1
    assert line.startswith(f"agreements: Cannot listen on 127.0.0.1:{port}: Address already in use. Choose")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "settings",
    [
        {"trusted_documents": "none.json"},
        {"trusted_documents": "../unfit.json"},
        {"trusted_documents_only": "true"},
        {"documents_url": "s3://"},
    ],
    ids=str,
)
def test_a_server_that_is_refused_leaves_no_new_database_behind(
    run: Run, tmp_path: Path, settings: dict[str, str]
) -> None:
    (tmp_path.parent / "unfit.json").write_text('{"id": "{ nothing }"}')

    code, line = refused(run, "serve", **settings)

    assert code == 2
    assert line.startswith(f"agreements: AGREEMENTS_{next(iter(settings)).upper()}")
    assert list(tmp_path.iterdir()) == []


def test_migrate_says_what_it_did(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    newest = models.migrations.revisions()[-1]
    file = tmp_path / "agreements.db"

    with without_newest_migration(tmp_path, monkeypatch) as before:
        made = run("migrate")
    brought, again = run("migrate"), run("migrate")
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE dbos_migrations SET version = version - 1")
        connection.commit()
    jobs = run("migrate")

    assert [each.stdout for each in (made, brought, again, jobs)] == [
        f"Made a new database: {file}, at revision {before}.\n",
        f"Brought the database {file} from revision {before} to {newest}.\n",
        f"Nothing to do: the database {file} is at revision {newest}.\n",
        f"Brought the job engine's tables in {file} to this version.\n",
    ]


def test_a_database_of_a_newer_version_is_left_alone(run: Run, tmp_path: Path) -> None:
    assert run("migrate").returncode == 0
    with sqlite3.connect(tmp_path / "agreements.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()

    for command in ("serve", "migrate"):
        code, line = refused(run, command)

        assert code == 1
        assert "The database is at revision 9999, which this version does not know." in line


def test_a_folder_that_is_none_is_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "folder").write_text("not a folder")

    code, line = refused(run, "migrate", database_url="sqlite:///folder/agreements.db")
    assert code == 1
    assert line.endswith("folder/agreements.db: it cannot be opened. Its folder must exist and be writable.")

    code, line = refused(run, "serve", database_url="sqlite:///folder/agreements.db")
    assert code == 1
    assert line.startswith(
        f"agreements: Cannot use the key file {tmp_path}/folder/agreements.db.key: Not a directory."
    )


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 100 kB, where this user may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(  # noqa: S603  # a fixed command
        ["/bin/mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("a full disk: only root may make a small one")
    yield folder
    subprocess.run(["/bin/umount", folder], check=True)  # noqa: S603  # a fixed command


@pytest.mark.skipif(os.name != "posix", reason="a full disk: needs mount")
def test_a_full_disk_is_told(program: Program, small_disk: Path) -> None:
    code, line = refused(program.run, "serve", database_url=f"sqlite:///{small_disk}/agreements.db")

    assert code == 1
    assert line.startswith(f"agreements: Cannot use the database {small_disk}/agreements.db: ")
    assert "disk" in line
