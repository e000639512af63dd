"""How a provider is reached: stored sealed, tried, and used by a sync, against a simulated Partner Center."""

import asyncio
import getpass
import re
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import pytest
from support.program import Program, Run
from support.simulator import SimulatedPartner, Simulator
from support.work import add, configure, ended, start_sync

NAME = "Microsoft Partner Center"


async def test_a_sync_tells_its_progress_and_shows_no_secret(
    program: Program, run: Run, simulator: Simulator, tmp_path: Path
) -> None:
    partner = await configure(program.run, simulator)
    done = program.run("sync", log_level="debug", log_format="json")
    with program.serve(log_level="debug") as server:
        assert await ended(server, await start_sync(server)) == "SUCCEEDED"
        beside = await asyncio.to_thread(run, "sync")

    assert (done.returncode, beside.returncode) == (0, 0)
    last = done.stdout.splitlines()[-1]
    assert last == "succeeded: 1 considered, 1 created, 0 updated, 0 unchanged, 0 skipped, 0 failed"
    assert beside.stdout.startswith("The running server does the work.\n")
    logs = done.stdout + done.stderr + server.output + beside.stderr
    assert "bearer" not in logs.lower()
    assert "Contoso" not in logs
    for secret in (partner.client_secret, partner.refresh_token):
        assert secret not in logs
        assert secret.encode() not in contents(tmp_path)


async def test_a_dry_run_says_that_nothing_was_changed(
    program: Program, run: Run, simulator: Simulator
) -> None:
    await configure(program.run, simulator)

    tried, done = [await asyncio.to_thread(run, "sync", *options) for options in (["--dry-run"], [])]

    assert tried.returncode == 0, tried.stderr
    assert tried.stdout.splitlines()[-2:] == [
        "succeeded: 1 considered, 1 would be created, 0 would be updated, 0 unchanged, 0 skipped, 0 failed",
        "This was a dry run: nothing was changed.",
    ]
    assert "1 considered, 1 created, 0 updated" in done.stdout
    assert "dry run" not in done.stdout


def contents(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir())


async def test_a_provider_that_cannot_be_reached_stops_a_sync_but_not_the_server(
    program: Program, run: Run, simulator: Simulator
) -> None:
    partner = await simulator.add_partner()
    assert (await asyncio.to_thread(add, run, "http://127.0.0.1:9", partner))[0] == 0

    done = await asyncio.to_thread(run, "sync", provider_max_attempts="2")
    with program.serve(provider_max_attempts="1") as server:
        server.until("A provider does not answer")
        assert await asyncio.to_thread(server.stop) == 0

    assert server.output.count("A provider does not answer") == 1
    assert "Traceback" not in server.output
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"agreements: {NAME}: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["sync", "Nobody"], "There is no provider «Nobody»."),
        (["provider", "check", "Nobody"], "There is no provider «Nobody». There are «Manual Provider», «"),
        (["provider", "add", "New"], "There is no provider «New». A new one needs --tenant-id and"),
        (["provider", "add"], "Partner Center needs --tenant-id and --client-id."),
        (["provider", "add", "--acceptance-url", "x"], "--acceptance-url has no meaning for Partner Center."),
        (["provider", "add", "New", "--connector", "rest"], "A REST provider needs --base-url."),
        (["provider", "add", NAME, "--connector", "rest"], f"«{NAME}» is reached by PARTNER_CENTER, which"),
        (["provider", "add", "New", "--base-url", "https://x"], "AGREEMENTS_PROVIDER_API_KEY is not set"),
        (["provider", "add", "Manual Provider", "--base-url", "x"], "«Manual Provider» is served by hand"),
        (["provider", "webhook", "--url", "http://out.example"], "http://out.example is no public https"),
    ],
)
def test_what_cannot_be_done_is_told_with_what_can(run: Run, arguments: list[str], said: str) -> None:
    run("migrate")

    done = run(*arguments)

    assert done.returncode == 1
    assert done.stderr.startswith(f"agreements: {said}")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["New"],
        ["New", "--tenant-id", "t"],
        ["New", "--base-url", "http://elsewhere.example"],
        ["Manual Provider", "--base-url", "https://x"],
        ["microsoft partner center", "--connector", "rest"],
        ["", "--connector", "none"],
        ["x" * 201, "--base-url", "https://x"],
    ],
    ids=" ".join,
)
def test_a_provider_that_is_refused_leaves_no_new_database_behind(
    run: Run, tmp_path: Path, options: list[str]
) -> None:
    refused = run("provider", "add", *options, provider_api_key="k")

    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_provider_that_is_stored_in_a_new_database_says_so(run: Run, tmp_path: Path) -> None:
    options = ["--base-url", "http://127.0.0.1:9"]
    first, second = (run("provider", "add", name, *options, provider_api_key="k") for name in ("A", "B"))

    told = first.stdout.splitlines()
    assert told[0].startswith(f"Made a new database: {tmp_path}/agreements.db, at revision ")
    assert told[1] == "Stored. Try it with: agreements provider check 'A'"
    assert second.stdout.startswith("Stored. ")
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize(
    "given", [{}, {"secret_key": "a key that opens what stays, and nothing else"}], ids=str
)
def test_what_is_gone_at_the_end_holds_no_secret(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: dict[str, str]
) -> None:
    left = tmp_path / "left"
    remove = TemporaryDirectory[str].cleanup

    def keep(folder: TemporaryDirectory[str]) -> None:
        shutil.copytree(folder.name, left)
        remove(folder)

    monkeypatch.setattr(TemporaryDirectory, "cleanup", keep)

    made = run("provider", "add", "A", "--base-url", "http://127.0.0.1:9", provider_api_key="k", **given)

    assert made.returncode == 0
    assert [path.name for path in left.iterdir()] == ["agreements.db"]
    with closing(sqlite3.connect(left / "agreements.db")) as database:
        assert database.execute("SELECT count(*) FROM provider_connections").fetchone() == (0,)


