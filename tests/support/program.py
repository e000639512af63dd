"""Runs the command line as people do: a process of its own, in a folder, told by its environment."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol

import httpx
from support.simulator import NO_CERTIFICATES

SERVING = r"Serving (http://\S+)/graphql"
DOING_JOBS = "Doing jobs"
START_SECONDS = 60
"""Far more than a start takes: the machine may be busy."""


class Run(Protocol):
    """Runs a command to its end; settings are named in lower case, without their prefix."""

    def __call__(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]: ...


@dataclass(frozen=True)
class Running:
    """A command that goes on until it is stopped."""

    process: subprocess.Popen[bytes]
    log: Path
    url: str = ""

    @property
    def output(self) -> str:
        return self.log.read_text()

    def stop(self, by: signal.Signals = signal.SIGTERM) -> int:
        """Send the signal, and give the exit code."""
        self.process.send_signal(by)
        return self.process.wait(timeout=START_SECONDS)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(timeout=START_SECONDS)

    def until(self, pattern: str) -> re.Match[str]:
        """Wait for a line of the output."""
        deadline = time.monotonic() + START_SECONDS
        while (found := re.search(pattern, self.output)) is None:
            assert self.process.poll() is None, f"it ended:\n{self.output}"
            assert time.monotonic() < deadline, f"never said {pattern}:\n{self.output}"
            time.sleep(0.02)
        return found

    async def ask(self, query: str, **variables: object) -> dict[str, object]:
        """Run an operation that has no errors, and give its data."""
        async with httpx.AsyncClient(
            base_url=self.url, trust_env=False, timeout=30, verify=NO_CERTIFICATES
        ) as client:
            answer = await client.post("/graphql", json={"query": query, "variables": variables})
        assert "errors" not in answer.json(), answer.text
        return answer.json()["data"]


_AT_A_TERMINAL = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"


@dataclass(frozen=True)
class Program:
    """The installed program, run in one folder with the same settings each time."""

    folder: Path
    settings: dict[str, str] = field(default_factory=dict[str, str])

    def run(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return self.run_into(subprocess.PIPE, *arguments, **settings)

    def run_into(self, output: int, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end; what it says is written to this file descriptor."""
        return subprocess.run(  # noqa: S603  # our own program
            self._command(arguments),
            cwd=self.folder,
            env=self._environment(settings),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.PIPE,
            text=True,
            timeout=START_SECONDS,
            check=False,
        )

    def run_at_terminal(
        self, until: bytes, keys: bytes, *arguments: str, **settings: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command at a terminal of its own, and press keys once it says this."""
        with subprocess.Popen(  # noqa: S603  # our own program
            [sys.executable, "-c", _AT_A_TERMINAL, *self._command(arguments)],
            cwd=self.folder,
            env=self._environment(settings),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            said = b""
            try:
                while until not in said:
                    more = process.stdout.read1()
                    assert more, f"it ended: {said!r}"
                    said += more
                process.stdin.write(keys)
                process.stdin.flush()
                code = process.wait(timeout=START_SECONDS)
            finally:
                process.kill()
            said += process.stdout.read()
        return subprocess.CompletedProcess([], code, said.decode().replace("\r\n", "\n"), "")

    @contextmanager
    def serve(self, *arguments: str, **settings: str) -> Generator[Running]:
        """Run `agreements serve` on a free port from the moment that it serves; ended in any case."""
        with self.start("serve", *arguments, **settings) as running:
            url = running.until(SERVING).group(1)
            yield Running(running.process, running.log, url)

    @contextmanager
    def work(self, **settings: str) -> Generator[Running]:
        """Run `agreements worker` from the moment that it does jobs; ended in any case."""
        with self.start("worker", **settings) as running:
            running.until(DOING_JOBS)
            yield running

    @contextmanager
    def start(self, *arguments: str, **settings: str) -> Generator[Running]:
        """Run a command beside the test; ended in any case."""
        log = self.folder / f"{arguments[0]}-{time.monotonic_ns()}.log"
        with log.open("wb") as out:
            process = self._popen(arguments, settings, out)
            try:
                yield Running(process, log)
            finally:
                process.kill()
                process.wait(timeout=START_SECONDS)

    def _popen(
        self, arguments: tuple[str, ...], settings: dict[str, str], out: IO[bytes]
    ) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603  # our own program
            self._command(arguments),
            cwd=self.folder,
            env=self._environment(settings),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )

    def _command(self, arguments: tuple[str, ...]) -> list[str]:
        return [sys.executable, "-m", "agreements_api.cli", *arguments]

    def _environment(self, settings: dict[str, str]) -> dict[str, str]:
        """Name settings in lower case without their prefix; nothing of this machine's own gets through."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AGREEMENTS_")}
        given = {"port": "0", **self.settings, **settings}
        return inherited | {f"AGREEMENTS_{name.upper()}": value for name, value in given.items()}
