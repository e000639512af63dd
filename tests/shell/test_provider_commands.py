"""How a provider is reached: stored sealed, tried, and used by a sync, against a simulated Partner Center."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from support.program import Program, Run
from support.simulator import SimulatedPartner, Simulator, SimulatorProcess, start_simulator
from support.work import add, configure, ended, start_sync

NAME = "Microsoft Partner Center"


@pytest.fixture(scope="module")
def process() -> Iterator[SimulatorProcess]:
    started = start_simulator()
    yield started
    started.stop()


@pytest.fixture
def simulator(process: SimulatorProcess) -> Simulator:
    return Simulator(process.url)


def check(run: Run) -> tuple[int, str]:
    done = run("provider", "check")
    return done.returncode, done.stdout + done.stderr


async def test_what_is_wrong_with_a_provider_is_told_in_one_line(run: Run, simulator: Simulator) -> None:
    partner = await configure(run, simulator)
    assert await asyncio.to_thread(check, run) == (0, f"{NAME} answers: 2 templates.\n")

    mistyped = replace(partner, client_secret="mistyped")  # noqa: S106  # it is wrong
    assert (await asyncio.to_thread(add, run, simulator.url, mistyped))[0] == 0
    code, said = await asyncio.to_thread(check, run)

    assert code == 1
    assert said.startswith(f"agreements: {NAME}: ")
    assert "AADSTS7000215" in said  # wrong client secret: what an administrator looks up
    assert said.count("\n") == 1
    assert "mistyped" not in said


def test_a_provider_that_nobody_configured_says_how(run: Run) -> None:
    told = f"{NAME}: Nobody has configured how to reach this provider: run `agreements provider add`."

    assert check(run) == (1, f"agreements: {told}\n")


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
        (
            ["provider", "check", "Manual Provider"],
            "«Manual Provider» is not reached through Partner Center.",
        ),
    ],
)
def test_a_provider_that_cannot_be_meant_is_told(run: Run, arguments: list[str], said: str) -> None:
    done = run(*arguments)

    assert done.returncode == 1
    assert done.stderr.startswith(f"agreements: {said}")


def test_secrets_are_not_sent_in_clear(run: Run) -> None:
    partner = SimulatedPartner(str(uuid4()), str(uuid4()), "a secret", "a token", "")

    code, said = add(run, "http://provider.example", partner)

    assert code == 1
    assert said.startswith(
        "agreements: http://provider.example would send secrets in clear: https is required"
    )