def test_a_person_is_asked_once_for_a_secret(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def answer(prompt: str) -> str:
        asked.append(prompt)
        return "k"

    monkeypatch.setattr(getpass, "getpass", answer)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)

    made = run("provider", "add", "Crayon", "--base-url", "http://127.0.0.1:9")

    assert (made.returncode, asked) == (0, ["API key: "])


def test_a_new_provider_is_made_with_its_first_connection(run: Run) -> None:
    made = [
        run("provider", "add", "EMEA", "--tenant-id", "t", "--client-id", "c", provider_client_secret="s"),  # noqa: S106  # of this test
        run("provider", "add", "Crayon", "--base-url", "http://127.0.0.1:9", provider_api_key="k"),
        run("provider", "add", "By hand", "--connector", "none", "--role", "distributor"),
    ]
    listed = run("provider", "list").stdout

    assert [each.returncode for each in made] == [0, 0, 0]
    assert "What it can do could not be asked" in made[1].stdout
    assert (
        "EMEA (PARTNER_CENTER, VENDOR, ACTIVE)\n  reached: api.partnercenter.microsoft.com, tenant t,"
        in listed
    )
    assert "Crayon (REST, DISTRIBUTOR, ACTIVE)\n  reached: 127.0.0.1:9, with a key\n" in listed
    assert "By hand (NONE, DISTRIBUTOR, ACTIVE)\n  reached: by hand\n" in listed


def test_only_what_is_given_changes(run: Run) -> None:
    first = ["--tenant-id", "t", "--client-id", "c", "--sandbox"]
    run("provider", "add", *first, provider_client_secret="s", provider_refresh_token="r")  # noqa: S106  # test's own

    changed = run("provider", "add", "--confirmation", "enhanced")
    kept = run("provider", "list").stdout
    moved = run("provider", "add", "--tenant-id", "another")

    assert changed.stdout == f"Stored. Try it with: agreements provider check {NAME!r}\n"
    assert (
        "tenant t, application c, sandbox, customers accept on a page that they are sent to, a user" in kept
    )
    assert moved.returncode == 1  # the secret of another tenant's application is another one
    assert moved.stderr.startswith("agreements: AGREEMENTS_PROVIDER_CLIENT_SECRET is not set")


async def test_a_provider_is_asked_to_tell_of_changes(run: Run, simulator: Simulator) -> None:
    await configure(run, simulator)

    done = await asyncio.to_thread(run, "provider", "webhook", "--url", "https://agreements.example.com/")

    assert done.returncode == 0, done.stderr
    assert re.fullmatch(
        rf"{NAME} tells of changes at https://agreements\.example\.com/providers/[\w=]+/notifications\n",
        done.stdout,
    )


def test_secrets_are_not_sent_in_clear(run: Run) -> None:
    partner = SimulatedPartner(str(uuid4()), str(uuid4()), "a secret", "a token", "")

    code, said = add(run, "http://provider.example", partner)

    assert code == 1
    assert said.startswith(
        "agreements: http://provider.example would send secrets in clear: https is required"
    )
