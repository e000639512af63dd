"""A secret key that opens nothing of what is stored stops the start, in one line that says what to do."""

from collections.abc import Callable
from pathlib import Path

import pytest
from support.older import without_newest_migration
from support.program import Program, Run

ANOTHER = "another key than that of this database, as long"
IF_LOST = (
    "Restore it from where it was backed up. If it is lost for good, set AGREEMENTS_SECRET_KEY to a new key"
    " and store the credentials again with `agreements provider add`."
)
WHAT_WORKS_WITH_PROVIDERS = [
    ("serve",),
    ("serve", "--no-jobs"),
    ("worker",),
    ("sync", "Crayon"),
    ("provider", "check", "Crayon"),
    ("provider", "webhook", "Crayon", "--url", "https://agreements.example.com"),
]


def add(run: Run, name: str, **settings: str) -> int:
    address = "http://127.0.0.1:9"
    settings = {"provider_api_key": "k", "provider_max_attempts": "1", **settings}
    return run("provider", "add", name, "--base-url", address, **settings).returncode


def refused(run: Run, *arguments: str, **settings: str) -> str:
    """Give the line that says why, without the name of the program."""
    ended = run(*arguments, **settings)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("agreements: ")
    assert ended.stderr.count("\n") == 1
    return ended.stderr.removeprefix("agreements: ")


@pytest.mark.parametrize("command", WHAT_WORKS_WITH_PROVIDERS, ids=" ".join)
def test_the_key_of_another_database_stops_the_start(
    program_with_database: Program, run: Run, command: tuple[str, ...]
) -> None:
    known = program_with_database.settings
    assert add(run, "Crayon", **known) == 0

    line = refused(run, *command, **{**known, "secret_key": ANOTHER})

    assert line.startswith(
        "AGREEMENTS_SECRET_KEY is not the key that sealed the credentials of this database's providers."
        " Set the one that did."
    )
    assert "agreements provider add" in line
    assert ANOTHER not in line


