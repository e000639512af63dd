"""The demo as a person meets it: it starts, keeps, ends, and says what is in the way."""

import json
import os
import resource
import shutil
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from support.demo import Demo, is_open, refused_demo, wait_until_closed
from support.patience import PATIENCE_SECONDS

from agreements_api.demo import child

STATE = ".agreements-demo"
COUNTS = """{
  accounts(first: 0) { totalCount }
  agreements(first: 0) { totalCount }
  billingContracts(first: 0) { totalCount }
}"""


@pytest.fixture(scope="module")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Demo, tuple[int, str]]:
    """A folder in which a demo was killed while it wrote, and the next one was ended by Ctrl-C."""
    folder = tmp_path_factory.mktemp("demo")
    with Demo(folder, "--port", "0") as killed:
        killed.hear("ours: 300 accounts")
        killed.process.kill()
    assert not (folder / STATE / "state.json").exists()
    with Demo(folder, "--port", "0") as demo:
        demo.ready()
        outcome = demo.interrupt()
    return folder, demo, outcome


@pytest.fixture
def folder(first_run: tuple[Path, Demo, tuple[int, str]], tmp_path: Path) -> Path:
    """A folder of this test's own with the state of a complete demo."""
    shutil.copytree(first_run[0], tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return trial.getsockname()[1]


def cpu_seconds() -> float:
    """What the processes have used that this one has started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def counts(demo: Demo) -> list[int]:
    data = demo.ask(COUNTS)["data"]
    assert isinstance(data, dict)
    return [each["totalCount"] for each in data.values()]


def test_ctrl_c_ends_the_server_and_the_simulator_without_a_complaint(
    first_run: tuple[Path, Demo, tuple[int, str]],
) -> None:
    _, demo, outcome = first_run
    assert outcome == (0, "")
    demo.hear("Stopped")
    assert not is_open(demo.url)
    assert not is_open(demo.simulator_url)


def test_a_second_start_is_quick_and_keeps_what_is_there(folder: Path, free_port: int) -> None:
    used_before = cpu_seconds()
    with Demo(folder, PORT=str(free_port)) as demo:
        demo.ready()
        assert demo.url == f"http://127.0.0.1:{free_port}"
        assert counts(demo) == [300, 701, 250]
        assert demo.interrupt() == (0, "")
    # Not the time on the clock, which says more of what else this machine has to do.
    assert cpu_seconds() - used_before < 8


def test_a_second_demo_in_the_same_folder_is_refused_in_one_line(folder: Path) -> None:
    with Demo(folder, "--port", "0") as demo:
        demo.ready()
        another = refused_demo(folder, "--port", "0")
        demo.process.kill()
    wait_until_closed(demo.simulator_url)  # which ends with the demo, however that ends
    assert another.returncode == 1
    assert another.stderr.count("\n") == 1
    assert "Another demo runs" in another.stderr


def test_a_taken_port_is_told_in_one_line_before_anything_is_made(tmp_path: Path, taken_port: int) -> None:
    outcome = refused_demo(tmp_path, "--port", str(taken_port))
    assert outcome.returncode == 1
    assert outcome.stderr.count("\n") == 1
    assert f"127.0.0.1:{taken_port}" in outcome.stderr
    assert outcome.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_no_demos_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / STATE).mkdir()
    notes = tmp_path / STATE / "notes.txt"
    notes.write_text("mine")
    outcome = refused_demo(tmp_path, "--port", "0", "--fresh")
    assert outcome.returncode == 1
    assert outcome.stderr.count("\n") == 1
    assert "no demo made it" in outcome.stderr
    assert notes.read_text() == "mine"


def test_fresh_forgets_what_was_there(folder: Path) -> None:
    old = (folder / STATE / "agreements.db").stat().st_ino
    (folder / STATE / "left-over").mkdir()
    with Demo(folder, "--port", "0", "--fresh") as demo:
        demo.hear("ours: 300 accounts")
        demo.process.kill()
    assert (folder / STATE / "agreements.db").stat().st_ino != old
    assert not (folder / STATE / "left-over").exists()


def test_another_versions_folder_is_kept_until_its_owner_begins_anew(folder: Path) -> None:
    state = folder / STATE / "state.json"
    state.write_text('{"simulatorPort": 8700}')
    outcome = refused_demo(folder, "--port", "0")
    assert outcome.returncode == 1
    assert outcome.stderr.count("\n") == 1
    assert "another version of the demo" in outcome.stderr
    assert "make demo FRESH=1" in outcome.stderr
    assert (folder / STATE / "agreements.db").exists()


def test_the_simulators_end_is_told_and_the_server_goes_on(folder: Path) -> None:
    with Demo(folder, "--port", "0") as demo:
        demo.ready()
        (child,) = demo.children()
        os.kill(child, signal.SIGKILL)
        demo.hear("simulator has ended")
        assert is_open(demo.url)
        code, errors = demo.interrupt()
    assert code == 0
    assert "Traceback" not in errors


def test_the_query_that_is_printed_finds_customers_own_pages_and_tells_what_they_decide(folder: Path) -> None:
    def requests() -> list[dict[str, str]]:
        data = demo.ask(query)["data"]
        assert isinstance(data, dict)
        return [each["node"]["acceptanceRequest"] for each in data["agreements"]["edges"]]

    with Demo(folder, "--port", "0", AGREEMENTS_ACCEPTANCE_POLL_INTERVAL="1") as demo:
        demo.ready()
        query = demo.hear(r"\{ agreements\(") + demo.hear("providerId: ") + demo.hear("edges")
        found = requests()
        assert [each["status"] for each in found] == ["OPEN"] * 5
        assert {urlsplit(each["url"]).path.split("/")[1] for each in found} == {"attestations"}
        httpx.post(found[0]["url"], data={"decision": "accept"}).raise_for_status()
        deadline = time.monotonic() + PATIENCE_SECONDS
        while requests()[0]["status"] != "ACCEPTED":
            assert time.monotonic() < deadline
            time.sleep(0.2)
        assert demo.interrupt() == (0, "")


def test_links_for_customers_follow_the_simulator_to_another_port(folder: Path) -> None:
    state = folder / STATE / "state.json"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        taken = listener.getsockname()[1]
        kept = json.loads(state.read_text()) | {"simulatorPort": taken}
        state.write_text(json.dumps(kept))
        with Demo(folder, "--port", "0") as demo:
            told = demo.hear(f"port {taken} is taken")
            demo.ready()
            assert f" {urlsplit(demo.simulator_url).port} " in told
            answer = demo.ask(
                "{ agreements(first: 50, filter: { syncState: AWAITING_CUSTOMER })"
                " { edges { node { acceptanceRequest { url } } } } }"
            )
            data = answer["data"]
            assert isinstance(data, dict)
            urls = {each["node"]["acceptanceRequest"]["url"] for each in data["agreements"]["edges"]}
            assert {urlsplit(url).netloc for url in urls} == {urlsplit(demo.simulator_url).netloc}
            assert {urlsplit(url).path.split("/")[1] for url in urls} == {"AdminPortal", "attestations"}
            assert {httpx.get(url).status_code for url in urls} == {200}
            assert demo.interrupt() == (0, "")


def test_who_starts_first_has_the_port_before_its_simulator_serves() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        wanted = free.getsockname()[1]
    with child._listener(wanted) as first, child._listener(wanted) as second:  # noqa: SLF001  # for a moment only
        assert first.getsockname()[1] == wanted
        assert second.getsockname()[1] != wanted
