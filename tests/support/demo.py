"""Starts the demo as a person does, in a folder of its own, and listens to what it says."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from queue import Empty, Queue
from typing import Self

import httpx

COMMAND = (sys.executable, "-m", "agreements_api.cli", "demo")
START_SECONDS = 60


def environment(**changes: str) -> dict[str, str]:
    """The variables of this process without those that would change the demo."""
    kept = {
        key: value for key, value in os.environ.items() if not key.startswith(("AGREEMENTS_", "SIMULATOR_"))
    }
    kept.pop("PORT", None)
    return kept | changes


def refused_demo(folder: Path, *options: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run one that is expected to end by itself."""
    return subprocess.run(  # noqa: S603 -- our own program
        [*COMMAND, *options], cwd=folder, env=environment(**variables),
        capture_output=True, text=True, timeout=START_SECONDS, check=False,
    )  # fmt: skip


class Demo:
    """A demo that was started; `with` ends it, however the test goes."""

    def __init__(self, folder: Path, *options: str, **variables: str) -> None:
        self.started_at = time.monotonic()
        self.process = subprocess.Popen(  # noqa: S603 -- our own program
            [*COMMAND, *options], cwd=folder, env=environment(**variables),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        self._said: Queue[str] = Queue()
        self._errors: list[str] = []
        self._readers = [
            threading.Thread(target=self._read_output), threading.Thread(target=self._read_errors)
        ]  # fmt: skip
        for reader in self._readers:
            reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self._join()
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()

    def ready(self) -> Self:
        """Wait until it serves; `url` and `simulator_url` are known from then on."""
        self.url = self._address("GraphiQL").removesuffix("/graphql")
        self.simulator_url = self._address("Partner Center")
        while True:
            try:
                assert httpx.get(f"{self.url}/readyz").status_code == 200
            except httpx.ConnectError:
                assert time.monotonic() < self.started_at + START_SECONDS
                time.sleep(0.02)
            else:
                return self

    def hear(self, pattern: str) -> str:
        """Wait for a line that it says."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                line = self._said.get(timeout=max(0.0, deadline - time.monotonic()))
            except Empty:
                raise AssertionError(f"it never said {pattern!r}; errors: {self._errors}") from None
            if re.search(pattern, line):
                return line

    def interrupt(self) -> tuple[int, str]:
        """Press Ctrl-C, and give the exit code and all that was written to standard error."""
        self.process.send_signal(signal.SIGINT)
        return self._join(), "".join(self._errors)

    def children(self) -> list[int]:
        """The ids of its processes."""
        listed = subprocess.run(  # noqa: S603 -- a fixed command
            ["ps", "-o", "pid=", "--ppid", str(self.process.pid)],  # noqa: S607 -- wherever it is
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        return [int(each) for each in listed.stdout.split()]

    def ask(self, query: str, variables: dict[str, object] | None = None) -> dict[str, object]:
        """Send one operation, and give the whole answer."""
        body = {"query": query, "variables": variables or {}}
        return httpx.post(f"{self.url}/graphql", json=body, timeout=60).json()

    def _join(self) -> int:
        code = self.process.wait(timeout=START_SECONDS)
        for reader in self._readers:
            reader.join()
        return code

    def _address(self, name: str) -> str:
        return self.hear(rf"^  {name} +http").split()[-1 if name == "GraphiQL" else 2].rstrip("/")

    def _read_output(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._said.put(line)

    def _read_errors(self) -> None:
        assert self.process.stderr is not None
        self._errors.extend(self.process.stderr)


def is_open(url: str) -> bool:
    """Whether anything listens there."""
    try:
        httpx.get(url)
    except httpx.TransportError:
        return False
    return True


def wait_until_closed(url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while is_open(url):
        assert time.monotonic() < deadline, f"{url} still answers"
        time.sleep(0.05)