def test_a_wrong_key_leaves_the_database_of_an_older_version_as_it_is(
    empty_database_url: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {"database_url": empty_database_url, "secret_key": "the key of this database, long enough"}
    with without_newest_migration(tmp_path, monkeypatch) as before:
        assert add(run, "Crayon", **known) == 0

    line = refused(run, "serve", **{**known, "secret_key": ANOTHER})

    assert line.startswith("AGREEMENTS_SECRET_KEY is not the key that sealed")
    assert f" from revision {before} to " in run("migrate", **known).stdout


def test_a_new_key_is_taken_once_credentials_are_stored_with_it(
    program_with_database: Program, run: Run
) -> None:
    known = program_with_database.settings
    new = {**known, "secret_key": ANOTHER}
    assert add(run, "Crayon", **known) == 0
    assert add(run, "Pax8", **known) == 0

    listed = run("provider", "list", **new)
    assert (listed.returncode, listed.stdout.count("sealed with another secret key")) == (0, 2)

    assert add(run, "Pax8", **new) == 0
    with program_with_database.serve("--no-jobs", secret_key=ANOTHER) as server:
        server.until("sealed with another secret key")  # of the other one, in the log


def test_storing_with_another_key_names_what_it_does_not_open(run: Run) -> None:
    def told(*arguments: str, **settings: str) -> str:
        once = {"provider_api_key": "k", "provider_max_attempts": "1"}
        return run("provider", "add", *arguments, **once, **settings).stdout

    address = ("--base-url", "http://127.0.0.1:9")
    assert "does not open" not in told("Mine", *address)
    assert "does not open" not in told("Yours", *address)

    said = told("Two", *address, secret_key=ANOTHER)

    assert said.startswith("Stored. ")
    assert "\nThe secret key that is set now does not open the credentials of «Mine», «Yours», which" in said
    assert "of «Yours», which" in told("Mine", *address, secret_key=ANOTHER)
    assert "does not open" not in told("Yours", *address, secret_key=ANOTHER)


@pytest.mark.parametrize(("key", "unread"), [({}, "Two"), ({"secret_key": ANOTHER}, "Mine")])
@pytest.mark.parametrize("command", ["serve", "worker"])
def test_a_start_with_a_key_that_opens_a_part_names_the_rest(
    program: Program, run: Run, command: str, key: dict[str, str], unread: str
) -> None:
    assert add(run, "Mine") == 0
    assert add(run, "Two", secret_key=ANOTHER) == 0

    with program.start(command, provider_max_attempts="1", **key) as running:
        running.until("Serving|Doing jobs")
        line = running.until(".*sealed with another secret key, and cannot be read.*").group()

    assert f"['{unread}']" in line
    assert "agreements provider add" in line
    assert running.output.count("another secret key") == 1


def test_a_key_that_nothing_was_sealed_with_may_be_another(program_with_database: Program, run: Run) -> None:
    run("migrate", **program_with_database.settings)

    with program_with_database.serve("--no-jobs", secret_key=ANOTHER) as server:
        assert "sealed" not in server.output


def test_a_key_file_of_another_database_is_named(run: Run, tmp_path: Path) -> None:
    assert add(run, "Crayon") == 0
    (tmp_path / "agreements.db.key").write_text(ANOTHER)

    line = refused(run, "serve")

    assert line.startswith(
        f"The key file {tmp_path}/agreements.db.key is not the key that sealed the credentials of this"
        " database's providers. Restore the one that did."
    )


def test_a_key_that_is_set_beside_the_file_that_is_right_is_to_be_unset(run: Run, tmp_path: Path) -> None:
    assert add(run, "Crayon") == 0

    line = refused(run, "serve", secret_key=ANOTHER)

    assert (
        f" Unset it, and the key file {tmp_path}/agreements.db.key is used, or set the one that did. " in line
    )


def test_a_key_file_that_opens_nothing_either_is_no_remedy(run: Run, tmp_path: Path) -> None:
    assert add(run, "Crayon") == 0
    key = tmp_path / "agreements.db.key"

    for content in ("a key file of yet another database, as long", "short"):
        key.write_text(content)
        line = refused(run, "serve", secret_key=ANOTHER)

        assert " Set the one that did. " in line
        assert "Unset" not in line


def garble(key: Path) -> None:
    key.write_bytes(bytes(range(128, 256)))


def cut(key: Path) -> None:
    key.write_text("short")


def open_to_all(key: Path) -> None:
    key.chmod(0o644)


def replace_by_folder(key: Path) -> None:
    key.unlink()
    key.mkdir(mode=0o700)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (garble, f"The key file FILE holds no key. {IF_LOST}"),
        (cut, f"The key file FILE is too short to be a key. {IF_LOST}"),
        (open_to_all, "Everybody on this machine may read the key file FILE. chmod 600 FILE\n"),
        (
            replace_by_folder,
            "The key file FILE cannot be read: Is a directory. Who runs this must be able to.",
        ),
    ],
)
def test_a_file_that_is_no_key_is_told_with_what_to_do(
    run: Run, tmp_path: Path, spoil: Callable[[Path], None], said: str
) -> None:
    assert add(run, "Crayon") == 0
    key = tmp_path / "agreements.db.key"
    spoil(key)

    for command in (("serve",), ("provider", "list")):
        assert refused(run, *command).startswith(said.replace("FILE", str(key)))


@pytest.mark.parametrize("spoil", [garble, cut])
def test_what_a_damaged_file_is_told_with_is_true_once_it_is_removed(
    run: Run, tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    key = tmp_path / "agreements.db.key"
    assert add(run, "Crayon") == 0
    spoil(key)
    damaged = refused(run, "serve")
    key.unlink()

    missing = run("serve").stderr

    assert missing.startswith(
        f"agreements: The key file {key} is missing, and {tmp_path}/agreements.db holds"
    )
    assert missing.endswith(IF_LOST + "\n")
    assert damaged.endswith(IF_LOST + "\n")
    assert add(run, "Crayon", secret_key=ANOTHER) == 0
    assert run("provider", "list", secret_key=ANOTHER).stdout.count("with a key") == 1
