"""The simulator as a process: how it starts, stops, keeps its store, and what it can carry."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
from support.patience import PATIENCE_SECONDS
from support.simulator import (
    SimulatedPartner,
    Simulator,
    SimulatorProcess,
    running_simulator,
    start_simulator,
)
from support.simulator_client import CUSTOMER_AGREEMENT, PartnerClient, customer, decode


def run(*options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "simulator", *options],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_taken_port_is_told_in_one_line(simulator_process: SimulatorProcess):
    outcome = run("--port", str(httpx.URL(simulator_process.url).port))
    assert outcome.returncode == 1
    assert outcome.stderr.count("\n") == 1
    assert "cannot listen on 127.0.0.1:" in outcome.stderr


def test_a_setting_that_makes_no_sense_is_told():
    outcome = run("--legacy-attestation", "perhaps")
    assert outcome.returncode == 2
    assert "legacy_attestation" in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_a_variable_is_as_good_as_an_option():
    outcome = run(SIMULATOR_MAX_PAGE_SIZE="none")
    assert outcome.returncode == 2
    assert "max_page_size" in outcome.stderr


def test_a_foreign_file_is_left_alone(tmp_path: Path):
    store = tmp_path / "notes.db"
    store.write_text("these are my notes, and no database at all")
    outcome = run("--store", str(store))
    assert outcome.returncode == 1
    assert "is not a store of this simulator" in outcome.stderr
    assert store.read_text().startswith("these are my notes")


def test_a_store_that_cannot_be_opened_is_told(tmp_path: Path):
    outcome = run("--store", str(tmp_path / "missing" / "store.db"))
    assert outcome.returncode == 1
    assert "cannot open the store" in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_a_signal_ends_it_quietly_even_while_a_call_hangs():
    for number in (signal.SIGINT, signal.SIGTERM):
        process = subprocess.Popen(
            [sys.executable, "-m", "simulator"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ,
        )
        assert process.stdout is not None
        url = process.stdout.readline().removeprefix("listening on ").strip()
        with httpx.Client(base_url=url, timeout=30) as http:
            http.post("/admin/faults", json={"path": "/v1/", "action": {"kind": "timeout_before"}})
            with http.stream("GET", "/admin/healthz"):
                hanging = subprocess.Popen(  # noqa: S603 - our own program
                    [sys.executable, "-c", f"import urllib.request as u; u.urlopen('{url}/v1/customers')"],
                    stderr=subprocess.DEVNULL,
                )
                _wait_until(lambda http=http: bool(http.get("/admin/requests").json()))
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
        assert hanging.wait(timeout=60) != 0
        assert (process.returncode, errors) == (0, "")


def _wait_until(condition) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


async def test_the_store_outlives_the_process(tmp_path: Path):
    store = tmp_path / "partner-center.db"
    async with running_simulator(store=store) as simulator:
        partner = await simulator.add_partner()
        await simulator.add_customers(partner.tenant_id, [customer(directSigned=True)])
        async with PartnerClient(simulator.url, partner) as client:
            token = await client.token(as_user=True)
    async with running_simulator(store=store) as simulator:
        (kept,) = await simulator.customers(partner.tenant_id)
        assert kept["directSigned"] is True
        async with PartnerClient(simulator.url, partner) as client:
            headers = {"Authorization": f"Bearer {token}"}
            answer = await client.http.get("/v1/customers", headers=headers)
        assert decode(answer)["totalCount"] == 1


async def test_settings_come_from_the_command_line():
    process = start_simulator(legacy_attestation="gone", max_page_size=7, bom=False)
    try:
        settings = await Simulator(process.url).settings()
    finally:
        process.stop()
    assert (settings["legacyAttestation"], settings["maxPageSize"], settings["bom"]) == ("gone", 7, False)


async def test_five_thousand_customers_are_taken_at_once(simulator: Simulator):
    partner = await simulator.add_partner()
    agreement = {
        "templateId": CUSTOMER_AGREEMENT,
        "primaryContact": {"firstName": "Tania", "lastName": "Carr", "email": "tania@contoso.example"},
        "dateAgreed": "2024-05-06T07:08:09Z",
    }
    customers = [customer(number, agreements=[agreement]) for number in range(5000)]
    started = time.monotonic()
    await simulator.add_customers(partner.tenant_id, customers)
    assert time.monotonic() - started < PATIENCE_SECONDS
    assert len(await simulator.customers(partner.tenant_id)) == 5000


async def test_a_named_partner_is_there_at_once_and_the_same_at_each_start():
    told: list[list[str]] = []
    for _ in range(2):
        process = start_simulator(partner="My partner")
        out = process.process.stdout
        assert out is not None
        told.append([out.readline() for _ in range(5)])
        try:
            values = [line.split()[-1] for line in told[-1][1:]]
            async with PartnerClient(process.url, SimulatedPartner(*values, "")) as client:
                assert (await client.call("GET", "/v1/agreements")).status_code == 200
                assert (await client.call("GET", "/v1/customers", as_user=False)).status_code == 200
        finally:
            process.stop()
    assert told[0][1:] == told[1][1:]
    assert process.url in told[1][0]
